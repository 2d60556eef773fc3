import ArgumentParser
import Net
import NetIO
import Quant

/// Shows what a net consists of, what will be quantized, and what not.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the layers of a net and what will be quantized.")

    @OptionGroup var net: ModelArgument

    func run() throws {
        let file = try OnnxFile(path: net.path(try net.sample()))
        let layers = LayerGraph(file.graph)
        print("\(file.graph.name): opset \(file.opset), \(file.byteCount) bytes, sha256 \(file.sha256)")
        for input in file.graph.inputs { print("input   \(file.graph[input].name)  \(file.graph[input].shape)") }
        for output in file.graph.outputs {
            print("output  \(file.graph[output].name)  \(file.graph[output].shape)")
        }
        for (index, layer) in layers.layers.enumerated() {
            let positions = layers.graph[layer.preActivation].shape.count
            let place =
                layers.firstLayers.contains(index) ? " first" : layers.lastLayers.contains(index) ? " last" : ""
            let function = layer.activation.map { " + \($0.name)" } ?? ""
            print(
                "layer \(index + 1)  \(layer.name)  \(layer.weights.shape)  \(layer.weights.shape.count) weights  "
                    + "\(positions * layer.weightsPerChannel) multiply-adds  reads \(layers.graph[layer.input].name)"
                    + "\(layer.addend == nil ? "" : " + sum")\(function)\(place)")
        }
        for unit in layers.units {
            guard case .operation(let node) = unit else { continue }
            print("real    \(node.name)  \(node.operation.name): computed on real values, not quantized itself")
        }
        for (tensor, grid) in layers.stored.sorted(by: { $0.key < $1.key }) {
            let how =
                switch grid {
                case .own: "8 bits of its own"
                case .shared(let root): "the grid of \(layers.graph[root].name)"
                }
            print("stored  \(layers.graph[tensor].name)  \(layers.graph[tensor].shape)  \(how) (--residual 8)")
        }
    }
}

import Engine
import Net
import NetIO
import Quant
import Terminal

/// What `inspect` prints: figures of the file, every layer, and what stays real.
struct InspectionReport {
    let file: OnnxFile
    let net: LayerGraph

    private var graph: Graph { net.graph }

    /// Multiply-adds of a layer for one image: output positions × weights per output channel.
    private func multiplyAdds(_ layer: Layer) -> Int {
        graph[layer.preActivation].shape.count * layer.weightsPerChannel
    }

    /// How many nodes of the file each operator has, by name.
    private var operators: [(name: String, count: Int)] {
        Dictionary(grouping: graph.nodes, by: \.operation.name).map { ($0.key, $0.value.count) }
            .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }

    private var parameters: Int {
        net.layers.reduce(0) { $0 + $1.weights.shape.count + $1.bias.count }
    }

    private func kind(_ layer: Layer) -> String {
        switch layer.kind {
        case .linear: "linear"
        case .convolution:
            layer.isDepthwise ? "depthwise" : layer.groups > 1 ? "grouped" : "convolution"
        }
    }

    private func place(_ index: Int) -> String? {
        net.firstLayers.contains(index) ? "first" : net.lastLayers.contains(index) ? "last" : nil
    }

    /// Why an operation is computed on real values.
    private func reason(_ node: Node) -> String {
        switch node.operation.name {
        case "Conv", "ConvTranspose", "Gemm", "MatMul":
            node.inputs.dropFirst().first?.flatMap { graph.constants[$0] } == nil
                ? "its weights are not constants of the file" : "what it reads is not one image"
        case "Softmax", "LogSoftmax": "it follows the logits, which stay real"
        default: "it has no weights; what it stores follows --residual"
        }
    }

    private var realNodes: [Node] {
        net.units.compactMap { if case .operation(let node) = $0 { node } else { nil } }
    }

    private func grid(_ stored: StoredGrid) -> String {
        switch stored {
        case .own: "own"
        case .shared(let root): graph[root].name
        }
    }

    /// One JSON document.
    var json: String {
        func shape(_ tensor: TensorID) -> JSON { .array(graph[tensor].shape.dimensions.map { .int($0) }) }
        func tensor(_ id: TensorID) -> JSON { .object([("name", .string(graph[id].name)), ("shape", shape(id))]) }
        let outputs = zip(graph.outputs, net.logits).map { output, logits in
            JSON.object([
                ("name", .string(graph[output].name)), ("shape", shape(output)),
                ("judged", .string(Judgement(graph[logits].shape).name)),
            ])
        }
        let layers = net.layers.enumerated().map { index, layer in
            JSON.object([
                ("name", .string(layer.name)), ("kind", .string(kind(layer))),
                ("weights", .array(layer.weights.shape.dimensions.map { .int($0) })),
                ("groups", .int(layer.groups)),
                ("parameters", .int(layer.weights.shape.count + layer.bias.count)),
                ("multiplyAdds", .int(multiplyAdds(layer))), ("input", tensor(layer.input)),
                ("output", tensor(layer.output)),
                ("activation", layer.activation.map { .string($0.name) } ?? .null),
                ("addend", layer.addend.map { .string(graph[$0].name) } ?? .null),
                ("place", place(index).map { .string($0) } ?? .null), ("quantized", .bool(true)),
                ("fileWeightBits", net.storedWeights(of: layer).map { .int($0.bits) } ?? .null),
                ("fileInputBits", net.storedInput(of: layer).map { .int($0.bits) } ?? .null),
                ("paths", .string(LayerPath.fastest(for: layer).rawValue)),
            ])
        }
        return JSON.object([
            ("schema", .int(1)), ("model", .string("\(graph.name).onnx")), ("sha256", .string(file.sha256)),
            ("opset", .int(file.opset)), ("bytes", .int(file.byteCount)), ("parameters", .int(parameters)),
            ("multiplyAdds", .int(net.layers.reduce(0) { $0 + multiplyAdds($1) })),
            ("operators", .object(operators.map { ($0.name, .int($0.count)) })),
            ("inputs", .array(graph.inputs.map(tensor))), ("outputs", .array(outputs)), ("layers", .array(layers)),
            (
                "real",
                .array(
                    realNodes.map { node in
                        .object([
                            ("name", .string(node.name)), ("operator", .string(node.operation.name)),
                            ("reason", .string(reason(node))),
                        ])
                    })
            ),
            (
                "stored",
                .array(
                    net.stored.sorted { $0.key < $1.key }.map { id, stored in
                        .object([
                            ("name", .string(graph[id].name)), ("shape", shape(id)),
                            ("grid", .string(grid(stored))),
                        ])
                    })
            ),
        ]).text
    }

    /// Tables for a person.
    var text: String {
        let adds = net.layers.reduce(0) { $0 + multiplyAdds($1) }
        var lines = [
            "\(graph.name)  opset \(file.opset)  \(file.byteCount.grouped) bytes  sha256 \(file.sha256)",
            "\(net.layers.count) layers  \(parameters.grouped) parameters  \(adds.grouped) multiply-adds per image",
            "operators  " + operators.map { "\($0.count) \($0.name)" }.joined(separator: ", "),
        ]
        lines += graph.inputs.map { "input   \(graph[$0].name)  \(graph[$0].shape)" }
        lines += zip(graph.outputs, net.logits).map { output, logits in
            "output  \(graph[output].name)  \(graph[output].shape)  judged by \(Judgement(graph[logits].shape).name)"
        }
        let own = net.quantizedInFile
        if own.weights + own.inputs > 0 {
            lines += [
                "the file is already quantized: \(own.weights) layers' weights and \(own.inputs) layers' inputs; "
                    + "its ranges and bits are where evaluate and the explorer start"
            ]
        }
        if !net.layers.isEmpty {
            lines.append(
                "paths   \(LayerPath.summary(net.layers.map(LayerPath.fastest))) where inputs have one range")
        }
        lines += ["", "quantized: weights, and the layer's copy of what it reads"]
        lines += InspectionReport.aligned(
            [["#", "layer", "kind", "weights", "multiply-adds", "reads", "then", ""]]
                + net.layers.enumerated().map { index, layer in
                    [
                        "\(index + 1)", layer.name, kind(layer), "\(layer.weights.shape)",
                        multiplyAdds(layer).grouped, "\(graph[layer.input].name) \(graph[layer.input].shape)",
                        (layer.addend == nil ? "" : "sum ") + (layer.activation?.name ?? ""), place(index) ?? "",
                    ]
                }, rightAligned: [0, 4])
        if !realNodes.isEmpty {
            lines += ["", "not quantized: computed on real values"]
            lines += InspectionReport.aligned(realNodes.map { [$0.name, $0.operation.name, reason($0)] })
        }
        if !net.stored.isEmpty {
            lines += ["", "stored between layers: 8 bits with --residual 8"]
            lines += InspectionReport.aligned(
                net.stored.sorted { $0.key < $1.key }.map { id, stored in
                    let grid =
                        if case .shared = stored { "the grid of \(grid(stored))" } else { "a grid of its own" }
                    return [graph[id].name, "\(graph[id].shape)", grid]
                })
        }
        return lines.map(\.visible).joined(separator: "\n")
    }

    /// Rows with their columns padded to equal width.
    private static func aligned(_ rows: [[String]], rightAligned: Set<Int> = []) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.count > column ? $0[column].displayWidth : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                cell.padded(to: widths[column], alignment: rightAligned.contains(column) ? .trailing : .leading)
            }
            var line = "  " + cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}

import Net

/// Who reads and writes what in a folded net: the questions that decide what is quantized.
struct Dataflow {
    let graph: Graph
    let layers: [Layer]
    let units: [Unit]

    private let layerReaders: [TensorID: [Int]]
    private let operationReaders: [TensorID: [Node]]
    private let addendReaders: Set<TensorID>
    private let writers: [TensorID: Unit]

    init(graph: Graph, layers: [Layer], units: [Unit]) {
        self.graph = graph
        self.layers = layers
        self.units = units
        var layerReaders: [TensorID: [Int]] = [:]
        var operationReaders: [TensorID: [Node]] = [:]
        var addends: Set<TensorID> = []
        var writers: [TensorID: Unit] = [:]
        for unit in units {
            switch unit {
            case .layer(let index):
                layerReaders[layers[index].input, default: []].append(index)
                if let addend = layers[index].addend { addends.insert(addend) }
                writers[layers[index].output] = unit
            case .operation(let node):
                for input in Set(node.inputs.compactMap { $0 }) where graph.constants[input] == nil {
                    operationReaders[input, default: []].append(node)
                }
                for output in node.outputs { writers[output] = unit }
            }
        }
        self.layerReaders = layerReaders
        self.operationReaders = operationReaders
        self.addendReaders = addends
        self.writers = writers
    }

    var firstLayers: Set<Int> {
        var seen = Set(graph.inputs)
        var first: Set<Int> = []
        for unit in units {
            switch unit {
            case .layer(let index): if seen.contains(layers[index].input) { first.insert(index) }
            case .operation(let node):
                if node.inputs.contains(where: { $0.map(seen.contains) ?? false }) { seen.formUnion(node.outputs) }
            }
        }
        return first
    }

    var lastLayers: Set<Int> {
        var needed = Set(graph.outputs)
        var last: Set<Int> = []
        for unit in units.reversed() {
            switch unit {
            case .layer(let index): if needed.contains(layers[index].output) { last.insert(index) }
            case .operation(let node):
                if node.outputs.contains(where: needed.contains) { needed.formUnion(node.inputs.compactMap { $0 }) }
            }
        }
        return last
    }

    /// For each tensor written by a ReLU or Clip, fused or not, the tensor that entered it.
    var preActivations: [TensorID: TensorID] {
        var result: [TensorID: TensorID] = [:]
        for unit in units {
            switch unit {
            case .layer(let index):
                let layer = layers[index]
                if let activation = layer.activation, Dataflow.rectifies(activation) {
                    result[layer.output] = layer.preActivation
                }
            case .operation(let node):
                guard case .unary(let function) = node.operation, Dataflow.rectifies(function),
                    let input = node.inputs[0]
                else { continue }
                result[node.outputs[0]] = input
            }
        }
        return result
    }

    /// The net's outputs, each replaced by the input of the softmax that writes it.
    static func logits(of graph: Graph) -> [TensorID] {
        graph.outputs.map { output in
            guard let node = graph.nodes.last(where: { $0.outputs.contains(output) }),
                case .softmax = node.operation, let input = node.inputs[0]
            else { return output }
            return input
        }
    }

    /// The tensors that something other than a layer reads, and whose grid each has.
    func storedGrids() -> [TensorID: StoredGrid] {
        let real = Set(Dataflow.logits(of: graph)).union(graph.outputs)
        var grids: [TensorID: StoredGrid] = [:]
        let written = units.flatMap { unit -> [TensorID] in
            switch unit {
            case .layer(let index): [layers[index].output]
            case .operation(let node): node.outputs
            }
        }
        for tensor in graph.inputs + written where !real.contains(tensor) && hasOtherReaders(tensor) {
            if case .operation(let node)? = writers[tensor], Dataflow.keepsGrid(node.operation),
                let source = node.inputs[0], let grid = grids[source]
            {
                if case .shared(let root) = grid {
                    grids[tensor] = .shared(with: root)
                } else {
                    grids[tensor] = .shared(with: source)
                }
            } else {
                grids[tensor] = .own
            }
        }
        return grids
    }

    /// Whether anything but a layer reads the tensor; a reshape is a view and counts as its readers do.
    private func hasOtherReaders(_ tensor: TensorID) -> Bool {
        if addendReaders.contains(tensor) { return true }
        return (operationReaders[tensor] ?? []).contains { node in
            if node.operation == .reshape { return hasOtherReaders(node.outputs[0]) }
            return true
        }
    }

    private static func rectifies(_ function: Unary) -> Bool {
        switch function {
        case .relu: true
        case .clip(let minimum, _): minimum >= 0
        default: false
        }
    }

    private static func keepsGrid(_ operation: Operator) -> Bool {
        switch operation {
        case .slice, .split, .reshape, .transpose, .maxPool, .globalMaxPool, .averagePool: true
        case .pad(_, _, let mode):
            switch mode {
            case .constant(let value): value == 0
            case .reflect, .edge, .wrap: true
            }
        default: false
        }
    }
}

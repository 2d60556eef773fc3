import Net

/// A graph in which transpositions move towards the outputs, past all that works on any order of axes, until two cancel.
///
/// Nets whose channels come last are exported with transpositions around what wants them in second place. Here each such
/// tensor is the transposition of one with the channels in second place, so that products with constant matrices
/// become 1x1 convolutions and normalizations over the last axis become normalizations over channels.
struct Transpositions {
    /// A tensor of the file as the transposition of another one.
    struct View {
        let source: TensorID
        /// Axis k of the tensor is axis `permutation[k]` of the source.
        let permutation: [Int]
    }

    let graph: Graph
    private(set) var tensors: [TensorDescription]
    private(set) var constants: [TensorID: Tensor]
    private var quantizers: [TensorID: StoredQuantizer]
    private(set) var nodes: [Node] = []
    private var views: [TensorID: View] = [:]
    /// Tensors that are other names of others.
    private var aliases: [TensorID: TensorID] = [:]
    private var written: Set<TensorID> = []
    private var readers: [TensorID: [Node]] = [:]
    private var absorbed: Set<String> = []

    init(_ graph: Graph) {
        self.graph = graph
        tensors = graph.tensors
        constants = graph.constants
        quantizers = graph.quantizers
        for node in graph.nodes {
            for input in Set(node.inputs.compactMap { $0 }) { readers[input, default: []].append(node) }
        }
    }

    /// The graph rewritten.
    mutating func run() throws(GraphError) -> Graph {
        for node in graph.nodes where !absorbed.contains(node.name) { place(node) }
        for output in graph.outputs { writeOutput(output) }
        // Nodes that nothing reads: what only folded nodes needed.
        var used = Set(graph.outputs)
        var kept: [Node] = []
        for node in nodes.reversed() where node.outputs.contains(where: used.contains) {
            kept.append(node)
            used.formUnion(node.inputs.compactMap { $0 })
        }
        return try Graph(
            name: graph.name, tensors: tensors, constants: constants.filter { used.contains($0.key) },
            inputs: graph.inputs, outputs: graph.outputs, nodes: kept.reversed(), quantizers: quantizers)
    }

    // MARK: Tensors

    func shape(_ id: TensorID) -> Shape { tensors[id.index].shape }

    /// The view that a tensor is, if it is one.
    func view(of id: TensorID) -> View? { views[resolve(id)] }

    private func resolve(_ id: TensorID) -> TensorID { aliases[id] ?? id }

    /// A tensor that stands beside one of the file.
    mutating func declare(_ name: String, _ shape: Shape) -> TensorID {
        tensors.append(TensorDescription(name: name, shape: shape, isBatched: true))
        return TensorID(tensors.count - 1)
    }

    /// A constant of the file in another form.
    mutating func constant(_ source: TensorID, as value: Tensor) -> TensorID {
        tensors.append(TensorDescription(name: tensors[source.index].name, shape: value.shape, isBatched: false))
        let id = TensorID(tensors.count - 1)
        constants[id] = value
        quantizers[id] = quantizers[source]
        return id
    }

    /// Says of a tensor what the file says of another one that holds the same values.
    mutating func copyQuantizer(of source: TensorID, to target: TensorID) {
        quantizers[target] = quantizers[resolve(source)] ?? quantizers[source]
    }

    mutating func append(_ name: String, _ operation: Operator, _ inputs: [TensorID?], _ outputs: [TensorID]) {
        nodes.append(Node(name: name, operation: operation, inputs: inputs, outputs: outputs))
    }

    /// A tensor as the file has it; a transposition is written where it is first needed.
    mutating func plain(_ id: TensorID) -> TensorID {
        let id = resolve(id)
        guard let view = views[id], written.insert(id).inserted else { return id }
        append(
            "\(tensors[id.index].name).Transpose", .transpose(permutation: view.permutation), [view.source], [id])
        return id
    }

    /// A transposition of a tensor, by way of what it is a view of.
    mutating func transposed(_ id: TensorID, _ permutation: [Int], named name: String) -> TensorID {
        let base = view(of: id) ?? View(source: resolve(id), permutation: Array(permutation.indices))
        let whole = permutation.map { base.permutation[$0] }
        if whole == Array(whole.indices) { return base.source }
        let result = declare(name, Shape(whole.map { shape(base.source)[$0] }))
        quantizers[result] = quantizers[resolve(id)]
        append(name, .transpose(permutation: whole), [base.source], [result])
        return result
    }

    /// Makes a tensor of the file a view.
    mutating func define(_ id: TensorID, _ source: TensorID, _ permutation: [Int]) {
        if let quantizer = quantizers[id] { quantizers[source] = quantizer }
        if permutation == Array(permutation.indices) {
            aliases[id] = source
        } else {
            views[id] = View(source: source, permutation: permutation)
        }
    }

    private mutating func writeOutput(_ output: TensorID) {
        let source = plain(output)
        // An output has its own name, whatever else the tensor is called.
        if source != output { append(tensors[output.index].name, .reshape, [source], [output]) }
    }

    /// A constant of a result of some rank, broadcast and transposed into a view's source; `nil` if that needs values
    /// moved.
    mutating func constant(_ id: TensorID, in permutation: [Int]) -> TensorID? {
        guard let value = constants[id] else { return nil }
        if value.shape.count == 1 {
            return constant(id, as: Tensor(shape: Shape(permutation.map { _ in 1 }), values: value.values))
        }
        let rank = permutation.count
        guard value.shape.rank <= rank, value.shape.dimensions.count(where: { $0 != 1 }) == 1 else { return nil }
        let full = [Int](repeating: 1, count: rank - value.shape.rank) + value.shape.dimensions
        var dimensions = full
        for (axis, source) in permutation.enumerated() { dimensions[source] = full[axis] }
        return constant(id, as: Tensor(shape: Shape(dimensions), values: value.values))
    }

    /// The only node that reads a tensor of the file, which is no output.
    func onlyReader(of id: TensorID) -> Node? {
        guard !graph.outputs.contains(id), let all = readers[id], all.count == 1 else { return nil }
        return all[0]
    }

    /// Leaves out a node that another one took in.
    mutating func absorb(_ node: Node) { absorbed.insert(node.name) }

    // MARK: Nodes

    private mutating func place(_ node: Node) {
        if case .transpose(let permutation) = node.operation, let input = node.inputs[0], constants[input] == nil {
            let base = view(of: input) ?? View(source: resolve(input), permutation: Array(permutation.indices))
            define(node.outputs[0], base.source, permutation.map { base.permutation[$0] })
            return
        }
        if placeProduct(node) || placeInView(node) { return }
        append(node.name, node.operation, node.inputs.map { $0.map { plain($0) } }, node.outputs)
    }

    /// Runs a node on the source of the view that it reads; false if it has to run as it is.
    private mutating func placeInView(_ node: Node) -> Bool {
        guard let view = node.inputs.compactMap({ $0 }).compactMap({ self.view(of: $0) }).first else {
            return false
        }
        let permutation = view.permutation
        guard let form = sourceForm(node, permutation),
            let inputs = sourceInputs(node, permutation, form.constants)
        else { return false }
        let outputs = node.outputs.map { output -> TensorID in
            if form.isPlain { return output }
            var dimensions = shape(output).dimensions
            for (axis, source) in permutation.enumerated() { dimensions[source] = shape(output)[axis] }
            let own = declare("\(tensors[output.index].name).planes", Shape(dimensions))
            define(output, own, permutation)
            return own
        }
        append(node.name, form.operation, inputs, outputs)
        return true
    }

    /// The sources of a node's inputs, if all are views of the same order or constants that can be brought to it.
    private mutating func sourceInputs(
        _ node: Node, _ permutation: [Int], _ constants: SourceForm.Constants
    ) -> [TensorID?]? {
        var inputs: [TensorID?] = []
        for (place, input) in node.inputs.enumerated() {
            guard let input else {
                inputs.append(nil)
                continue
            }
            if let view = view(of: input), view.permutation == permutation {
                inputs.append(view.source)
            } else if constants == .parameters, place > 0, self.constants[input] != nil {
                inputs.append(input)
            } else if constants == .operands, let own = constant(input, in: permutation) {
                inputs.append(own)
            } else {
                return nil
            }
        }
        return inputs
    }
}

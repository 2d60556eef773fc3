import Net

/// An activation written as a product of a tensor with a function of itself: SiLU, HardSwish, GELU.
struct GatedActivation {
    /// The tensor that enters it.
    let input: TensorID
    let function: Unary
    /// The nodes that it stands for, the last one of which writes its result.
    let nodes: [Int]

    /// The activation whose product with its own input is node `index`; `nil` for any other product.
    init?(product index: Int, in chain: NodeChain) {
        let node = chain.graph.nodes[index]
        guard node.operation == .elementwise(.multiply), node.inputs.count == 2, let left = node.inputs[0],
            let right = node.inputs[1]
        else { return nil }
        for (input, gate) in [(left, right), (right, left)] {
            guard let found = GatedActivation.gate(gate, times: input, at: index, in: chain) else { continue }
            self = found
            return
        }
        return nil
    }

    private init(input: TensorID, function: Unary, nodes: [Int]) {
        self.input = input
        self.function = function
        self.nodes = nodes
    }

    private static func gate(
        _ gate: TensorID, times other: TensorID, at product: Int, in chain: NodeChain
    ) -> GatedActivation? {
        guard let writer = chain.writer(of: gate, readBy: product) else { return nil }
        let node = chain.graph.nodes[writer]
        switch node.operation {
        case .unary(.sigmoid) where node.inputs[0] == other:
            return GatedActivation(input: other, function: .silu, nodes: [writer, product])
        case .unary(.hardSigmoid(let slope, let offset))
        where node.inputs[0] == other && isNear(slope, 1 / 6) && isNear(offset, 0.5):
            return GatedActivation(input: other, function: .hardSwish, nodes: [writer, product])
        case .unary(.clip(minimum: 0, maximum: 6)):
            // x min(max(x + 3, 0), 6), then over 6.
            guard let add = shifted(other, 3, by: writer, in: chain), let last = chain.onlyReader(of: product),
                scales(last, by: 1 / 6, in: chain)
            else { return nil }
            return GatedActivation(input: other, function: .hardSwish, nodes: [add, writer, product, last])
        case .elementwise where scales(writer, by: 1 / 6, in: chain):
            guard let clip = chain.writer(of: chain.runtimeInput(writer), readBy: writer),
                chain.graph.nodes[clip].operation == .unary(.clip(minimum: 0, maximum: 6)),
                let add = shifted(other, 3, by: clip, in: chain)
            else { return nil }
            return GatedActivation(input: other, function: .hardSwish, nodes: [add, clip, writer, product])
        case .elementwise(.add): return errorGate(writer, times: other, at: product, in: chain)
        default: return nil
        }
    }

    /// GELU: (erf(x / sqrt 2) + 1) x / 2, the half before or after the product.
    private static func errorGate(
        _ add: Int, times other: TensorID, at product: Int, in chain: NodeChain
    ) -> GatedActivation? {
        guard let one = chain.constant(add), isNear(one, 1),
            let erf = chain.writer(of: chain.runtimeInput(add), readBy: add),
            chain.graph.nodes[erf].operation == .unary(.erf),
            let scaled = chain.writer(of: chain.graph.nodes[erf].inputs[0], readBy: erf),
            scales(scaled, by: Float(0.5).squareRoot(), in: chain), let input = chain.runtimeInput(scaled)
        else { return nil }
        let function = Unary.gelu(approximate: false)
        if input == other {
            guard let last = chain.onlyReader(of: product), scales(last, by: 0.5, in: chain) else { return nil }
            return GatedActivation(input: input, function: function, nodes: [scaled, erf, add, product, last])
        }
        guard let half = chain.writer(of: other, readBy: product), scales(half, by: 0.5, in: chain),
            chain.runtimeInput(half) == input
        else { return nil }
        return GatedActivation(input: input, function: function, nodes: [scaled, erf, add, half, product])
    }

    /// The node that adds a number to `input` and is read by node `reader` alone.
    private static func shifted(_ input: TensorID, _ by: Float, by reader: Int, in chain: NodeChain) -> Int? {
        guard let add = chain.writer(of: chain.graph.nodes[reader].inputs[0], readBy: reader),
            chain.graph.nodes[add].operation == .elementwise(.add), let value = chain.constant(add),
            isNear(value, by), chain.runtimeInput(add) == input
        else { return nil }
        return add
    }

    private static func scales(_ index: Int, by factor: Float, in chain: NodeChain) -> Bool {
        guard let value = chain.constant(index) else { return false }
        switch chain.graph.nodes[index].operation {
        case .elementwise(.multiply): return isNear(value, factor)
        case .elementwise(.divide):
            return isNear(value, 1 / factor) && chain.graph.nodes[index].inputs[0] == chain.runtimeInput(index)
        default: return false
        }
    }

    /// Exporters write factors with a few digits, or in half precision.
    private static func isNear(_ value: Float, _ wanted: Float) -> Bool {
        abs(value - wanted) <= 1e-3 * abs(wanted)
    }
}

/// Who writes and reads what, for the search of patterns of nodes.
struct NodeChain {
    let graph: Graph
    private let writers: [TensorID: Int]
    private let readers: [TensorID: [Int]]

    init(_ graph: Graph, writers: [TensorID: Int], readers: [TensorID: [Int]]) {
        self.graph = graph
        self.writers = writers
        self.readers = readers
    }

    /// The node that writes a tensor which node `reader` alone reads.
    func writer(of tensor: TensorID?, readBy reader: Int) -> Int? {
        guard let tensor, !graph.outputs.contains(tensor), readers[tensor] == [reader] else { return nil }
        return writers[tensor]
    }

    /// The node that alone reads the result of node `index`.
    func onlyReader(of index: Int) -> Int? {
        let tensor = graph.nodes[index].outputs[0]
        guard !graph.outputs.contains(tensor), let all = readers[tensor], all.count == 1 else { return nil }
        return all[0]
    }

    /// The one number among the two inputs of a node.
    func constant(_ index: Int) -> Float? {
        let constants = graph.nodes[index].inputs.compactMap { $0.flatMap { graph.constants[$0] } }
        guard graph.nodes[index].inputs.count == 2, constants.count == 1, constants[0].shape.count == 1 else {
            return nil
        }
        return constants[0].values[0]
    }

    /// The input of a node that is not a constant, if there is one.
    func runtimeInput(_ index: Int) -> TensorID? {
        graph.nodes[index].inputs.compactMap { $0 }.first { graph.constants[$0] == nil }
    }
}

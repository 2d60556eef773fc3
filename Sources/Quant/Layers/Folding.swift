import Glibc
import Net

/// The folding of a graph into fused units.
///
/// A node is absorbed by the layer before it only if that layer's result has no other reader and is no net output, so
/// folding never changes what anyone else sees.
struct Folding {
    private(set) var layers: [Layer] = []
    private(set) var units: [Unit] = []

    private let graph: Graph
    private var readers: [TensorID: [Int]] = [:]
    private var writers: [TensorID: Int] = [:]
    private var absorbed: Set<Int> = []
    /// Units by the index of the last node they hold, where they run.
    private var finished: [Int: Unit] = [:]

    init(_ graph: Graph) {
        self.graph = graph
        for (index, node) in graph.nodes.enumerated() {
            for input in Set(node.inputs.compactMap { $0 }) { readers[input, default: []].append(index) }
            for output in node.outputs { writers[output] = index }
        }
    }

    mutating func run() {
        foldGatedActivations()
        for (index, node) in graph.nodes.enumerated() where !absorbed.contains(index) && finished[index] == nil {
            if let draft = LayerDraft(node: node, graph: graph) { fold(draft, at: index) }
        }
        for (index, node) in graph.nodes.enumerated() {
            if let unit = finished[index] {
                if case .layer(let draft) = unit {
                    units.append(.layer(layers.count))
                    layers.append(drafts[draft])
                } else {
                    units.append(unit)
                }
            } else if !absorbed.contains(index) {
                units.append(.operation(node))
            }
        }
    }

    private var drafts: [Layer] = []
    /// The last node of the gated activation that reads a tensor.
    private var gates: [TensorID: Int] = [:]

    /// Activations written as products of several nodes become one.
    private mutating func foldGatedActivations() {
        let chain = NodeChain(graph, writers: writers, readers: readers)
        for index in graph.nodes.indices {
            guard let gated = GatedActivation(product: index, in: chain), let last = gated.nodes.last,
                !gated.nodes.contains(where: isTaken)
            else { continue }
            absorbed.formUnion(gated.nodes.dropLast())
            gates[gated.input] = last
            finished[last] = .operation(
                Node(
                    name: graph.nodes[last].name, operation: .unary(gated.function), inputs: [gated.input],
                    outputs: graph.nodes[last].outputs))
        }
    }

    private mutating func fold(_ start: LayerDraft, at index: Int) {
        var draft = start
        absorbPadding(into: &draft)
        var last = index
        var output = graph.nodes[index].outputs[0]
        // Affine nodes with constant operands, as long as nothing but the convolution has happened yet.
        while let next = onlyReader(of: output), draft.absorb(graph.nodes[next], reading: output, graph: graph) {
            last = advance(from: last, to: next)
            output = graph.nodes[next].outputs[0]
        }
        if let next = onlyReader(of: output),
            let addend = addend(of: graph.nodes[next], besides: output, before: next)
        {
            draft.addend = addend
            last = advance(from: last, to: next)
            output = graph.nodes[next].outputs[0]
        }
        let preActivation = output
        if let (function, next) = activation(reading: output) {
            draft.activation = function
            // The last node of a gated activation becomes the end of this layer.
            last = advance(from: last, to: next)
            output = graph.nodes[next].outputs[0]
        }
        finished[last] = .layer(drafts.count)
        drafts.append(draft.layer(preActivation: preActivation, output: output))
    }

    private mutating func advance(from previous: Int, to next: Int) -> Int {
        absorbed.insert(previous)
        finished[next] = nil
        return next
    }

    private func onlyReader(of tensor: TensorID) -> Int? {
        guard !graph.outputs.contains(tensor), let all = readers[tensor], all.count == 1, !isTaken(all[0]) else {
            return nil
        }
        return all[0]
    }

    /// Whether a unit already holds the node: the other convolution of a sum, or a SiLU.
    private func isTaken(_ node: Int) -> Bool { absorbed.contains(node) || finished[node] != nil }

    /// The activation function that alone reads `tensor`, and its node.
    private func activation(reading tensor: TensorID) -> (Unary, Int)? {
        guard !graph.outputs.contains(tensor) else { return nil }
        let all = (readers[tensor] ?? []).filter { !absorbed.contains($0) }
        if let last = gates[tensor], case .operation(let folded)? = finished[last],
            case .unary(let function) = folded.operation, all.isEmpty || all == [last]
        {
            return Folding.isFusable(function) ? (function, last) : nil
        }
        guard all.count == 1, let next = all.first else { return nil }
        guard readers[tensor]?.count == 1, case .unary(let function) = graph.nodes[next].operation else {
            return nil
        }
        return Folding.isFusable(function) ? (function, next) : nil
    }

    /// The functions that the engine's epilogue computes.
    private static func isFusable(_ function: Unary) -> Bool {
        switch function {
        case .relu, .clip, .leakyRelu, .hardSwish, .silu, .sigmoid, .hardSigmoid: true
        default: false
        }
    }

    /// The other operand of a sum of two tensors of one shape, if it is known before node `index` runs.
    private func addend(of node: Node, besides tensor: TensorID, before index: Int) -> TensorID? {
        guard node.operation == .elementwise(.add), node.inputs.count == 2, let left = node.inputs[0],
            let right = node.inputs[1], left != right
        else { return nil }
        let other = left == tensor ? right : left
        guard graph.constants[other] == nil, graph[other].shape == graph[tensor].shape, graph[other].isBatched,
            (writers[other] ?? -1) < index
        else { return nil }
        return other
    }

    /// A zero padding of rows and columns that convolutions alone read becomes part of their windows.
    private mutating func absorbPadding(into draft: inout LayerDraft) {
        guard case .convolution(let window, let groups) = draft.kind, let writer = writers[draft.input],
            case .pad(let before, let after, .constant(0)) = graph.nodes[writer].operation, before.count == 4,
            before[0] == 0, before[1] == 0, after[0] == 0, after[1] == 0, isReadByConvolutionsAlone(draft.input),
            let source = graph.nodes[writer].inputs[0]
        else { return }
        let inner = window.padding
        let padding = Window.Padding(
            top: inner.top + before[2], left: inner.left + before[3], bottom: inner.bottom + after[2],
            right: inner.right + after[3])
        draft.kind = .convolution(
            Window(
                kernel: window.kernel, strides: window.strides, dilations: window.dilations, padding: padding),
            groups: groups)
        draft.input = source
        absorbed.insert(writer)
    }

    private func isReadByConvolutionsAlone(_ tensor: TensorID) -> Bool {
        guard !graph.outputs.contains(tensor), let all = readers[tensor] else { return false }
        return all.allSatisfy { index in
            let node = graph.nodes[index]
            // The node itself is one; for others it has to be known that they become layers.
            guard case .convolution = node.operation, node.inputs.count(where: { $0 == tensor }) == 1,
                node.inputs[0] == tensor
            else { return false }
            return all.count == 1 || LayerDraft(node: node, graph: graph) != nil
        }
    }
}

internal import Net
internal import Quant

/// The grids that a program rounds tensors to when it stores them: those of the plan, and those that maxima and movements let
/// pass.
///
/// Rounding to a grid keeps order and does not ask where a value lies, so a maximum, or a movement, of rounded values is the
/// rounded maximum of the values themselves, and lies on the grid. What is computed of values on one grid is stored on it too,
/// and what is read for results of which only their rounding to one grid is kept is rounded to it before: a pool then compares
/// codes instead of floats, a concatenation copies a quarter of the bytes.
struct StoredGrids {
    /// The grid of each tensor that has one.
    private(set) var grids: [TensorID: ActivationGrid]

    private let net: LayerGraph
    private let plan: QuantizationPlan
    /// Tensors that somebody looks at.
    private let seen: Set<TensorID>
    /// The positions of the units that read a tensor.
    private var readers: [TensorID: [Int]] = [:]

    init(_ net: LayerGraph, _ plan: QuantizationPlan, seen: Set<TensorID>) {
        self.net = net
        self.plan = plan
        self.seen = seen.union(net.graph.outputs).union(net.logits).union(net.graph.inputs)
        grids = plan.stored
        for (position, unit) in net.units.enumerated() {
            for tensor in net.inputs(of: unit) { readers[tensor, default: []].append(position) }
        }
        // In the order of the run, and against it: what a node hands on, its neighbour can hand on as well.
        for unit in net.units { if case .operation(let node) = unit, isPassing(node) { passOn(node) } }
        for (position, unit) in net.units.enumerated().reversed() {
            if case .operation(let node) = unit, isPassing(node) { passBack(node, at: position) }
        }
    }

    /// Gives what a node writes the grid of all that it reads.
    private mutating func passOn(_ node: Node) {
        guard let first = node.inputs.first, let input = first, let grid = grids[input], case .tensor = grid,
            node.inputs.allSatisfy({ input in input.map { grids[$0] == grid } ?? false }),
            node.outputs.allSatisfy({ grids[$0] == nil && !seen.contains($0) })
        else { return }
        for tensor in node.outputs { grids[tensor] = grid }
    }

    /// Gives what a node reads the grid of what it writes, if that is the same for everything.
    private mutating func passBack(_ node: Node, at position: Int) {
        guard let first = node.outputs.first, let grid = grid(of: first), case .tensor = grid,
            node.outputs.allSatisfy({ self.grid(of: $0) == grid }),
            node.inputs.allSatisfy({ input in
                input.map { grids[$0] == grid || isOwn($0, of: position) } ?? false
            })
        else { return }
        for tensor in node.outputs + node.inputs.compactMap({ $0 }) { grids[tensor] = grid }
    }

    private func isPassing(_ node: Node) -> Bool {
        if case .maxPool = node.operation { return true }
        return Movement(node, net.graph) != nil
    }

    /// Whether only the unit at a position reads a tensor that has no grid yet.
    private func isOwn(_ tensor: TensorID, of position: Int) -> Bool {
        grids[tensor] == nil && net.graph.constants[tensor] == nil && !seen.contains(tensor)
            && readers[tensor] == [position]
    }

    /// The grid that all that is kept of a node's result lies on.
    private func grid(of tensor: TensorID) -> ActivationGrid? {
        if let grid = grids[tensor] { return grid }
        guard !seen.contains(tensor), let positions = readers[tensor] else { return nil }
        let asked = positions.map { position -> ActivationGrid? in
            guard case .layer(let index) = net.units[position], net.layers[index].addend != tensor else {
                return nil
            }
            return plan.layers[index].input
        }
        return asked.allSatisfy { $0 == asked[0] } ? asked[0] : nil
    }
}

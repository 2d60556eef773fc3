import Net

/// The positions in several tensors that a loop over one shape passes, axes merged where all of them run on evenly.
struct StridedAxes {
    /// The extents, outermost first; at least one.
    private(set) var extents: [Int] = []
    /// For each tensor the distance from one element to the next along each axis.
    private(set) var strides: [[Int]]

    /// Axes from extents and one list of strides per tensor.
    init(_ dimensions: [Int], _ all: [[Int]]) {
        strides = all.map { _ in [] }
        for axis in dimensions.indices where dimensions[axis] != 1 {
            let merges =
                !extents.isEmpty
                && strides.indices.allSatisfy { strides[$0].last == all[$0][axis] * dimensions[axis] }
            if merges {
                extents[extents.count - 1] *= dimensions[axis]
                for tensor in strides.indices { strides[tensor][extents.count - 1] = all[tensor][axis] }
            } else {
                extents.append(dimensions[axis])
                for tensor in strides.indices { strides[tensor].append(all[tensor][axis]) }
            }
        }
        if extents.isEmpty {
            extents = [1]
            strides = strides.map { _ in [1] }
        }
    }

    /// An operand's strides in a result that it is broadcast to: 0 along axes where it repeats.
    static func broadcast(_ operand: Shape, to shape: Shape) -> [Int] {
        let own = operand.strides
        return (0..<shape.rank).map { axis in
            let index = axis - (shape.rank - operand.rank)
            return index >= 0 && operand[index] > 1 ? own[index] : 0
        }
    }

    /// Calls `body` with every innermost run: the position of its first element in each tensor.
    func forEachRun(_ body: (UnsafePointer<Int>) -> Void) {
        guard extents.allSatisfy({ $0 > 0 }) else { return }
        let outer = extents.count - 1
        var index = [Int](repeating: 0, count: outer)
        var positions = [Int](repeating: 0, count: max(1, strides.count))
        while true {
            positions.withUnsafeBufferPointer { buffer in
                if let base = buffer.baseAddress { body(base) }
            }
            var axis = outer - 1
            while axis >= 0 {
                index[axis] += 1
                for tensor in strides.indices { positions[tensor] += strides[tensor][axis] }
                if index[axis] < extents[axis] { break }
                for tensor in strides.indices { positions[tensor] -= strides[tensor][axis] * extents[axis] }
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }

    /// Elements of an innermost run.
    var length: Int { extents[extents.count - 1] }

    /// A tensor's stride along an innermost run.
    func step(_ tensor: Int) -> Int { strides[tensor][extents.count - 1] }
}

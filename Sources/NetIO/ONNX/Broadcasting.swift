import Net

/// The common shape of two operands by numpy's rules; `nil` if they do not fit.
func broadcast(_ left: Shape, _ right: Shape) -> Shape? {
    let rank = max(left.rank, right.rank)
    var dimensions = [Int](repeating: 1, count: rank)
    for axis in 0..<rank {
        let a = axis + left.rank >= rank ? left[axis + left.rank - rank] : 1
        let b = axis + right.rank >= rank ? right[axis + right.rank - rank] : 1
        guard a == b || a == 1 || b == 1 else { return nil }
        dimensions[axis] = a == 1 ? b : a
    }
    return Shape(validating: dimensions)
}

/// For each element of `shape`, the positions of the operands' elements that meet there.
func broadcastIndices(_ left: Shape, _ right: Shape, _ shape: Shape) -> [(Int, Int)] {
    func positions(_ operand: Shape) -> [Int] {
        let strides = operand.strides
        return (0..<shape.count).map { flat in
            var rest = flat
            var position = 0
            for axis in stride(from: shape.rank - 1, through: 0, by: -1) {
                let index = rest % shape[axis]
                rest /= shape[axis]
                let own = axis - (shape.rank - operand.rank)
                if own >= 0, operand[own] > 1 { position += index * strides[own] }
            }
            return position
        }
    }
    return Array(zip(positions(left), positions(right)))
}

import Net

/// Results whose elements are those of inputs, in other places.
extension ConstantFolding {
    func choose() throws(OnnxError) -> Constant? {
        guard let condition = context.constant(0), let x = context.constant(1), let y = context.constant(2) else {
            return nil
        }
        guard let pair = broadcast(x.shape, y.shape), let shape = broadcast(condition.shape, pair),
            shape.count <= ConstantFolding.largestResult
        else { throw context.attributes.malformed("shapes that do not broadcast") }
        func positions(_ operand: Shape) -> [Int] { broadcastIndices(operand, shape, shape).map(\.0) }
        let (ofX, ofY) = (positions(x.shape), positions(y.shape))
        let takesX = positions(condition.shape).map { condition.doubles[$0] != 0 }
        if let a = x.integers, let b = y.integers {
            return .integer(shape, takesX.indices.map { takesX[$0] ? a[ofX[$0]] : b[ofY[$0]] })
        }
        let (a, b) = (x.real.values, y.real.values)
        return .real(Tensor(shape: shape, values: takesX.indices.map { takesX[$0] ? a[ofX[$0]] : b[ofY[$0]] }))
    }

    func gather() throws(OnnxError) -> Constant? {
        guard let data = context.constant(0), let indices = context.constant(1), let at = indices.integers else {
            return nil
        }
        let axis = try context.axis(context.attributes.int("axis", default: 0), rank: data.shape.rank)
        let extent = data.shape[axis]
        let positions = at.map { Int(clamping: $0 < 0 ? $0 + Int64(extent) : $0) }
        guard positions.allSatisfy({ (0..<extent).contains($0) }) else {
            throw context.attributes.malformed("an index outside 0..<\(extent)")
        }
        let dimensions =
            Array(data.shape.dimensions[..<axis]) + indices.shape.dimensions
            + Array(data.shape.dimensions[(axis + 1)...])
        guard let shape = Shape(validating: dimensions), shape.count <= ConstantFolding.largestResult else {
            throw context.attributes.malformed("its result is too large")
        }
        let strides = indices.shape.strides
        return select(data, shape) { index in
            let inner = zip(index[axis..<axis + indices.shape.rank], strides).reduce(0) { $0 + $1.0 * $1.1 }
            return Array(index[..<axis]) + [positions[inner]] + Array(index[(axis + indices.shape.rank)...])
        }
    }

    func concatenate() throws(OnnxError) -> Constant? {
        let parts = context.values.indices.compactMap(context.constant)
        guard let first = parts.first, parts.count == context.values.count else { return nil }
        let axis = try context.axis(context.attributes.int("axis", default: 0), rank: first.shape.rank)
        guard
            parts.allSatisfy({ part in
                part.shape.rank == first.shape.rank
                    && (0..<first.shape.rank).allSatisfy { $0 == axis || part.shape[$0] == first.shape[$0] }
            })
        else { throw context.attributes.malformed("shapes that do not match") }
        var dimensions = first.shape.dimensions
        dimensions[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
        let shape = Shape(dimensions)
        let outer = first.shape.dimensions[..<axis].reduce(1, *)
        func joined<Value>(_ values: [[Value]]) -> [Value] {
            var result: [Value] = []
            for row in 0..<outer {
                for (part, constant) in zip(values, parts) {
                    let length = constant.shape.count / max(1, outer)
                    result += part[row * length..<(row + 1) * length]
                }
            }
            return result
        }
        let integers = parts.compactMap(\.integers)
        if integers.count == parts.count { return .integer(shape, joined(integers)) }
        return .real(Tensor(shape: shape, values: joined(parts.map(\.real.values))))
    }

    func slice() throws(OnnxError) -> Constant? {
        guard let data = context.constant(0) else { return nil }
        let bounds = try SliceBounds(context: context, shape: data.shape)
        return select(data, bounds.outputShape) { index in
            index.indices.map { bounds.starts[$0] + index[$0] * bounds.steps[$0] }
        }
    }

    /// A constant of another shape whose element at each index is `source`'s at the index that `map` gives.
    func select(_ source: Constant, _ shape: Shape, _ map: ([Int]) -> [Int]) -> Constant {
        let strides = source.shape.strides
        var positions: [Int] = []
        positions.reserveCapacity(shape.count)
        var index = [Int](repeating: 0, count: shape.rank)
        for _ in 0..<shape.count {
            positions.append(zip(map(index), strides).reduce(0) { $0 + $1.0 * $1.1 })
            var axis = shape.rank - 1
            while axis >= 0 {
                index[axis] += 1
                if index[axis] < shape[axis] { break }
                index[axis] = 0
                axis -= 1
            }
        }
        switch source {
        case .real(let tensor): return .real(Tensor(shape: shape, values: positions.map { tensor.values[$0] }))
        case .integer(_, let values): return .integer(shape, positions.map { values[$0] })
        }
    }
}

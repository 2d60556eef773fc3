import Net

/// Operators that pick, repeat or choose elements.
extension Reference {
    static func gather(_ x: Tensor, _ indices: Tensor, _ axis: Int, _ shape: Shape) -> Tensor {
        let extent = x.shape[axis]
        let inner = x.shape.dimensions[(axis + 1)...].reduce(1, *)
        let outer = x.shape.dimensions[..<axis].reduce(1, *)
        var values: [Float] = []
        values.reserveCapacity(shape.count)
        for row in 0..<outer {
            for index in indices.values {
                // An index outside is an error of the net's input; the nearest element keeps the run defined.
                let whole = index.isFinite ? Int(max(-0x1p40, min(0x1p40, index))) : 0
                let position = min(max(whole < 0 ? whole + extent : whole, 0), extent - 1)
                let start = (row * extent + position) * inner
                values += x.values[start..<start + inner]
            }
        }
        return Tensor(shape: shape, values: values)
    }

    static func tile(_ x: Tensor, _ shape: Shape) -> Tensor {
        let strides = x.shape.strides
        let values = (0..<shape.count).map { flat -> Float in
            var (rest, position) = (flat, 0)
            for axis in stride(from: shape.rank - 1, through: 0, by: -1) {
                position += rest % shape[axis] % x.shape[axis] * strides[axis]
                rest /= shape[axis]
            }
            return x.values[position]
        }
        return Tensor(shape: shape, values: values)
    }

    static func argumentOfMaximum(_ x: Tensor, _ axis: Int, selectsLast: Bool, _ shape: Shape) -> Tensor {
        let extent = x.shape[axis]
        let inner = x.shape.dimensions[(axis + 1)...].reduce(1, *)
        let values = (0..<shape.count).map { row -> Float in
            let start = row / inner * extent * inner + row % inner
            var best = 0
            for index in 0..<extent {
                let (value, largest) = (x.values[start + index * inner], x.values[start + best * inner])
                if value > largest || selectsLast && value == largest { best = index }
            }
            return Float(best)
        }
        return Tensor(shape: shape, values: values)
    }

    static func choose(_ condition: Tensor, _ x: Tensor, _ y: Tensor, _ shape: Shape) -> Tensor {
        let positions = [condition, x, y].map { Broadcast($0.shape, to: shape) }
        let values = (0..<shape.count).map { flat in
            condition.values[positions[0].position(of: flat)] != 0
                ? x.values[positions[1].position(of: flat)] : y.values[positions[2].position(of: flat)]
        }
        return Tensor(shape: shape, values: values)
    }

    /// An element-wise function of X, scale and zero point, the latter two with one value or one along an axis.
    static func quantize(
        _ x: Tensor, _ scale: Tensor, _ zeroPoint: Tensor?, _ axis: Int, _ function: (Float, Float, Float) -> Float
    ) -> Tensor {
        let inner = x.shape.rank > 0 ? x.shape.dimensions[(axis + 1)...].reduce(1, *) : 1
        let extent = x.shape.rank > 0 ? x.shape[axis] : 1
        let values = x.values.enumerated().map { index, value in
            let channel = index / max(1, inner) % max(1, extent)
            func of(_ tensor: Tensor) -> Float {
                tensor.values.count == 1 ? tensor.values[0] : tensor.values[channel]
            }
            return function(value, of(scale), zeroPoint.map(of) ?? 0)
        }
        return Tensor(shape: x.shape, values: values)
    }
}

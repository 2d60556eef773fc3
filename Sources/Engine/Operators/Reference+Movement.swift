import Net

/// Operators that move elements without computing.
extension Reference {
    static func transpose(_ x: Tensor, _ permutation: [Int], _ shape: Shape) -> Tensor {
        let strides = x.shape.strides
        return gather(x, shape, origin: 0, strides: permutation.map { strides[$0] })
    }

    static func slice(_ x: Tensor, _ starts: [Int], _ steps: [Int], _ shape: Shape) -> Tensor {
        let strides = x.shape.strides
        let origin = zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
        return gather(x, shape, origin: origin, strides: zip(steps, strides).map { $0 * $1 })
    }

    static func concatenate(_ parts: [Tensor], _ axis: Int, _ shape: Shape) -> Tensor {
        let outer = shape.dimensions[..<axis].reduce(1, *)
        var values: [Float] = []
        values.reserveCapacity(shape.count)
        for row in 0..<outer {
            for part in parts {
                let length = part.values.count / max(1, outer)
                values += part.values[row * length..<(row + 1) * length]
            }
        }
        return Tensor(shape: shape, values: values)
    }

    static func pad(_ x: Tensor, _ before: [Int], _ mode: PadMode, _ shape: Shape) -> Tensor {
        let strides = x.shape.strides
        let values = (0..<shape.count).map { flat -> Float in
            var rest = flat
            var position = 0
            for axis in stride(from: shape.rank - 1, through: 0, by: -1) {
                var index = rest % shape[axis] - before[axis]
                rest /= shape[axis]
                let last = x.shape[axis] - 1
                if index < 0 || index > last {
                    switch mode {
                    case .constant(let value): return value
                    case .edge: index = min(max(index, 0), last)
                    case .reflect: index = index < 0 ? -index : 2 * last - index
                    case .wrap: index = (index % (last + 1) + last + 1) % (last + 1)
                    }
                }
                position += index * strides[axis]
            }
            return x.values[position]
        }
        return Tensor(shape: shape, values: values)
    }

    /// The elements at origin + sum of index × stride, over all indices of `shape`.
    private static func gather(_ x: Tensor, _ shape: Shape, origin: Int, strides: [Int]) -> Tensor {
        var values: [Float] = []
        values.reserveCapacity(shape.count)
        var index = [Int](repeating: 0, count: shape.rank)
        var position = origin
        for _ in 0..<shape.count {
            values.append(x.values[position])
            var axis = shape.rank - 1
            while axis >= 0 {
                index[axis] += 1
                position += strides[axis]
                if index[axis] < shape[axis] { break }
                position -= strides[axis] * shape[axis]
                index[axis] = 0
                axis -= 1
            }
        }
        return Tensor(shape: shape, values: values)
    }
}

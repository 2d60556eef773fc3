import Net

/// Convolutions and pools over any number of spatial axes.
extension Reference {
    /// Calls `body` with every index below `extents`, the last axis fastest.
    private static func forEachIndex(_ extents: [Int], _ body: ([Int]) -> Void) {
        guard extents.allSatisfy({ $0 > 0 }) else { return }
        var index = [Int](repeating: 0, count: extents.count)
        while true {
            body(index)
            var axis = extents.count - 1
            while axis >= 0 {
                index[axis] += 1
                if index[axis] < extents[axis] { break }
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }

    /// The position along each axis of a window's tap, in the input's coordinates.
    private static func position(_ window: SpatialWindow, _ output: [Int], _ tap: [Int]) -> [Int] {
        output.indices.map { output[$0] * window.strides[$0] - window.before[$0] + tap[$0] * window.dilations[$0] }
    }

    /// The flat offset of a position, or `nil` outside the input.
    private static func offset(_ position: [Int], _ extents: [Int]) -> Int? {
        var flat = 0
        for (coordinate, extent) in zip(position, extents) {
            guard (0..<extent).contains(coordinate) else { return nil }
            flat = flat * extent + coordinate
        }
        return flat
    }

    static func spatialConvolution(
        _ x: Tensor, _ weights: Tensor, _ bias: Tensor?, _ window: SpatialWindow, groups: Int, _ shape: Shape
    ) -> Tensor {
        let extents = Array(x.shape.dimensions.dropFirst(2))
        let outputs = Array(shape.dimensions.dropFirst(2))
        let (plane, taps) = (extents.reduce(1, *), window.kernel.reduce(1, *))
        let (channels, perGroup) = (weights.shape[1], shape[1] / groups)
        var values: [Float] = []
        values.reserveCapacity(shape.count)
        for image in 0..<shape[0] {
            for output in 0..<shape[1] {
                let first = image * x.shape[1] + output / perGroup * channels
                forEachIndex(outputs) { place in
                    var sum: Float = 0
                    var tap = 0
                    forEachIndex(window.kernel) { index in
                        if let flat = offset(position(window, place, index), extents) {
                            for channel in 0..<channels {
                                sum.addProduct(
                                    x.values[(first + channel) * plane + flat],
                                    weights.values[(output * channels + channel) * taps + tap])
                            }
                        }
                        tap += 1
                    }
                    values.append(sum + (bias?.values[output] ?? 0))
                }
            }
        }
        return Tensor(shape: shape, values: values)
    }

    static func transposedConvolution(
        _ x: Tensor, _ weights: Tensor, _ bias: Tensor?, _ window: SpatialWindow, groups: Int, _ shape: Shape
    ) -> Tensor {
        let extents = Array(x.shape.dimensions.dropFirst(2))
        let outputs = Array(shape.dimensions.dropFirst(2))
        let (plane, outputPlane) = (extents.reduce(1, *), outputs.reduce(1, *))
        let taps = window.kernel.reduce(1, *)
        let (perGroup, inputsPerGroup) = (weights.shape[1], x.shape[1] / groups)
        var values = [Float](repeating: 0, count: shape.count)
        for image in 0..<shape[0] {
            var source = 0
            forEachIndex(extents) { place in
                var tap = 0
                forEachIndex(window.kernel) { index in
                    if let flat = offset(position(window, place, index), outputs) {
                        for channel in 0..<x.shape[1] {
                            let value = x.values[(image * x.shape[1] + channel) * plane + source]
                            let first = channel / inputsPerGroup * perGroup
                            for output in 0..<perGroup {
                                let target = (image * shape[1] + first + output) * outputPlane + flat
                                values[target].addProduct(
                                    value, weights.values[(channel * perGroup + output) * taps + tap])
                            }
                        }
                    }
                    tap += 1
                }
                source += 1
            }
        }
        if let bias {
            for index in values.indices { values[index] += bias.values[index / outputPlane % shape[1]] }
        }
        return Tensor(shape: shape, values: values)
    }

    static func spatialPool(
        _ x: Tensor, _ window: SpatialWindow, _ pool: SpatialPool, _ shapes: [Shape]
    ) -> [Tensor] {
        let shape = shapes[0]
        let extents = Array(x.shape.dimensions.dropFirst(2))
        let outputs = Array(shape.dimensions.dropFirst(2))
        let plane = extents.reduce(1, *)
        var values: [Float] = []
        var indices: [Float] = []
        for channel in 0..<shape[0] * shape[1] {
            forEachIndex(outputs) { place in
                var (sum, largest, at, inside, bordered) = (0.0, -Float.infinity, [Int](), 0, 0)
                forEachIndex(window.kernel) { tap in
                    let position = position(window, place, tap)
                    let isBordered = position.indices.allSatisfy {
                        (-window.before[$0]..<extents[$0] + window.after[$0]).contains(position[$0])
                    }
                    if isBordered { bordered += 1 }
                    guard let flat = offset(position, extents) else { return }
                    let value = x.values[channel * plane + flat]
                    inside += 1
                    sum += Double(value)
                    if value > largest || at.isEmpty { (largest, at) = (value, position) }
                }
                switch pool {
                case .maximum: values.append(largest)
                case .maximumWithIndices(let columnsFirst):
                    values.append(largest)
                    let order = columnsFirst ? (Array(at.reversed()), Array(extents.reversed())) : (at, extents)
                    indices.append(Float(channel * plane + (offset(order.0, order.1) ?? 0)))
                case .average(let countsPadding):
                    values.append(Float(sum / Double(max(1, countsPadding ? bordered : inside))))
                }
            }
        }
        let first = Tensor(shape: shape, values: values)
        return shapes.count > 1 ? [first, Tensor(shape: shapes[1], values: indices)] : [first]
    }

    /// Weighted sums along one axis.
    static func resample(_ x: Tensor, _ sampling: AxisSampling) -> Tensor {
        let axis = sampling.axis
        var dimensions = x.shape.dimensions
        let (extent, inner) = (dimensions[axis], dimensions[(axis + 1)...].reduce(1, *))
        let outer = dimensions[..<axis].reduce(1, *)
        dimensions[axis] = sampling.taps.count
        var values: [Float] = []
        values.reserveCapacity(outer * sampling.taps.count * inner)
        for row in 0..<outer {
            for taps in sampling.taps {
                for column in 0..<inner {
                    guard !taps.isEmpty else {
                        values.append(sampling.outside)
                        continue
                    }
                    var sum: Float = 0
                    for tap in taps {
                        sum.addProduct(x.values[(row * extent + tap.position) * inner + column], tap.weight)
                    }
                    values.append(sum)
                }
            }
        }
        return Tensor(shape: Shape(dimensions), values: values)
    }
}

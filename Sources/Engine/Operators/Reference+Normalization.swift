import Net

/// Normalizations by statistics of the run itself.
extension Reference {
    /// Mean and 1 / sqrt(variance + epsilon) of a part of a tensor, in double precision.
    private static func statistics(_ values: ArraySlice<Float>, _ epsilon: Float) -> (mean: Double, inverse: Double)
    {
        let count = Double(max(1, values.count))
        let mean = values.reduce(0) { $0 + Double($1) } / count
        let variance = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
        return (mean, 1 / (variance + Double(epsilon)).squareRoot())
    }

    static func instanceNormalization(_ x: Tensor, _ scale: Tensor, _ bias: Tensor, _ epsilon: Float) -> Tensor {
        let plane = x.shape.dimensions.dropFirst(2).reduce(1, *)
        var values: [Float] = []
        values.reserveCapacity(x.values.count)
        for row in 0..<x.shape[0] * x.shape[1] {
            let part = x.values[row * plane..<(row + 1) * plane]
            let (mean, inverse) = statistics(part, epsilon)
            let (gamma, beta) = (Double(scale.values[row % x.shape[1]]), Double(bias.values[row % x.shape[1]]))
            values += part.map { Float((Double($0) - mean) * inverse * gamma + beta) }
        }
        return Tensor(shape: x.shape, values: values)
    }

    static func layerNormalization(
        _ x: Tensor, _ scale: Tensor, _ bias: Tensor?, _ axis: Int, _ epsilon: Float, _ shapes: [Shape]
    ) -> [Tensor] {
        let inner = Shape(Array(x.shape.dimensions[axis...]))
        let rows = x.shape.dimensions[..<axis].reduce(1, *)
        let gammas = Broadcast(scale.shape, to: inner)
        let betas = bias.map { Broadcast($0.shape, to: inner) }
        var (values, means, inverses): ([Float], [Float], [Float]) = ([], [], [])
        for row in 0..<rows {
            let part = x.values[row * inner.count..<(row + 1) * inner.count]
            let (mean, inverse) = statistics(part, epsilon)
            for (index, value) in part.enumerated() {
                var result = (Double(value) - mean) * inverse * Double(scale.values[gammas.position(of: index)])
                if let bias, let betas { result += Double(bias.values[betas.position(of: index)]) }
                values.append(Float(result))
            }
            means.append(Float(mean))
            inverses.append(Float(inverse))
        }
        return zip([values, means, inverses], shapes).map { Tensor(shape: $1, values: $0) }
    }

    static func channelNormalization(_ x: Tensor, _ scale: Tensor, _ bias: Tensor?, _ epsilon: Float) -> Tensor {
        let (channels, plane) = (x.shape[1], x.shape.dimensions.dropFirst(2).reduce(1, *))
        var values = x.values
        for row in 0..<x.shape[0] * plane {
            let first = row / max(1, plane) * channels * plane + row % max(1, plane)
            let part = (0..<channels).map { x.values[first + $0 * plane] }
            let (mean, inverse) = statistics(part[...], epsilon)
            for (channel, value) in part.enumerated() {
                let result =
                    (Double(value) - mean) * inverse * Double(scale.values[channel])
                    + Double(bias?.values[channel] ?? 0)
                values[first + channel * plane] = Float(result)
            }
        }
        return Tensor(shape: x.shape, values: values)
    }

    static func normNormalization(_ x: Tensor, _ axis: Int, _ order: Int) -> Tensor {
        let sums = reduce(
            Tensor(shape: x.shape, values: x.values.map { order == 1 ? abs($0) : $0 * $0 }), .sum, [axis],
            Shape(x.shape.dimensions.enumerated().map { $0 == axis ? 1 : $1 }))
        let rows = Broadcast(sums.shape, to: x.shape)
        let values = x.values.enumerated().map { index, value in
            let sum = sums.values[rows.position(of: index)]
            let norm = order == 1 ? sum : sum.squareRoot()
            return norm == 0 ? 0 : value / norm
        }
        return Tensor(shape: x.shape, values: values)
    }
}

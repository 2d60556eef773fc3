/// One channel, normalized: y = (x − μ) / sqrt(σ̂² + ε), with σ̂ by a scheme; and the gradient of that.
///
/// Every operation is one of `Real`, accumulators included: with `Float16` this is what hardware that normalizes in half
/// precision computes. With `Double` it is what the kernels are tested against. ε keeps a constant channel finite, whose
/// values all become 0.
///
/// Source: docs/training.md, eq. 1–7.
public struct ChannelNormalization<Real: BinaryFloatingPoint & Sendable>: Sendable {
    /// The scheme.
    public let scheme: NormScheme
    /// μ.
    public let mean: Real
    /// σ̂.
    public let sigma: Real
    /// y.
    public let values: [Real]

    /// 1 / sqrt(σ̂² + ε).
    private let factor: Real
    private let constant: Real
    private let statistic: Statistic<Real>

    /// Normalizes a channel.
    public init(_ x: [Real], scheme: NormScheme, epsilon: Real = 1e-5) throws(NormError) {
        guard x.count >= scheme.minimumCount else {
            throw .tooFewValues(scheme: scheme, needed: scheme.minimumCount, found: x.count)
        }
        self.scheme = scheme
        let mean = x.reduce(0, +) / Real(x.count)
        let centered = x.map { $0 - mean }
        statistic = Statistic(scheme, centered)
        constant = Real(scheme.constant(count: x.count))
        sigma = constant * statistic.value
        let factor = 1 / (sigma * sigma + epsilon).squareRoot()
        values = centered.map { $0 * factor }
        self.mean = mean
        self.factor = factor
    }

    /// dL/dx from dL/dy.
    ///
    /// With g = dL/dy, s = sqrt(σ̂² + ε):  dL/dx_i = (g_i − mean g) / s − (Σ g_j y_j) σ̂ / s² × (d_i − mean d), where d is the
    /// derivative of σ̂ with respect to the centred values.
    public func gradient(_ g: [Real]) -> [Real] {
        precondition(g.count == values.count, "one gradient for each value")
        let count = Real(g.count)
        let mean = g.reduce(0, +) / count
        let projection = zip(g, values).reduce(0) { $0 + $1.0 * $1.1 }
        let shrink = projection * sigma * factor * factor
        let derivative = statistic.derivative(values, scale: 1 / factor).map { $0 * constant }
        let derivativeMean = derivative.reduce(0, +) / count
        return zip(g, derivative).map { ($0 - mean) * factor - shrink * ($1 - derivativeMean) }
    }
}

/// The statistic of a scheme, and which values it was taken from.
private struct Statistic<Real: BinaryFloatingPoint & Sendable>: Sendable {
    private let scheme: NormScheme
    let value: Real
    /// The values that extreme statistics depend on.
    private let chosen: [Int]

    init(_ scheme: NormScheme, _ centered: [Real]) {
        self.scheme = scheme
        let count = Real(centered.count)
        switch scheme {
        case .l2:
            value = (centered.reduce(0) { $0 + $1 * $1 } / count).squareRoot()
            chosen = []
        case .l1:
            value = centered.reduce(0) { $0 + abs($1) } / count
            chosen = []
        case .lInfinity:
            chosen = Statistic.largest(1, centered)
            value = abs(centered[chosen[0]])
        case .topK(let k):
            chosen = Statistic.largest(k, centered)
            value = chosen.reduce(0) { $0 + abs(centered[$1]) } / Real(k)
        case .range:
            let most = centered.indices.reduce(0) { centered[$1] > centered[$0] ? $1 : $0 }
            let least = centered.indices.reduce(0) { centered[$1] < centered[$0] ? $1 : $0 }
            chosen = [most, least]
            value = centered[most] - centered[least]
        }
    }

    /// The places of the k largest magnitudes, the earlier of equal ones first.
    private static func largest(_ k: Int, _ centered: [Real]) -> [Int] {
        var places: [Int] = []
        for index in centered.indices {
            if places.count == k, abs(centered[index]) <= abs(centered[places[k - 1]]) { continue }
            let place = places.firstIndex { abs(centered[index]) > abs(centered[$0]) } ?? places.count
            places.insert(index, at: place)
            if places.count > k { places.removeLast() }
        }
        return places
    }

    /// The statistic's derivative with respect to the centred values, which are the normalized ones times `scale`.
    func derivative(_ normalized: [Real], scale: Real) -> [Real] {
        let count = Real(normalized.count)
        func sign(_ y: Real) -> Real { y > 0 ? 1 : y < 0 ? -1 : 0 }
        var result = [Real](repeating: 0, count: normalized.count)
        switch scheme {
        case .l2:
            // A constant channel has no direction in which its deviation grows.
            guard value > 0 else { return result }
            return normalized.map { $0 * scale / (count * value) }
        case .l1: return normalized.map { sign($0) / count }
        case .lInfinity, .topK:
            for index in chosen { result[index] = sign(normalized[index]) / Real(chosen.count) }
        case .range:
            result[chosen[0]] += 1
            result[chosen[1]] -= 1
        }
        return result
    }
}

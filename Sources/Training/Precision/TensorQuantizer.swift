/// How a value between two codes becomes one of them.
public enum Rounding: String, Hashable, Sendable, CaseIterable {
    /// To the nearest, ties to even.
    case nearest
    /// Up with the probability of its distance to the code below: right on average, which gradients need.
    case stochastic
}

/// The affine min-max quantizer of low-precision training: 2^b codes over the range of a whole tensor.
///
/// x̂ = Δ (clamp(round(x / Δ) + z, 0, 2^b − 1) − z), Δ = (max x − min x) / (2^b − 1), z = round(−min x / Δ), the range extended to
/// hold 0: zero is a code, as padding and the zeros of a ReLU need. It is `AffineQuantizer` of the explorer, with up to 16 bits
/// and another rounding.
///
/// Source: Banner, Hubara, Hoffer, Soudry 2018, section 4; docs/training.md, eq. 8.
public struct TensorQuantizer: Hashable, Sendable {
    /// Δ; 0 for a tensor of zeros, which is kept as it is.
    public let step: Float
    /// z, the code of zero.
    public let zeroPoint: Float
    /// b.
    public let bits: Int

    /// The quantizer of a range; one that is not finite keeps values as they are.
    public init(bits: Int, low: Float, high: Float) {
        precondition((1...16).contains(bits), "1 to 16 bits")
        self.bits = bits
        let (low, high) = (min(low, 0), max(high, 0))
        let step = (high - low) / Float((1 << bits) - 1)
        self.step = step >= Float.leastNormalMagnitude && step.isFinite ? step : 0
        zeroPoint = self.step > 0 ? (-low / step).rounded(.toNearestOrEven) : 0
    }

    /// The quantizer of a tensor's values.
    public init(bits: Int, _ values: [Float]) {
        self.init(bits: bits, low: values.min() ?? 0, high: values.max() ?? 0)
    }

    /// x̂ by a way of rounding.
    private func value(_ x: Float, _ rounded: (Float) -> Float) -> Float {
        guard step > 0 else { return x }
        let code = min(max(rounded(x / step) + zeroPoint, 0), Float((1 << bits) - 1))
        return (code - zeroPoint) * step
    }

    /// The values that stand for a tensor's, with the random numbers of `generator` if rounding is stochastic.
    public func callAsFunction(_ values: [Float], _ rounding: Rounding, _ generator: CounterGenerator) -> [Float] {
        switch rounding {
        case .nearest: values.map { value($0) { $0.rounded(.toNearestOrEven) } }
        case .stochastic:
            values.enumerated().map { place, x in value(x) { ($0 + generator.unit(at: place)).rounded(.down) } }
        }
    }
}

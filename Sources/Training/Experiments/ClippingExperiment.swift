import Glibc
public import Quant

/// The mean squared error of clipping and quantizing a prior of width 1 (b, σ or a), against the threshold: what the formula
/// expects, and what a seeded sample really loses.
///
/// The sample is quantized twice: to the middles of 2^M bins, which is what the formula speaks of, and by `AffineQuantizer`, which is
/// what nets run with.
public struct ClippingExperiment: Hashable, Sendable {
    /// The values of a sample.
    public static let count = 1 << 18
    /// The widths that can be asked for.
    public static let widths = 2...8

    /// The distribution.
    public let prior: Prior
    /// M.
    public let bits: Int
    /// Whether values below zero become zero and the range is [0, α].
    public let isRectified: Bool

    /// An experiment; bits outside of `widths` become the nearest inside.
    public init(prior: Prior, bits: Int, isRectified: Bool) {
        self.prior = prior
        self.bits = min(Self.widths.upperBound, max(Self.widths.lowerBound, bits))
        self.isRectified = isRectified
    }

    /// The formula.
    public var expected: ClippingError { ClippingError(prior: prior, scale: 1, isRectified: isRectified) }

    /// The thresholds compared, ascending to two and a half times the formula's optimum.
    public var thresholds: [Double] {
        let end = 2.5 * expected.optimalThreshold(bits: bits)
        return (1...160).map { end * Double($0) / 160 }
    }

    /// What the formula says at the thresholds.
    public var formula: ErrorCurves.Curve {
        ErrorCurves.Curve(expected, thresholds: thresholds, bins: exp2(Double(bits)))
    }

    /// What a sample says.
    public struct Simulation: Sendable {
        /// Rounded to the middles of 2^M bins.
        public let midpoints: ErrorCurves.Curve
        /// Rounded by the quantizer that nets run with.
        public let deployed: ErrorCurves.Curve
        /// The standard error of the error of `midpoints` at the formula's optimum, as a share of it: few values lie beyond the
        /// threshold of many bits, and they decide.
        public let chance: Double
        /// The mean of x².
        public let power: Double
    }

    /// Quantizes a sample at every threshold; `nil` once `isCancelled` says so.
    public func simulation(seed: UInt64, isCancelled: () -> Bool = { false }) -> Simulation? {
        let sample = UnitSample(prior, count: Self.count, isRectified: isRectified, seed: seed)
        guard
            let midpoints = curve(isCancelled, { sample.midpointError(threshold: $0, bins: 1 << bits) }),
            let deployed = curve(isCancelled, { sample.deployedError(threshold: $0, bits: bits) })
        else { return nil }
        return Simulation(
            midpoints: midpoints, deployed: deployed,
            chance: sample.chance(threshold: expected.optimalThreshold(bits: bits), bins: 1 << bits),
            power: sample.power)
    }

    /// A curve whose optimum is looked for once more between the neighbours of the best threshold.
    private func curve(_ isCancelled: () -> Bool, _ error: (Double) -> Double) -> ErrorCurves.Curve? {
        var errors: [Double] = []
        let thresholds = thresholds
        for threshold in thresholds {
            if isCancelled() { return nil }
            errors.append(error(threshold))
        }
        var best = zip(errors, thresholds).min { $0.0 < $1.0 } ?? (0, 0)
        let (middle, step) = (best.1, thresholds[0])
        for part in 1..<16 where part != 8 && middle + step * Double(part - 8) / 8 > 0 {
            let threshold = middle + step * Double(part - 8) / 8
            let found = error(threshold)
            if found < best.0 { best = (found, threshold) }
        }
        return ErrorCurves.Curve(errors: errors, optimum: best.1, optimalError: best.0)
    }
}

public import Quant

/// Two channels of the same distribution and different spread that share a budget: the error of every split, by formula and
/// measured.
///
/// Both channels are drawn at width 1 from samples of their own; errors and thresholds scale, so that the ratio of the spreads needs
/// no new sample.
public struct BinSplitExperiment: Hashable, Sendable {
    /// The distribution of both channels.
    public let prior: Prior
    /// M: the budget is 2 × 2^M bins, or 2 M bits.
    public let meanBits: Int
    /// Whether values below zero become zero.
    public let isRectified: Bool

    /// An experiment; bits outside of 2...8 become the nearest inside.
    public init(prior: Prior, meanBits: Int, isRectified: Bool) {
        self.prior = prior
        self.meanBits = min(
            ClippingExperiment.widths.upperBound, max(ClippingExperiment.widths.lowerBound, meanBits))
        self.isRectified = isRectified
    }

    /// The bins of both channels together.
    public var bins: Int { 2 << meanBits }

    /// The formula of a channel of width 1.
    public var expected: ClippingError { ClippingError(prior: prior, scale: 1, isRectified: isRectified) }

    /// The bins of the first channel that are tried, 1 to all but one, at most 63 of them.
    public var firstBins: [Int] {
        let step = max(1, bins / 64)
        return Array(stride(from: step, to: bins, by: step))
    }

    /// What the samples lose at width 1.
    public struct Errors: Hashable, Sendable {
        /// For each channel its error with the bins that it has in each of `firstBins`, rounded to their middles.
        public let bins: [[Double]]
        /// For each channel its error at 0...8 bits by the quantizer that nets run with; 0 bits are all zeros.
        public let bits: [[Double]]
    }

    /// Quantizes both channels' samples with all bins and bits; `nil` once `isCancelled` says so.
    public func errors(seed: UInt64, isCancelled: () -> Bool = { false }) -> Errors? {
        var binErrors: [[Double]] = []
        var bitErrors: [[Double]] = []
        for channel in 0..<2 {
            let sample = UnitSample(
                prior, count: ClippingExperiment.count / 4, isRectified: isRectified, seed: seed &+ UInt64(channel))
            var errors: [Double] = []
            for first in firstBins {
                if isCancelled() { return nil }
                let own = channel == 0 ? first : bins - first
                errors.append(
                    sample.midpointError(threshold: expected.optimalThreshold(bins: Double(own)), bins: own))
            }
            binErrors.append(errors)
            bitErrors.append(
                (0...8).map { bits in
                    bits == 0
                        ? sample.power
                        : sample.deployedError(threshold: expected.optimalThreshold(bits: bits), bits: bits)
                })
        }
        return Errors(bins: binErrors, bits: bitErrors)
    }
}

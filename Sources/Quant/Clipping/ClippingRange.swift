/// The range of values that a quantizer represents, and where it comes from.
public struct ClippingRange: Hashable, Sendable {
    /// What determined the range.
    public enum Source: String, Hashable, Sendable {
        case minMax, laplaceTail, laplacePre, laplace, gauss, measured, kl, percentile, sigmas, manual, file
    }

    /// The lower bound; 0 for a half range.
    public let lo: Double
    /// The upper bound.
    public let hi: Double
    /// The threshold α behind the bounds, before they were cut to the observed values.
    public let threshold: Double
    /// What determined it.
    public let source: Source
    /// The mean squared error of the quantizer over this range, measured on the histogram.
    public let error: Double

    /// The range that a method finds for an observed tensor at 1...8 bits.
    public init(for observation: Observation, bits: Int, method: ClippingMethod) {
        self.init(for: observation, bits: bits, method: method, threshold: nil, error: nil)
    }

    /// The range of a threshold set by hand.
    public init(for observation: Observation, bits: Int, threshold: Double) {
        self.init(for: observation, bits: bits, method: .minMax, threshold: threshold, error: nil)
    }

    /// The range of a threshold set by hand, or else of a method; `error` is that of the observation's histogram.
    init(
        for observation: Observation, bits: Int, method: ClippingMethod, threshold: Double?, error: HistogramError?
    ) {
        let search = ClippingSearch(observation, bits: bits, error: error)
        self = threshold.map { search.range(threshold: abs($0), source: .manual) } ?? search.range(method)
    }

    /// α of a channel over this range, for the division of bits: half its width, less the part of exact zeros.
    ///
    /// Zeros are represented exactly at any width, so of a channel's rounding noise α² / (3 B²) the share of the other
    /// values is left: α → α √(1 − share of zeros).
    ///
    /// Source: docs/quantization.md, section 7.
    func measure(zeroShare: Double) -> Double { (hi - lo) / 2 * max(0, 1 - zeroShare).squareRoot() }

    /// A range from its parts.
    init(lo: Double, hi: Double, threshold: Double, source: Source, error: Double) {
        self.lo = lo
        self.hi = hi
        self.threshold = threshold
        self.source = source
        self.error = error
    }
}

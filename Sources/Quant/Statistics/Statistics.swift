/// The statistics of one tensor or channel, pooled over all calibration images.
///
/// Invariant: every value is finite; without samples all are zero.
///
/// Source: docs/quantization.md, eq. 14–16.
public struct Statistics: Hashable, Sendable {
    /// The number of finite samples.
    public let count: Int
    /// The least sample.
    public let minimum: Double
    /// The greatest sample.
    public let maximum: Double
    /// The mean.
    public let mean: Double
    /// b = E|X − EX|, the scale of a Laplace distribution.
    public let meanAbsoluteDeviation: Double
    /// The unbiased standard deviation.
    public let standardDeviation: Double
    /// E(X − EX)⁴ / σ⁴ − 3: 0 for Gauss, 3 for Laplace.
    public let excessKurtosis: Double
    /// E[X | X > 0], the maximum-likelihood scale of a Laplace tail; zeros do not enter.
    public let tailMean: Double
    /// sqrt(E[X² | X > 0]).
    public let tailRootMeanSquare: Double
    /// The share of samples that are exactly zero.
    public let zeroShare: Double

    /// The statistics of samples, b apart.
    public init(_ moments: Moments, meanAbsoluteDeviation: Double) {
        count = moments.count
        let samples = Double(max(1, count))
        minimum = count > 0 ? Double(moments.minimum) : 0
        maximum = count > 0 ? Double(moments.maximum) : 0
        mean = moments.mean
        self.meanAbsoluteDeviation = meanAbsoluteDeviation
        standardDeviation = count > 1 ? (moments.second / Double(count - 1)).squareRoot() : 0
        let variance = moments.second / samples
        excessKurtosis = variance > 0 ? moments.fourth / samples / (variance * variance) - 3 : 0
        let positives = Double(max(1, moments.positive.count))
        tailMean = moments.positive.sum / positives
        tailRootMeanSquare = (moments.positive.sumOfSquares / positives).squareRoot()
        zeroShare = Double(moments.zeroCount) / samples
    }

    /// The statistics of samples that were counted.
    ///
    /// - Parameter scale: how many of the samples one count stands for; by default what their numbers say.
    public init(_ moments: Moments, _ histogram: Histogram, scale: Double? = nil) {
        self.init(moments, meanAbsoluteDeviation: histogram.meanAbsoluteDeviation(moments, scale: scale))
    }

    /// Whether no sample is negative.
    public var isHalfRange: Bool { minimum >= 0 }
}

/// One tensor or one channel as calibration saw it.
public struct Observation: Sendable {
    /// The statistics of what will be quantized.
    public let statistics: Statistics
    /// Its histogram.
    public let histogram: Histogram
    /// The statistics of what entered the ReLU or Clip before it, where there is one.
    public let preActivation: Statistics?
    /// The histogram of what entered the ReLU or Clip.
    public let preActivationHistogram: Histogram?

    /// An observation from its parts.
    public init(
        statistics: Statistics, histogram: Histogram, preActivation: Statistics? = nil,
        preActivationHistogram: Histogram? = nil
    ) {
        self.statistics = statistics
        self.histogram = histogram
        self.preActivation = preActivation
        self.preActivationHistogram = preActivationHistogram
    }
}

/// Mean squared error against threshold for one tensor at one width: Laplace prior, Gaussian prior, and measured.
public struct ErrorCurves: Sendable {
    /// One curve and where it is least.
    public struct Curve: Sendable {
        /// The error at each threshold of `ErrorCurves.thresholds`.
        public let errors: [Double]
        /// The threshold of least error.
        public let optimum: Double
        /// The error there.
        public let optimalError: Double

        /// A curve from its parts.
        public init(errors: [Double], optimum: Double, optimalError: Double) {
            self.errors = errors
            self.optimum = optimum
            self.optimalError = optimalError
        }

        /// What a formula expects at thresholds, with Ω bins.
        public init(_ expected: ClippingError, thresholds: [Double], bins: Double) {
            let optimum = expected.optimalThreshold(bins: bins)
            self.init(
                errors: thresholds.map { expected(threshold: $0, bins: bins) }, optimum: optimum,
                optimalError: expected(threshold: optimum, bins: bins))
        }
    }

    /// The thresholds, ascending.
    public let thresholds: [Double]
    /// The deployed quantizer on the histogram.
    public let measured: Curve
    /// The formula under a Laplace prior.
    public let laplace: Curve
    /// The formula under a Gaussian prior.
    public let gauss: Curve

    /// The curves of an observed tensor at 1...8 bits, at `count` thresholds.
    public init(_ observation: Observation, bits: Int, count: Int = 160) {
        let statistics = observation.statistics
        let isRectified = statistics.isHalfRange
        let bins = Double(1 << bits)
        let search = ClippingSearch(observation, bits: bits)
        let largest = search.range(.minMax).threshold
        let laplacePrior = ClippingError(
            prior: .laplace, scale: isRectified ? statistics.tailMean : statistics.meanAbsoluteDeviation,
            isRectified: isRectified)
        let gaussPrior = ClippingError(
            prior: .gauss,
            scale: isRectified
                ? observation.preActivation?.standardDeviation ?? statistics.tailRootMeanSquare
                : statistics.standardDeviation, isRectified: isRectified)
        let end = max(
            1e-12,
            min(
                max(largest, 1e-12) * 1.1,
                max(laplacePrior.optimalThreshold(bins: bins), gaussPrior.optimalThreshold(bins: bins), 1e-12) * 2.5
            )
        )
        let thresholds = (1...max(2, count)).map { end * Double($0) / Double(max(2, count)) }
        self.thresholds = thresholds
        laplace = Curve(laplacePrior, thresholds: thresholds, bins: bins)
        gauss = Curve(gaussPrior, thresholds: thresholds, bins: bins)
        let best = search.range(.measured)
        measured = Curve(
            errors: thresholds.map { search.range(threshold: $0, source: .manual).error }, optimum: best.threshold,
            optimalError: best.error)
    }
}

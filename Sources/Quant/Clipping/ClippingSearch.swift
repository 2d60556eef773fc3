/// The candidates for one tensor's clipping range at one width, measured on its histogram.
///
/// Source: docs/quantization.md, eq. 10, 12, 15–20 and section 6.
struct ClippingSearch {
    private let observation: Observation
    private let bits: Int
    private let error: HistogramError

    init(_ observation: Observation, bits: Int) {
        self.observation = observation
        self.bits = bits
        error = HistogramError(observation.histogram)
    }

    private var statistics: Statistics { observation.statistics }
    private var isHalfRange: Bool { statistics.isHalfRange }

    func range(_ method: ClippingMethod) -> ClippingRange {
        switch method {
        case .minMax: minMax
        case .laplace: isHalfRange ? laplaceTail : laplace
        case .gauss: gauss
        case .auto: best(of: [laplaceTail, laplacePre, laplace, gauss, minMax].compactMap { $0 })
        case .measured: measured
        case .kl: range(threshold: KullbackLeibler(observation, bits: bits).threshold, source: .kl)
        case .percentile(let percent): percentile(percent / 100)
        case .sigmas(let count): sigmas(count)
        }
    }

    /// The range of a threshold: [0, α], or [mean − α, mean + α], cut to the observed values.
    func range(
        threshold: Double, source: ClippingRange.Source, center: Double? = nil
    ) -> ClippingRange {
        let middle = center ?? (isHalfRange ? 0 : statistics.mean)
        // A threshold past the data wastes levels; a skewed tensor shortens its window and does not slide it.
        let hi = min(statistics.maximum, middle + threshold)
        let lo = isHalfRange ? 0 : max(statistics.minimum, middle - threshold)
        return measure(lo: min(lo, hi), hi: hi, threshold: threshold, source: source)
    }

    private func measure(lo: Double, hi: Double, threshold: Double, source: ClippingRange.Source) -> ClippingRange {
        ClippingRange(
            lo: lo, hi: hi, threshold: threshold, source: source,
            error: error(AffineQuantizer(bits: bits, lo: lo, hi: hi)))
    }

    private var minMax: ClippingRange {
        measure(
            lo: isHalfRange ? 0 : statistics.minimum, hi: statistics.maximum,
            threshold: isHalfRange
                ? statistics.maximum
                : max(statistics.maximum - statistics.mean, statistics.mean - statistics.minimum), source: .minMax)
    }

    /// A rectified tensor by the mean of its positive values.
    private var laplaceTail: ClippingRange {
        guard isHalfRange else { return laplace }
        return range(
            threshold: optimum(.laplace, scale: statistics.tailMean, isRectified: true), source: .laplaceTail)
    }

    /// A rectified tensor by b of what entered the ReLU.
    private var laplacePre: ClippingRange? {
        guard isHalfRange, let before = observation.preActivation else { return nil }
        return range(
            threshold: optimum(.laplace, scale: before.meanAbsoluteDeviation, isRectified: true),
            source: .laplacePre, center: max(before.mean, 0))
    }

    private var laplace: ClippingRange {
        guard !isHalfRange else { return laplaceTail }
        return range(
            threshold: optimum(.laplace, scale: statistics.meanAbsoluteDeviation, isRectified: false),
            source: .laplace)
    }

    /// Gauss by σ of what entered the ReLU; without one, by the root mean square of the positive values.
    private var gauss: ClippingRange {
        guard isHalfRange else {
            return range(
                threshold: optimum(.gauss, scale: statistics.standardDeviation, isRectified: false), source: .gauss)
        }
        if let before = observation.preActivation {
            return range(
                threshold: optimum(.gauss, scale: before.standardDeviation, isRectified: true), source: .gauss,
                center: max(before.mean, 0))
        }
        return range(
            threshold: optimum(.gauss, scale: statistics.tailRootMeanSquare, isRectified: true), source: .gauss)
    }

    private func optimum(_ prior: Prior, scale: Double, isRectified: Bool) -> Double {
        ClippingError(prior: prior, scale: scale, isRectified: isRectified).optimalThreshold(bits: bits)
    }

    /// The least measured error; the earlier of two equal ones.
    private func best(of candidates: [ClippingRange]) -> ClippingRange {
        candidates.dropFirst().reduce(candidates[0]) { $1.error < $0.error ? $1 : $0 }
    }

    /// The least measured error over thresholds: a grid, then a finer one around its best.
    private var measured: ClippingRange {
        let largest = minMax.threshold
        guard largest > 0 else { return minMax }
        var best = range(threshold: largest, source: .measured)
        var (from, to) = (0.0, largest)
        for _ in 0..<3 {
            let step = (to - from) / 48
            for index in 1...48 {
                let candidate = range(threshold: from + Double(index) * step, source: .measured)
                if candidate.error < best.error { best = candidate }
            }
            (from, to) = (max(0, best.threshold - step), min(largest, best.threshold + step))
        }
        return best
    }

    private func percentile(_ probability: Double) -> ClippingRange {
        let hi = observation.histogram.quantile(probability)
        let lo = isHalfRange ? 0 : observation.histogram.quantile(1 - probability)
        let middle = isHalfRange ? 0 : statistics.mean
        return measure(
            lo: lo, hi: max(lo, hi), threshold: max(hi - middle, middle - lo), source: .percentile)
    }

    private func sigmas(_ count: Double) -> ClippingRange {
        if isHalfRange, let before = observation.preActivation {
            return range(
                threshold: count * before.standardDeviation, source: .sigmas, center: max(before.mean, 0))
        }
        return range(threshold: count * statistics.standardDeviation, source: .sigmas, center: statistics.mean)
    }
}

/// The candidates for one tensor's clipping range at one width, measured on its histogram.
///
/// Source: docs/quantization.md, eq. 10, 12, 15–20 and section 6.
struct ClippingSearch {
    /// A range before its error is measured.
    private struct Candidate {
        let lo: Double
        let hi: Double
        let threshold: Double
        let source: ClippingRange.Source
    }

    private let observation: Observation
    private let bits: Int
    private let error: HistogramError

    /// A search; `error` is the one of the observation's histogram, made once for several widths.
    init(_ observation: Observation, bits: Int, error: HistogramError? = nil) {
        self.observation = observation
        self.bits = bits
        self.error = error ?? HistogramError(observation.histogram)
    }

    private var statistics: Statistics { observation.statistics }
    private var isHalfRange: Bool { statistics.isHalfRange }

    func range(_ method: ClippingMethod) -> ClippingRange {
        switch method {
        case .minMax: measure(minMax)
        case .laplace: measure(isHalfRange ? laplaceTail : laplace)
        case .gauss: measure(gauss)
        case .auto: best(of: [laplaceTail, laplacePre, laplace, gauss, minMax].compactMap { $0 })
        case .measured: measured
        case .kl: range(threshold: KullbackLeibler(observation, bits: bits).threshold, source: .kl)
        case .percentile(let percent): measure(percentile(percent / 100))
        case .sigmas(let count): measure(sigmas(count))
        case .range(let low, let high):
            measure(
                Candidate(
                    lo: low, hi: high,
                    threshold: isHalfRange ? high : max(high - statistics.mean, statistics.mean - low),
                    source: .file))
        }
    }

    /// The range of a threshold: [0, α], or [mean − α, mean + α], cut to the observed values.
    func range(threshold: Double, source: ClippingRange.Source) -> ClippingRange {
        measure(candidate(threshold: threshold, source: source))
    }

    private func candidate(
        threshold: Double, source: ClippingRange.Source, center: Double? = nil
    ) -> Candidate {
        let middle = center ?? (isHalfRange ? 0 : statistics.mean)
        // A threshold past the data wastes levels; a skewed tensor shortens its window and does not slide it.
        let hi = min(statistics.maximum, middle + threshold)
        let lo = isHalfRange ? 0 : max(statistics.minimum, middle - threshold)
        return Candidate(lo: min(lo, hi), hi: hi, threshold: threshold, source: source)
    }

    private func measure(_ candidate: Candidate) -> ClippingRange {
        ClippingRange(
            lo: candidate.lo, hi: candidate.hi, threshold: candidate.threshold, source: candidate.source,
            error: error(AffineQuantizer(bits: bits, lo: candidate.lo, hi: candidate.hi)))
    }

    private var minMax: Candidate {
        Candidate(
            lo: isHalfRange ? 0 : statistics.minimum, hi: statistics.maximum,
            threshold: isHalfRange
                ? statistics.maximum
                : max(statistics.maximum - statistics.mean, statistics.mean - statistics.minimum), source: .minMax)
    }

    /// A rectified tensor by the mean of its positive values.
    private var laplaceTail: Candidate {
        guard isHalfRange else { return laplace }
        return candidate(
            threshold: optimum(.laplace, scale: statistics.tailMean, isRectified: true), source: .laplaceTail)
    }

    /// A rectified tensor by b of what entered the ReLU.
    private var laplacePre: Candidate? {
        guard isHalfRange, let before = observation.preActivation else { return nil }
        return candidate(
            threshold: optimum(.laplace, scale: before.meanAbsoluteDeviation, isRectified: true),
            source: .laplacePre, center: max(before.mean, 0))
    }

    private var laplace: Candidate {
        guard !isHalfRange else { return laplaceTail }
        return candidate(
            threshold: optimum(.laplace, scale: statistics.meanAbsoluteDeviation, isRectified: false),
            source: .laplace)
    }

    /// Gauss by σ of what entered the ReLU; without one, by the root mean square of the positive values.
    private var gauss: Candidate {
        guard isHalfRange else {
            return candidate(
                threshold: optimum(.gauss, scale: statistics.standardDeviation, isRectified: false), source: .gauss)
        }
        if let before = observation.preActivation {
            return candidate(
                threshold: optimum(.gauss, scale: before.standardDeviation, isRectified: true), source: .gauss,
                center: max(before.mean, 0))
        }
        return candidate(
            threshold: optimum(.gauss, scale: statistics.tailRootMeanSquare, isRectified: true), source: .gauss)
    }

    private func optimum(_ prior: Prior, scale: Double, isRectified: Bool) -> Double {
        ClippingError(prior: prior, scale: scale, isRectified: isRectified).optimalThreshold(bits: bits)
    }

    /// The least measured error; the earlier of two equal ones.
    ///
    /// Equal ranges, frequent at high widths where all thresholds pass the data, are measured once.
    private func best(of candidates: [Candidate]) -> ClippingRange {
        var measured: [ClippingRange] = []
        for candidate in candidates
        where !measured.contains(where: { $0.lo == candidate.lo && $0.hi == candidate.hi }) {
            measured.append(measure(candidate))
        }
        return measured.dropFirst().reduce(measured[0]) { $1.error < $0.error ? $1 : $0 }
    }

    /// The least measured error over thresholds: a grid, then twice a finer one around its best, 1/2048 of the largest
    /// threshold in the end.
    private var measured: ClippingRange {
        let largest = minMax.threshold
        guard largest > 0 else { return measure(minMax) }
        var best = range(threshold: largest, source: .measured)
        var (from, to) = (0.0, largest)
        for count in [32, 16, 16] {
            let step = (to - from) / Double(count)
            for index in 1...count {
                let candidate = range(threshold: from + Double(index) * step, source: .measured)
                if candidate.error < best.error { best = candidate }
            }
            (from, to) = (max(0, best.threshold - step), min(largest, best.threshold + step))
        }
        return best
    }

    private func percentile(_ probability: Double) -> Candidate {
        // The outermost bins reach beyond the samples.
        let hi = min(statistics.maximum, observation.histogram.quantile(probability))
        let lo = isHalfRange ? 0 : max(statistics.minimum, observation.histogram.quantile(1 - probability))
        let middle = isHalfRange ? 0 : statistics.mean
        return Candidate(lo: lo, hi: max(lo, hi), threshold: max(hi - middle, middle - lo), source: .percentile)
    }

    private func sigmas(_ count: Double) -> Candidate {
        if isHalfRange, let before = observation.preActivation {
            return candidate(
                threshold: count * before.standardDeviation, source: .sigmas, center: max(before.mean, 0))
        }
        return candidate(threshold: count * statistics.standardDeviation, source: .sigmas, center: statistics.mean)
    }
}

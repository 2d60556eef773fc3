import Glibc

/// The threshold whose clipped and quantized histogram diverges least from the observed one.
///
/// For each candidate threshold the clipped histogram P (its tails added to the outermost bins) is compared with Q, the
/// same histogram merged into the quantizer's levels and spread back over the bins that were not empty. Thresholds
/// start at as many bins as levels; a histogram must have several times as many, or nothing would ever be clipped.
///
/// Source: S. Migacz, "8-bit inference with TensorRT", 2017; docs/quantization.md, eq. 21.
struct KullbackLeibler {
    private let observation: Observation
    private let levels: Int

    init(_ observation: Observation, bits: Int) {
        self.observation = observation
        // Folding a full range about its mean leaves half of the levels for the magnitudes.
        levels = observation.statistics.isHalfRange ? 1 << bits : 1 << (bits - 1)
    }

    /// The best threshold: a distance from the mean, or from 0 for a half range.
    var threshold: Double {
        let statistics = observation.statistics
        let magnitudes = foldedCounts
        let largest =
            statistics.isHalfRange
            ? statistics.maximum
            : max(statistics.maximum - statistics.mean, statistics.mean - statistics.minimum)
        guard largest > 0, magnitudes.count > levels else { return largest }
        var best = (divergence: Double.infinity, bins: magnitudes.count)
        for bins in stride(from: levels, through: magnitudes.count, by: max(1, magnitudes.count / 256)) {
            let divergence = divergence(magnitudes, bins: bins)
            if divergence < best.divergence { best = (divergence, bins) }
        }
        return largest * Double(best.bins) / Double(magnitudes.count)
    }

    /// Counts of |x − centre| over [0, largest]; exact zeros of a half range are represented exactly and left out.
    private var foldedCounts: [Double] {
        let histogram = observation.histogram
        let statistics = observation.statistics
        if statistics.isHalfRange { return histogram.counts.map(Double.init) }
        let largest = max(statistics.maximum - statistics.mean, statistics.mean - statistics.minimum)
        guard largest > 0 else { return [] }
        // As wide as the histogram's own bins: narrower ones would leave gaps between the folded centres.
        let count = min(histogram.counts.count, max(1, Int((largest / histogram.binWidth).rounded())))
        var folded = [Double](repeating: 0, count: count)
        func add(_ value: Double, _ mass: Double) {
            let bin = Int(abs(value - statistics.mean) / largest * Double(folded.count))
            folded[min(bin, folded.count - 1)] += mass
        }
        for (bin, count) in histogram.counts.enumerated() { add(histogram.center(of: bin), Double(count)) }
        add(0, Double(histogram.zeroCount))
        return folded
    }

    private func divergence(_ counts: [Double], bins: Int) -> Double {
        var clipped = Array(counts[..<bins])
        clipped[bins - 1] += counts[bins...].reduce(0, +)
        let total = clipped.reduce(0, +)
        guard total > 0 else { return .infinity }
        var sum = 0.0
        var lost = 0.0
        for level in 0..<levels {
            let cell = level * bins / levels..<(level + 1) * bins / levels
            // Q is made from the histogram without the tails: the tails are what clipping loses.
            let mass = counts[cell].reduce(0, +)
            let filled = Double(cell.count { counts[$0] > 0 })
            for bin in cell where clipped[bin] > 0 {
                guard counts[bin] > 0, mass > 0 else {
                    lost += clipped[bin] / total
                    continue
                }
                sum += clipped[bin] / total * log(clipped[bin] * filled / mass)
            }
        }
        let kept = counts[..<bins].reduce(0, +)
        // Q sums to the mass that was not clipped; normalizing it adds the logarithm of that share.
        return sum + (1 - lost) * log(max(kept, 1e-12) / total) + lost * 20
    }
}

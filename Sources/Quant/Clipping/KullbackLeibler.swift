import Glibc

/// The threshold whose clipped and quantized histogram diverges least from the observed one.
///
/// For each candidate threshold the clipped histogram P (its tails added to the outermost bins) is compared with Q, the
/// same histogram merged into the quantizer's levels and spread back over the bins that were not empty. Thresholds
/// start at as many bins as levels; a histogram must have several times as many, or nothing would ever be clipped.
///
/// Source: S. Migacz, "8-bit inference with TensorRT", 2017; docs/quantization.md, eq. 21.
struct KullbackLeibler {
    private let levels: Int
    private let largest: Double
    /// Counts of the distance from the mean, or from 0 for a half range, over [0, largest].
    private let counts: [Double]
    /// Prefix sums over `counts` of c, of bins that are not empty, and of c log c: a cell of the quantizer costs one
    /// logarithm, however many bins it merges.
    private var mass: [Double] = [0]
    private var filled: [Double] = [0]
    private var entropy: [Double] = [0]

    init(_ observation: Observation, bits: Int) {
        let statistics = observation.statistics
        // Folding a full range about its mean leaves half of the levels for the magnitudes.
        levels = statistics.isHalfRange ? 1 << bits : 1 << (bits - 1)
        largest =
            statistics.isHalfRange
            ? statistics.maximum
            : max(statistics.maximum - statistics.mean, statistics.mean - statistics.minimum)
        counts = KullbackLeibler.foldedCounts(observation, largest: largest)
        for count in counts {
            mass.append(mass[mass.count - 1] + count)
            filled.append(filled[filled.count - 1] + (count > 0 ? 1 : 0))
            entropy.append(entropy[entropy.count - 1] + (count > 0 ? count * log(count) : 0))
        }
    }

    /// The best threshold: a distance from the mean, or from 0 for a half range.
    var threshold: Double {
        guard largest > 0, counts.count > levels else { return largest }
        var best = (divergence: Double.infinity, bins: counts.count)
        for bins in stride(from: levels, through: counts.count, by: max(1, counts.count / 128)) {
            let divergence = divergence(bins: bins)
            if divergence < best.divergence { best = (divergence, bins) }
        }
        return largest * Double(best.bins) / Double(counts.count)
    }

    /// Exact zeros of a half range are represented exactly and left out.
    private static func foldedCounts(_ observation: Observation, largest: Double) -> [Double] {
        let histogram = observation.histogram
        let mean = observation.statistics.mean
        if observation.statistics.isHalfRange { return histogram.counts.map(Double.init) }
        guard largest > 0 else { return [] }
        // As wide as the histogram's own bins: narrower ones would leave gaps between the folded centres.
        let count = min(histogram.counts.count, max(1, Int((largest / histogram.binWidth).rounded())))
        var folded = [Double](repeating: 0, count: count)
        func add(_ value: Double, _ mass: Double) {
            let bin = Int(abs(value - mean) / largest * Double(folded.count))
            folded[min(bin, folded.count - 1)] += mass
        }
        for (bin, count) in histogram.counts.enumerated() { add(histogram.center(of: bin), Double(count)) }
        add(0, Double(histogram.zeroCount))
        return folded
    }

    /// The divergence of the first `bins` bins, the tail added to their last, from their levels.
    ///
    /// Q is made from the histogram without the tail: the tail is what clipping loses.
    func divergence(bins: Int) -> Double {
        let total = mass[counts.count]
        guard total > 0 else { return .infinity }
        var sum = entropy[bins]
        var last = (mass: 0.0, filled: 0.0)
        for level in 0..<levels {
            let (from, to) = (level * bins / levels, (level + 1) * bins / levels)
            last = (mass[to] - mass[from], filled[to] - filled[from])
            if last.mass > 0 { sum += last.mass * log(last.filled / last.mass) }
        }
        let tail = total - mass[bins]
        var lost = 0.0
        if tail > 0 {
            // The tail joins the last bin in P only; where Q has nothing there, its mass is lost.
            let count = counts[bins - 1]
            if count > 0 {
                let factor = last.filled / last.mass
                sum += (count + tail) * log((count + tail) * factor) - count * log(count * factor)
            } else {
                lost = tail / total
            }
        }
        // Q sums to the mass that was not clipped; normalizing it adds the logarithm of that share.
        return sum / total + (1 - lost) * log(max(mass[bins], 1e-12) / total) + lost * 20
    }
}

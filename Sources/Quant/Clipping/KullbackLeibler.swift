import Glibc

/// The threshold whose clipped and quantized histogram diverges least from the observed one.
///
/// For each candidate threshold the clipped histogram P (its tails added to the outermost bins) is compared with Q, the
/// same histogram merged into the quantizer's levels and spread back over the bins that were not empty. Thresholds
/// start at as many bins as levels; a histogram must have several times as many, or nothing would ever be clipped.
///
/// Source: S. Migacz, "8-bit inference with TensorRT", 2017; docs/quantization.md, eq. 21.
struct KullbackLeibler {
    private let bits: Int
    private let largest: Double
    /// Counts of the distance from the mean, or from 0 for a half range, over [0, largest].
    private let counts: [Double]
    /// Prefix sums over `counts` of c, of bins that are not empty, and of c log c, side by side: a cell of the quantizer
    /// costs two look-ups and one logarithm, however many bins it merges.
    private let sums: [SIMD4<Double>]

    init(_ observation: Observation, bits: Int) {
        let statistics = observation.statistics
        // Folding a full range about its mean leaves half of the levels for the magnitudes.
        self.bits = statistics.isHalfRange ? bits : bits - 1
        let largest =
            statistics.isHalfRange
            ? statistics.maximum
            : max(statistics.maximum - statistics.mean, statistics.mean - statistics.minimum)
        self.largest = largest
        let counts = KullbackLeibler.foldedCounts(observation, largest: largest)
        self.counts = counts
        let logarithm = Logarithm.natural
        sums = [SIMD4<Double>](unsafeUninitializedCapacity: counts.count + 1) { sums, initialized in
            var sum = SIMD4<Double>.zero
            for (bin, count) in counts.enumerated() {
                sums.initializeElement(at: bin, to: sum)
                if count > 0 { sum += SIMD4(count, 1, count * logarithm(count), 0) }
            }
            sums.initializeElement(at: counts.count, to: sum)
            initialized = counts.count + 1
        }
    }

    private var levels: Int { 1 << bits }

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
        let total = sums[counts.count][0]
        guard total > 0 else { return .infinity }
        let clipped = sums[bins]
        var sum = clipped[2]
        var last = SIMD4<Double>.zero
        let logarithm = Logarithm.natural
        sums.withUnsafeBufferPointer { sums in
            var lower = SIMD4<Double>.zero
            for level in 1...levels {
                let upper = sums[(level * bins) >> bits]
                last = upper - lower
                if last[0] > 0 { sum += last[0] * logarithm(last[1] / last[0]) }
                lower = upper
            }
        }
        let tail = total - clipped[0]
        var lost = 0.0
        if tail > 0 {
            // The tail joins the last bin in P only; where Q has nothing there, its mass is lost.
            let count = counts[bins - 1]
            if count > 0 {
                let factor = last[1] / last[0]
                sum += (count + tail) * log((count + tail) * factor) - count * log(count * factor)
            } else {
                lost = tail / total
            }
        }
        // Q sums to the mass that was not clipped; normalizing it adds the logarithm of that share.
        return sum / total + (1 - lost) * log(max(clipped[0], 1e-12) / total) + lost * 20
    }
}

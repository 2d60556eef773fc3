/// Counts of samples in equal bins over [lo, hi], exact zeros apart.
///
/// Zeros are kept apart because rectified tensors are mostly zeros and every quantizer here represents zero exactly:
/// spread over a bin they would add an error that does not exist. Inside a bin the samples are taken as uniform.
public struct Histogram: Hashable, Sendable {
    /// The lower edge of the first bin.
    public let lo: Double
    /// The upper edge of the last bin.
    public let hi: Double
    /// Samples per bin, without exact zeros.
    public private(set) var counts: [Int]
    /// Samples that are exactly zero.
    public private(set) var zeroCount = 0

    /// An empty histogram; a range without width or not finite becomes a narrow one around its value.
    public init(lo: Double, hi: Double, bins: Int) {
        precondition(bins > 0, "a histogram has bins")
        let low = lo.isFinite ? lo : 0
        let high = hi.isFinite ? hi : 0
        let width = Swift.max(abs(low), abs(high), 1e-30) * 1e-6
        self.lo = low
        self.hi = high - low >= width ? high : low + width
        counts = [Int](repeating: 0, count: bins)
    }

    /// Samples counted elsewhere, in bins of equal width from `lo` on; there must be one bin at least.
    public init(lo: Double, binWidth: Double, counts: [Int], zeroCount: Int) {
        precondition(!counts.isEmpty && lo.isFinite && binWidth > 0, "a histogram has bins")
        self.lo = lo
        hi = lo + binWidth * Double(counts.count)
        self.counts = counts
        self.zeroCount = zeroCount
    }

    /// The width of a bin.
    public var binWidth: Double { (hi - lo) / Double(counts.count) }

    /// All samples.
    public var total: Int { counts.reduce(zeroCount, &+) }

    /// The centre of a bin.
    public func center(of bin: Int) -> Double { lo + (Double(bin) + 0.5) * binWidth }

    /// Adds samples: those outside the range go to the outermost bins, those not finite are left out.
    public mutating func add(_ samples: UnsafeBufferPointer<Float>) {
        let factor = Float(Swift.min(Double(counts.count) / (hi - lo), Double(Float.greatestFiniteMagnitude)))
        let origin = Float(lo)
        let last = Float(counts.count - 1)
        var zeros = 0
        counts.withUnsafeMutableBufferPointer { counts in
            for sample in samples {
                if sample == 0 {
                    zeros += 1
                    continue
                }
                let position = (sample - origin) * factor
                // NaN fails the first comparison and an infinity the second.
                guard position == position, sample - sample == 0 else { continue }
                counts[Int(Swift.max(0, Swift.min(position, last)))] += 1
            }
        }
        zeroCount += zeros
    }

    /// b = E|X − EX| of samples that have these moments, and this distribution in bins with an edge at 0.
    ///
    /// Only the samples between 0 and the mean are taken from the bins, by a cubic through their cumulative counts; the
    /// rest are exact sums.
    ///
    /// Source: docs/quantization.md, eq. 14a.
    public func meanAbsoluteDeviation(_ moments: Moments) -> Double {
        let (n, mean, positive) = (Double(moments.count), moments.mean, moments.positive)
        guard n > 0, total > 0 else { return 0 }
        // Deviations below the mean sum to those above; the side that holds 0 is summed.
        let exact =
            mean > 0
            ? mean * (n - Double(positive.count)) - (mean * n - positive.sum)
            : positive.sum - mean * Double(positive.count + moments.zeroCount)
        let sum = exact + n / Double(total) * binWidth * countsTowards(mean)
        // No mean absolute deviation exceeds the root of the mean square.
        return Swift.max(0, Swift.min(2 * sum / n, (moments.second / n).squareRoot()))
    }

    /// The integral over t from 0 to `end`, in bins, of the number of samples between 0 and t.
    private func countsTowards(_ end: Double) -> Double {
        let edge = Int((-lo / binWidth).rounded())
        let reach = abs(end) / binWidth
        // Bins are numbered from 0 towards the end; the samples may begin further out.
        let first = Swift.max(0, end > 0 ? -edge : edge - counts.count)
        func samples(_ step: Int) -> Double? {
            let bin = end > 0 ? edge + step : edge - 1 - step
            return counts.indices.contains(bin) ? Double(counts[bin]) : nil
        }
        var (inside, integral) = (0.0, 0.0)
        var (last, this) = (samples(first - 1), samples(first))
        for step in first..<Swift.max(first, Int(reach) + 1) {
            guard let own = this else { break }
            let next = samples(step + 1)
            let (before, after) = (last ?? own, next ?? own)
            (last, this) = (own, next)
            // The density that has these three bins' counts: a + b u + c u² for u from 0 to 1.
            let (b, c) = (own - before, (after - 2 * own + before) / 2)
            let a = own - b / 2 - c / 3
            let u = Swift.min(1, reach - Double(step))
            integral += u * (inside + u * (a / 2 + u * (b / 6 + u * c / 12)))
            inside += own
        }
        return integral
    }

    /// E[X²] under the histogram.
    public var power: Double {
        let width = binWidth
        var sum = 0.0
        for (bin, count) in counts.enumerated() where count > 0 {
            let center = center(of: bin)
            sum += Double(count) * (center * center + width * width / 12)
        }
        return sum / Double(Swift.max(1, total))
    }

    /// The value below which a share `probability` of the samples lies, interpolated inside its bin.
    public func quantile(_ probability: Double) -> Double {
        let target = Swift.min(1, Swift.max(0, probability)) * Double(total)
        var below = 0.0
        var zerosAreBelow = false
        for (bin, count) in counts.enumerated() {
            let edge = lo + Double(bin) * binWidth
            if !zerosAreBelow, edge + binWidth > 0 {
                zerosAreBelow = true
                below += Double(zeroCount)
                if below >= target, zeroCount > 0 { return Swift.max(0, Swift.min(lo, 0)) }
            }
            if below + Double(count) >= target, count > 0 {
                return edge + (target - below) / Double(count) * binWidth
            }
            below += Double(count)
        }
        return hi
    }
}

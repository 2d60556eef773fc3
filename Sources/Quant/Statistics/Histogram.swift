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

    /// b = E|X − EX| of samples that have these moments, and this distribution in bins of which one has an edge at 0.
    ///
    /// - Parameter scale: how many of the samples one count stands for; by default what their numbers say.
    ///
    /// Source: docs/quantization.md, eq. 14a.
    public func meanAbsoluteDeviation(_ moments: Moments, scale: Double? = nil) -> Double {
        let edge = Int((-lo / binWidth).rounded())
        return moments.meanAbsoluteDeviation(
            binWidth: binWidth, bins: -edge...counts.count - 1 - edge,
            scale: scale ?? Double(moments.count) / Double(Swift.max(1, total))
        ) { counts[edge + $0] }
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

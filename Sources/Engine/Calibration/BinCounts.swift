internal import CKernels
internal import Quant

/// Counts of samples, other than zeros, in bins that start at zero and are a power of two wide, for one or more lanes.
///
/// A lane's bins are the narrowest of which fewer than `bins` hold the samples. When the range outgrows them their width
/// doubles and neighbours are added up, which is exact: the counts are those that bins of the final width would have
/// had from the start, whatever the order of the samples.
///
/// Bin i, from i w to (i + 1) w, has the row i modulo `bins`, so that the range may grow to either side.
struct BinCounts: Sendable {
    /// The most bins of a lane; a power of two.
    let bins: Int
    private let lanes: Int
    private var ranges: [BinRange?]
    private var inverseWidths: [Float]
    /// [bins][lanes], and room for what kernels do not count.
    private var counts: [UInt32]
    /// What 32 bits could not hold any more; empty until then.
    private var full: [Int] = []
    /// The most samples that one of `counts` may hold by now.
    private var samples = 0
    private let limit: Int

    /// No samples yet; `limit` is what a counter holds before it is emptied.
    init(bins: Int, lanes: Int, limit: Int = Int(UInt32.max)) {
        precondition(bins > 0 && bins & (bins - 1) == 0, "rows are found by a mask")
        self.bins = bins
        self.lanes = lanes
        self.limit = limit
        ranges = [BinRange?](repeating: nil, count: lanes)
        inverseWidths = [Float](repeating: 1, count: lanes)
        counts = [UInt32](repeating: 0, count: bins * lanes + MapLayout.lanes)
    }

    /// Makes room for samples in a closed range, which need not be covered yet.
    mutating func cover(_ lo: Float, _ hi: Float, lane: Int = 0) {
        guard let range = ranges[lane] else {
            let range = BinRange(lo: lo, hi: hi, bins: bins)
            ranges[lane] = range
            inverseWidths[lane] = range.inverseWidth
            return
        }
        guard lo < range.lo || hi > range.hi else { return }
        let wider = BinRange(lo: min(lo, range.lo), hi: max(hi, range.hi), bins: bins)
        let shift = wider.exponent - range.exponent
        if shift > 0 {
            counts.addUpNeighbours(range.indices, by: shift, bins: bins, lanes: lanes, lane: lane)
            if !full.isEmpty {
                full.addUpNeighbours(range.indices, by: shift, bins: bins, lanes: lanes, lane: lane)
            }
        }
        ranges[lane] = wider
        inverseWidths[lane] = wider.inverseWidth
    }

    /// Lets a kernel count up to `samples` samples in each lane; their ranges must be covered.
    mutating func add(samples: Int, _ count: (UnsafePointer<NKBins>) -> Void) {
        if self.samples + samples > limit { empty() }
        self.samples += samples
        counts.withUnsafeMutableBufferPointer { counts in
            inverseWidths.withUnsafeBufferPointer { inverseWidths in
                let bins = NKBins(
                    counts: counts.baseAddress, bins: Int32(bins), inverseWidths: inverseWidths.baseAddress)
                withUnsafePointer(to: bins, count)
            }
        }
    }

    /// Adds the counts of as many bins and lanes; or those of several lanes to one.
    mutating func merge(_ other: BinCounts) {
        precondition(other.bins == bins && (other.lanes == lanes || lanes == 1), "the same shape")
        let more = lanes == 1 ? other.samples * other.lanes : other.samples
        let fits = samples + more <= limit && other.full.isEmpty
        if fits { samples += more } else { empty() }
        for source in 0..<other.lanes {
            let lane = lanes == 1 ? 0 : source
            guard let range = other.ranges[source] else { continue }
            cover(range.lo, range.hi, lane: lane)
            // Never negative: the lane's range holds that of the source.
            let shift = (ranges[lane]?.exponent ?? range.exponent) - range.exponent
            for bin in range.indices {
                let from = (bin & (bins - 1)) * other.lanes + source
                let to = (bin >> shift & (bins - 1)) * lanes + lane
                if fits {
                    counts[to] += other.counts[from]
                } else {
                    full[to] += Int(other.counts[from]) + (other.full.isEmpty ? 0 : other.full[from])
                }
            }
        }
    }

    /// All lanes in one, in bins as wide as those of the widest or wider.
    var together: BinCounts {
        var one = BinCounts(bins: bins, lanes: 1, limit: limit)
        one.merge(self)
        return one
    }

    /// The samples of a lane, and so many zeros.
    func histogram(lane: Int = 0, zeroCount: Int) -> Histogram {
        guard let range = ranges[lane] else { return Histogram(lo: 0, hi: 0, bins: bins) }
        let indices = range.indices
        let found = indices.map { bin in
            let index = (bin & (bins - 1)) * lanes + lane
            return Int(counts[index]) + (full.isEmpty ? 0 : full[index])
        }
        return Histogram(
            lo: Double(indices.lowerBound) * range.width, binWidth: range.width, counts: found, zeroCount: zeroCount
        )
    }

    /// Moves what was counted to where there is room for any number.
    private mutating func empty() {
        if full.isEmpty { full = [Int](repeating: 0, count: counts.count) }
        for index in counts.indices { full[index] += Int(counts[index]) }
        counts = [UInt32](repeating: 0, count: counts.count)
        samples = 0
    }
}

/// A range of samples and the bins that hold it.
struct BinRange: Hashable, Sendable {
    let lo: Float
    let hi: Float
    /// Bins are 2^exponent wide: as narrow as their number allows, but not narrower than the last bit of the largest value,
    /// so that 24 bits hold a bin's index.
    let exponent: Int

    init(lo: Float, hi: Float, bins: Int) {
        self.lo = lo
        self.hi = hi
        let largest = max(abs(lo), abs(hi))
        // The inverse of the width is a normal number too.
        let narrowest = -126
        var exponent = largest > 0 ? max(narrowest, Int(largest.exponent) - 23) : narrowest
        while Self.bin(of: hi, exponent) - Self.bin(of: lo, exponent) >= bins { exponent += 1 }
        self.exponent = exponent
    }

    /// The width of a bin.
    var width: Double { Double(sign: .plus, exponent: exponent, significand: 1) }

    var inverseWidth: Float { Float(sign: .plus, exponent: -exponent, significand: 1) }

    /// The bins that hold the range.
    var indices: ClosedRange<Int> { Self.bin(of: lo, exponent)...Self.bin(of: hi, exponent) }

    private static func bin(of sample: Float, _ exponent: Int) -> Int {
        Int((Double(sample) * Double(sign: .plus, exponent: -exponent, significand: 1)).rounded(.down))
    }
}

extension Array where Element: FixedWidthInteger {
    /// Moves a lane's counts to bins that are 2^shift times as wide.
    fileprivate mutating func addUpNeighbours(
        _ indices: ClosedRange<Int>, by shift: Int, bins: Int, lanes: Int, lane: Int
    ) {
        let kept = indices.map { self[($0 & (bins - 1)) * lanes + lane] }
        for bin in indices { self[(bin & (bins - 1)) * lanes + lane] = 0 }
        for (bin, count) in zip(indices, kept) { self[(bin >> shift & (bins - 1)) * lanes + lane] += count }
    }
}

internal import CKernels
internal import Quant

/// Counts of samples, other than zeros, in bins that start at zero and are a power of two wide, for one or more lanes.
///
/// A lane's bins are the narrowest of which fewer than `bins` hold the samples. When the range outgrows them their width
/// doubles and neighbours are added up, which is exact: the counts are those that bins of the final width would have
/// had from the start, whatever the order of the samples.
///
/// Bin i, from i w to (i + 1) w, has the row i modulo `bins`, so that the range may grow to either side.
struct BinCounts<Counter: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
    /// The most bins of a lane; a power of two.
    let bins: Int
    private let lanes: Int
    /// The samples' range in each lane.
    private(set) var ranges: [BinRange?]
    private var inverseWidths: [Float]
    /// [lane][bins]; 16 for what is beyond a rectifier's bound; and room for what kernels do not count.
    fileprivate private(set) var counts: [Counter]
    /// What the counters could not hold any more; empty until then.
    fileprivate private(set) var full: [Int] = []
    /// The most samples that one of `counts` may hold by now.
    fileprivate private(set) var samples = 0
    private let limit: Int

    /// No samples yet; `limit` is what a counter holds before it is emptied.
    init(bins: Int, lanes: Int, limit: Int = Int(Counter.max)) {
        precondition(bins > 0 && bins & (bins - 1) == 0, "rows are found by a mask")
        self.bins = bins
        self.lanes = lanes
        self.limit = limit
        ranges = [BinRange?](repeating: nil, count: lanes)
        inverseWidths = [Float](repeating: 1, count: lanes)
        counts = [Counter](repeating: 0, count: bins * lanes + 2 * MapLayout.lanes)
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
            counts.addUpNeighbours(range.indices, by: shift, rows(of: lane))
            if !full.isEmpty { full.addUpNeighbours(range.indices, by: shift, rows(of: lane)) }
        }
        ranges[lane] = wider
        inverseWidths[lane] = wider.inverseWidth
    }

    /// Lets a kernel count up to `samples` samples in each lane, whose ranges must be covered: by counters, and the inverse
    /// widths of the lanes' bins.
    mutating func add(samples: Int, _ count: (UnsafeMutablePointer<Counter>, UnsafePointer<Float>) -> Void) {
        makeRoom(for: samples)
        counts.withUnsafeMutableBufferPointer { counts in
            inverseWidths.withUnsafeBufferPointer { inverseWidths in
                guard let counters = counts.baseAddress, let inverseWidths = inverseWidths.baseAddress
                else { return }
                count(counters, inverseWidths)
            }
        }
    }

    /// Covers the samples of an empty lane, in bins as wide as those of another range or wider.
    mutating func begin(_ lo: Float, _ hi: Float, lane: Int, asWideAs other: BinRange?) {
        let range = BinRange(lo: lo, hi: hi, bins: bins, narrowest: other?.exponent ?? -126)
        ranges[lane] = range
        inverseWidths[lane] = range.inverseWidth
    }

    /// Adds lanes of other counts, of as many bins, to one lane.
    ///
    /// - Parameter isWithin: that the samples counted lie within the range of this lane, whose bins are as wide or wider.
    mutating func merge<Other>(
        _ other: BinCounts<Other>, lanes sources: some Sequence<Int>, into lane: Int = 0, isWithin: Bool = false
    ) {
        precondition(other.bins == bins, "as many bins")
        for source in sources {
            guard let range = other.ranges[source], !isWithin || ranges[lane] != nil else { continue }
            let fits = samples + other.samples <= limit && other.full.isEmpty
            if fits { samples += other.samples } else { empty() }
            if !isWithin { cover(range.lo, range.hi, lane: lane) }
            // Never negative: the lane's range holds that of the source.
            let shift = (ranges[lane]?.exponent ?? range.exponent) - range.exponent
            let (from, to) = (other.rows(of: source), rows(of: lane))
            if fits {
                counts.add(other.counts, range.indices, from, shiftedBy: shift, to)
            } else {
                full.add(other.counts, range.indices, from, shiftedBy: shift, to)
                if !other.full.isEmpty { full.add(other.full, range.indices, from, shiftedBy: shift, to) }
            }
        }
    }

    /// Adds the counts of as many bins, of one lane.
    mutating func merge(_ other: BinCounts) { merge(other, lanes: 0..<1) }

    /// The samples of a lane, so many zeros, and those that a rectifier with this bound cut, at the bound.
    func histogram(lane: Int = 0, zeroCount: Int, cutAt high: Float = .infinity) -> Histogram {
        guard let range = ranges[lane] else { return Histogram(lo: 0, hi: 0, bins: bins) }
        let (indices, rows) = (range.indices, rows(of: lane))
        var found = [Int](repeating: 0, count: indices.count)
        found.add(counts, indices, rows, from: indices.lowerBound)
        if !full.isEmpty { found.add(full, indices, rows, from: indices.lowerBound) }
        if high >= range.lo, high <= range.hi {
            let cut = bins * lanes + lane
            found[range.bin(of: high) - indices.lowerBound] += Int(counts[cut]) + (full.isEmpty ? 0 : full[cut])
        }
        return Histogram(
            lo: Double(indices.lowerBound) * range.width, binWidth: range.width, counts: found, zeroCount: zeroCount
        )
    }

    /// Where a lane's counters are.
    fileprivate func rows(of lane: Int) -> CounterRows {
        CounterRows(first: lane * bins, mask: bins - 1)
    }

    /// The most samples that a counter holds.
    private var largest: Int {
        let counters = bins * lanes + MapLayout.lanes
        return counts.withUnsafeBufferPointer { Int($0[..<counters].reduce(0) { Swift.max($0, $1) }) }
    }

    /// Sees that every counter can hold so many samples more.
    private mutating func makeRoom(for samples: Int) {
        if self.samples + samples > limit {
            self.samples = largest
            if self.samples + samples > limit { empty() }
        }
        self.samples += samples
    }

    /// Moves what was counted to where there is room for any number.
    private mutating func empty() {
        if full.isEmpty { full = [Int](repeating: 0, count: counts.count) }
        for index in counts.indices { full[index] += Int(counts[index]) }
        counts = [Counter](repeating: 0, count: counts.count)
        samples = 0
    }
}

extension BinCounts<UInt16> {
    /// Adds as many lanes of as many bins, which are empty afterwards.
    mutating func take(_ other: inout BinCounts, isa: InstructionSet) {
        precondition(other.bins == bins && other.lanes == lanes && other.full.isEmpty, "counts of the same form")
        makeRoom(for: other.samples)
        for lane in 0..<lanes {
            guard let range = other.ranges[lane] else { continue }
            cover(range.lo, range.hi, lane: lane)
            guard let wide = ranges[lane] else { continue }
            if wide.exponent > range.exponent {
                other.counts.addUpNeighbours(range.indices, by: wide.exponent - range.exponent, rows(of: lane))
            }
            other.ranges[lane] = nil
        }
        other.samples = 0
        let count = bins * lanes + MapLayout.lanes
        counts.withUnsafeMutableBufferPointer { counts in
            other.counts.withUnsafeMutableBufferPointer { others in
                guard let to = counts.baseAddress, let from = others.baseAddress else { return }
                nk_move_counts(isa.level, from, to, Int32(count))
            }
        }
    }
}

/// The counters of one lane.
fileprivate struct CounterRows {
    let first: Int
    /// All of them: the number of bins less one.
    let mask: Int

    /// The counter of a bin.
    @inline(__always)
    subscript(bin: Int) -> Int { first + (bin & mask) }

    /// Calls `body` with bins whose counters follow one another: all of a range, or its two parts.
    @inline(__always)
    func forEachRun(of bins: ClosedRange<Int>, _ body: (Range<Int>) -> Void) {
        var start = bins.lowerBound
        while start <= bins.upperBound {
            let end = Swift.min(bins.upperBound, start | mask) + 1
            body(start..<end)
            start = end
        }
    }
}

extension Array where Element: FixedWidthInteger {
    /// Moves a lane's counts to bins that are 2^shift times as wide.
    fileprivate mutating func addUpNeighbours(_ bins: ClosedRange<Int>, by shift: Int, _ rows: CounterRows) {
        let lane = rows.first...rows.first + rows.mask
        // All are taken out first: a wider bin may have the row of one that is still to move.
        let kept = Array(self[lane])
        withUnsafeMutableBufferPointer { $0[lane].update(repeating: 0) }
        add(kept, bins, CounterRows(first: 0, mask: rows.mask), shiftedBy: shift, rows)
    }

    /// Adds a lane's counts to one whose bins are 2^shift times as wide; no sum is beyond what a counter holds.
    fileprivate mutating func add<Count: FixedWidthInteger>(
        _ counts: [Count], _ bins: ClosedRange<Int>, _ from: CounterRows, shiftedBy shift: Int, _ to: CounterRows
    ) {
        // Bins are below 2^24: further shifts give the same bin, and a lane of zeros has any shift up to 250.
        let shift = Swift.min(shift, 32)
        withUnsafeMutableBufferPointer { sums in
            counts.withUnsafeBufferPointer { counts in
                from.forEachRun(of: bins) { run in
                    let (first, target) = (from[run.lowerBound], to[run.lowerBound])
                    if shift == 0 {
                        for i in 0..<run.count {
                            sums[target + i] &+= Element(truncatingIfNeeded: counts[first + i])
                        }
                        return
                    }
                    // A wider bin's counts are added up before they go to memory.
                    var (bin, row) = (run.lowerBound, first)
                    while bin < run.upperBound {
                        let wide = bin &>> shift
                        let end = Swift.min(run.upperBound, (wide + 1) &<< shift)
                        var sum: Element = 0
                        while bin < end {
                            sum &+= Element(truncatingIfNeeded: counts[row])
                            bin += 1
                            row += 1
                        }
                        sums[to[wide]] &+= sum
                    }
                }
            }
        }
    }

    /// Adds a lane's counts, those of bin `origin` first.
    fileprivate mutating func add<Count: FixedWidthInteger>(
        _ counts: [Count], _ bins: ClosedRange<Int>, _ rows: CounterRows, from origin: Int
    ) {
        withUnsafeMutableBufferPointer { sums in
            counts.withUnsafeBufferPointer { counts in
                rows.forEachRun(of: bins) { run in
                    let (first, target) = (rows[run.lowerBound], run.lowerBound - origin)
                    for i in 0..<run.count { sums[target + i] &+= Element(truncatingIfNeeded: counts[first + i]) }
                }
            }
        }
    }
}

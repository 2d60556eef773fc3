internal import CKernels
internal import Quant

/// Counts of samples, other than zeros, in bins that start at zero and are a power of two wide, for one or more lanes.
///
/// A lane's bins are the narrowest of which fewer than `bins` hold the samples. When the range outgrows them their width
/// doubles and neighbours are added up, which is exact: the counts are those that bins of the final width would have
/// had from the start, whatever the order of the samples.
///
/// Bin i, from i w to (i + 1) w, has the row i modulo `bins`, so that the range may grow to either side.
struct BinCounts<Counter: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>: Sendable {
    /// The most bins of a lane; a power of two.
    let bins: Int
    let lanes: Int
    /// The samples' range in each lane; without any, the lower end is greater.
    private(set) var lows, highs: [Float]
    /// How wide each lane's bins are.
    private(set) var inverseWidths: [Float]
    /// Where counters start.
    private var start = 0
    /// From `start` on: [lane][bins]; 16 for what is beyond a rectifier's bound; and 16 that kernels may add zeros to.
    ///
    /// Empty until there are samples: whoever counts the first then has the memory in the cache.
    fileprivate private(set) var counts: [Counter] = []
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
        lows = [Float](repeating: .infinity, count: lanes)
        highs = [Float](repeating: -.infinity, count: lanes)
        inverseWidths = [Float](repeating: 1, count: lanes)
    }

    /// Makes room for counters, before anything else is done with them.
    private mutating func makeCounters() {
        if counts.isEmpty { (counts, start) = [Counter].onCacheLine(count: bins * lanes + 2 * MapLayout.lanes) }
    }

    /// The samples' range in a lane, if there are any.
    func range(of lane: Int = 0) -> BinRange? {
        guard lows[lane] <= highs[lane] else { return nil }
        return BinRange(lo: lows[lane], hi: highs[lane], inverseWidth: inverseWidths[lane])
    }

    /// Makes room for samples in a closed range, which need not be covered yet; none if `lo` is greater.
    mutating func cover(_ lo: Float, _ hi: Float, lane: Int = 0) {
        guard lo <= hi, lo < lows[lane] || hi > highs[lane] else { return }
        makeCounters()
        if let range = range(of: lane), range.surelyHolds(lo, hi, bins: bins) {
            (lows[lane], highs[lane]) = (min(lo, lows[lane]), max(hi, highs[lane]))
            return
        }
        let wider = BinRange(lo: min(lo, lows[lane]), hi: max(hi, highs[lane]), bins: bins)
        if let range = range(of: lane), wider.exponent > range.exponent {
            let shift = wider.exponent - range.exponent
            counts.addUpNeighbours(range.indices, by: shift, rows(of: lane))
            if !full.isEmpty { full.addUpNeighbours(range.indices, by: shift, rows(of: lane)) }
        }
        (lows[lane], highs[lane]) = (wider.lo, wider.hi)
        inverseWidths[lane] = wider.inverseWidth
    }

    /// Lets a kernel add up to `samples` samples to each counter; lanes' ranges must be covered.
    mutating func add(samples: Int, _ add: (UnsafeMutablePointer<Counter>) -> Void) {
        makeCounters()
        makeRoom(for: samples)
        counts.withUnsafeMutableBufferPointer { counts in
            if let counters = counts.baseAddress { add(counters + start) }
        }
    }

    /// Counts samples beyond a rectifier's bound, so many in each lane; there must be room for them.
    mutating func addClipped(_ clipped: [UInt16]) {
        for (lane, count) in clipped.enumerated() { counts[start + bins * lanes + lane] += Counter(count) }
    }

    /// Adds lanes of other counts, of as many bins, to one lane.
    ///
    /// - Parameter isWithin: that the samples counted lie within the range of this lane, whose bins are as wide or wider.
    mutating func merge<Other>(
        _ other: BinCounts<Other>, lanes sources: some Sequence<Int>, into lane: Int = 0, isWithin: Bool = false
    ) {
        precondition(other.bins == bins, "as many bins")
        for source in sources {
            guard let range = other.range(of: source), !isWithin || self.range(of: lane) != nil else { continue }
            let fits = samples + other.samples <= limit && other.full.isEmpty
            if fits { samples += other.samples } else { empty() }
            if !isWithin { cover(range.lo, range.hi, lane: lane) }
            // Never negative: the lane's range holds that of the source.
            let shift = (self.range(of: lane)?.exponent ?? range.exponent) - range.exponent
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
        guard let range = range(of: lane) else { return Histogram(lo: 0, hi: 0, bins: bins) }
        let (indices, rows) = (range.indices, rows(of: lane))
        var found = [Int](unsafeUninitializedCapacity: indices.count) { found, count in
            counts.withUnsafeBufferPointer { counts in
                guard let counts = counts.baseAddress, let found = found.baseAddress else { return }
                rows.forEachRun(of: indices) { run in
                    let (source, target) = (
                        counts + rows[run.lowerBound], found + (run.lowerBound - indices.lowerBound)
                    )
                    for i in 0..<run.count { target[i] = Int(truncatingIfNeeded: source[i]) }
                }
            }
            count = indices.count
        }
        if !full.isEmpty { found.add(full, indices, rows, from: indices.lowerBound) }
        if high >= range.lo, high <= range.hi {
            let cut = start + bins * lanes + lane
            found[range.bin(of: high) - indices.lowerBound] += Int(counts[cut]) + (full.isEmpty ? 0 : full[cut])
        }
        return Histogram(
            lo: Double(indices.lowerBound) * range.width, binWidth: range.width, counts: found, zeroCount: zeroCount
        )
    }

    /// b of samples that have these moments, without their histogram: they count in two lanes, of which the first has wider bins and
    /// the range of all.
    func meanAbsoluteDeviation(_ moments: Moments, _ lane: Int, and narrow: Int) -> Double {
        guard let range = range(of: lane) else { return 0 }
        let narrower = self.range(of: narrow)
        // Bins are below 2^24: further shifts give the same bin.
        let shift = min(narrower.map { range.exponent - $0.exponent } ?? 0, 25)
        let (wideRows, narrowRows) = (rows(of: lane), rows(of: narrow))
        let indices = narrower?.indices
        return counts.withUnsafeBufferPointer { counts in
            full.withUnsafeBufferPointer { full in
                moments.meanAbsoluteDeviation(binWidth: range.width, bins: range.indices) { bin in
                    func count(_ row: Int) -> Int { Int(counts[row]) &+ (full.isEmpty ? 0 : full[row]) }
                    var sum = count(wideRows[bin])
                    guard let indices else { return sum }
                    let (first, end) = (
                        max(indices.lowerBound, bin &<< shift), min(indices.upperBound &+ 1, (bin &+ 1) &<< shift)
                    )
                    for own in first..<max(first, end) { sum &+= count(narrowRows[own]) }
                    return sum
                }
            }
        }
    }

    /// Where a lane's counters are.
    fileprivate func rows(of lane: Int) -> CounterRows {
        CounterRows(first: start + lane * bins, mask: bins - 1)
    }

    /// The most samples that a counter holds.
    private var largest: Int {
        counts.withUnsafeBufferPointer { Int($0.reduce(0) { Swift.max($0, $1) }) }
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
        makeCounters()
        if full.isEmpty { full = [Int](repeating: 0, count: counts.count) }
        for index in counts.indices { full[index] += Int(counts[index]) }
        counts.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
        samples = 0
    }
}

extension BinCounts<UInt32> {
    /// Adds the first lanes of other counts, whose samples this lane covers in bins as wide or wider.
    mutating func add(_ other: BinCounts<UInt16>, lanes: Int, isa: InstructionSet) {
        guard other.full.isEmpty else { return merge(other, lanes: 0..<lanes, isWithin: true) }
        let (bins, inverseWidth) = (bins, inverseWidths[0])
        add(samples: lanes * other.samples) { counters in
            other.withBins { bin in
                nk_add_counts(
                    isa.level, bin, Int32(lanes),
                    NKWholeBins(counts: counters, bins: Int32(bins), inverseWidth: inverseWidth))
            }
        }
    }
}

extension BinCounts<UInt16> {
    /// The counters as kernels read them.
    fileprivate func withBins(_ body: (NKBlockBins) -> Void) {
        counts.withUnsafeBufferPointer { counts in
            lows.withUnsafeBufferPointer { lows in
                highs.withUnsafeBufferPointer { highs in
                    inverseWidths.withUnsafeBufferPointer { inverseWidths in
                        body(
                            NKBlockBins(
                                counts: UnsafeMutablePointer(mutating: counts.baseAddress.map { $0 + start }),
                                bins: Int32(bins), stride: Int32(bins), lows: lows.baseAddress,
                                highs: highs.baseAddress, inverseWidths: inverseWidths.baseAddress))
                    }
                }
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
        withPointers(counts) { sums, counts in
            from.forEachRun(of: bins) { run in
                let source = counts + from[run.lowerBound]
                guard shift > 0 else {
                    // Lanes are equally long: what follows one another here does so there.
                    return Self.add(source, run.count, to: sums + to[run.lowerBound])
                }
                /// The counts of some of the run's bins, which are those of one wider bin.
                func add(_ bins: Range<Int>) {
                    var sum: Element = 0
                    for bin in bins { sum &+= Element(truncatingIfNeeded: source[bin &- run.lowerBound]) }
                    sums[to[bins.lowerBound &>> shift]] &+= sum
                }
                // Whole wider bins of two, the usual width, go by vectors.
                let pairs = (run.lowerBound + 1) &>> 1..<run.upperBound &>> 1
                guard shift == 1, !pairs.isEmpty else {
                    var start = run.lowerBound
                    while start < run.upperBound {
                        let end = Swift.min(run.upperBound, (start &>> shift &+ 1) &<< shift)
                        add(start..<end)
                        start = end
                    }
                    return
                }
                if run.lowerBound < 2 * pairs.lowerBound { add(run.lowerBound..<run.lowerBound + 1) }
                to.forEachRun(of: pairs.lowerBound...pairs.upperBound - 1) { pairs in
                    Self.addPairs(
                        source + (2 * pairs.lowerBound - run.lowerBound), pairs.count,
                        to: sums + to[pairs.lowerBound])
                }
                if run.upperBound > 2 * pairs.upperBound { add(run.upperBound - 1..<run.upperBound) }
            }
        }
    }

    /// Adds a lane's counts, those of bin `origin` first.
    fileprivate mutating func add<Count: FixedWidthInteger>(
        _ counts: [Count], _ bins: ClosedRange<Int>, _ rows: CounterRows, from origin: Int
    ) {
        withPointers(counts) { sums, counts in
            rows.forEachRun(of: bins) { run in
                Self.add(counts + rows[run.lowerBound], run.count, to: sums + (run.lowerBound - origin))
            }
        }
    }

    /// Adds counts that follow one another.
    @inline(__always)
    private static func add<Count: FixedWidthInteger>(
        _ counts: UnsafePointer<Count>, _ count: Int, to sums: UnsafeMutablePointer<Element>
    ) {
        // The compiler makes vectors of this.
        for i in 0..<count { sums[i] &+= Element(truncatingIfNeeded: counts[i]) }
    }

    /// Adds sums of two neighbours each.
    @inline(__always)
    private static func addPairs<Count: FixedWidthInteger>(
        _ counts: UnsafePointer<Count>, _ pairs: Int, to sums: UnsafeMutablePointer<Element>
    ) {
        for i in 0..<pairs {
            sums[i] &+=
                Element(truncatingIfNeeded: counts[2 &* i]) &+ Element(truncatingIfNeeded: counts[2 &* i &+ 1])
        }
    }

    @inline(__always)
    private mutating func withPointers<Count>(
        _ counts: [Count], _ body: (UnsafeMutablePointer<Element>, UnsafePointer<Count>) -> Void
    ) {
        withUnsafeMutableBufferPointer { sums in
            counts.withUnsafeBufferPointer { counts in
                if let sums = sums.baseAddress, let counts = counts.baseAddress { body(sums, counts) }
            }
        }
    }
}

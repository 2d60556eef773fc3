internal import Quant

/// Counts of each channel of a tensor, which all threads add to: whole numbers need no order.
///
/// Each block of 16 channels has a lock of its own.
/// Where a tensor enters a rectifier, two tables serve it and what leaves the rectifier: one counts the samples that are
/// kept, in bins of the narrower range, the other those that the rectifier changes.
struct ChannelCounts: Sendable {
    /// Which of the two tables count.
    private enum Tables {
        /// There is but one.
        case one
        case both
        /// What leaves the rectifier: what it keeps, and at its upper bound what is beyond.
        case kept(high: Float)
    }

    private let blocks: [Shared<BinCounts<UInt16>>]
    private let tables: Tables
    /// The most bins of a channel.
    let bins: Int

    /// Counters of one block, for one thread: they stay in its cache, where those of all blocks do not, and what they counted
    /// goes to the others in the order of the memory.
    struct Local {
        fileprivate var one, both: BinCounts<UInt16>

        init(bins: Int) {
            one = BinCounts(bins: bins, lanes: MapLayout.lanes)
            both = BinCounts(bins: bins, lanes: 2 * MapLayout.lanes)
        }
    }

    /// No samples yet; `bins` is the most bins of a channel, a power of two.
    init(channels: Int, bins: Int, entersRectifier: Bool = false) {
        let lanes = entersRectifier ? 2 * MapLayout.lanes : MapLayout.lanes
        tables = entersRectifier ? .both : .one
        self.bins = bins
        blocks = (0..<(channels + MapLayout.lanes - 1) / MapLayout.lanes).map { _ in
            Shared(BinCounts<UInt16>(bins: bins, lanes: lanes))
        }
    }

    private init(_ blocks: [Shared<BinCounts<UInt16>>], _ tables: Tables, bins: Int) {
        self.blocks = blocks
        self.tables = tables
        self.bins = bins
    }

    /// The counts of what leaves the rectifier, min(max(x, 0), high): the same counters, read differently.
    func rectified(high: Float) -> ChannelCounts { ChannelCounts(blocks, .kept(high: high), bins: bins) }

    /// Lets a kernel count up to `samples` samples in each of a block's lanes.
    ///
    /// - Parameters:
    ///   - local: the thread's counters, with as many bins.
    ///   - begin: covers the samples' ranges, in bins as wide as those so far or wider.
    ///   - count: see `BinCounts.add`.
    func add(
        samples: Int, block: Int, local: inout Local, isa: InstructionSet,
        begin: (inout BinCounts<UInt16>, [BinRange?]) -> Void,
        _ count: (UnsafeMutablePointer<UInt16>, UnsafePointer<Float>) -> Void
    ) {
        func add(_ local: inout BinCounts<UInt16>) {
            begin(&local, blocks[block].withLock { $0.ranges })
            local.add(samples: samples, count)
            blocks[block].withLock { $0.take(&local, isa: isa) }
        }
        if case .one = tables { add(&local.one) } else { add(&local.both) }
    }

    /// All channels together, in bins as wide as those of the widest channel or wider.
    var whole: BinCounts<UInt32> {
        let parts = blocks.map { block in block.withLock { $0 } }
        return parts.reduce(into: BinCounts<UInt32>(bins: parts[0].bins, lanes: 1)) { whole, part in
            for lane in 0..<MapLayout.lanes { add(part, lane, to: &whole) }
        }
    }

    /// The samples of a channel, and so many zeros.
    func histogram(of channel: Int, zeroCount: Int) -> Histogram {
        let counts = blocks[channel / MapLayout.lanes].withLock { $0 }
        let lane = channel % MapLayout.lanes
        switch tables {
        case .one: return counts.histogram(lane: lane, zeroCount: zeroCount)
        case .kept(let high): return counts.histogram(lane: lane, zeroCount: zeroCount, cutAt: high)
        case .both:
            var together = BinCounts<UInt32>(bins: counts.bins, lanes: 1)
            add(counts, lane, to: &together)
            return together.histogram(zeroCount: zeroCount)
        }
    }

    private func add(_ counts: BinCounts<UInt16>, _ lane: Int, to sum: inout BinCounts<UInt32>) {
        switch tables {
        case .one, .kept: sum.merge(counts, lanes: [lane])
        case .both:
            // The second table's range is that of all samples; the first one's holds zeros, which may not be among them.
            sum.merge(counts, lanes: [MapLayout.lanes + lane])
            sum.merge(counts, lanes: [lane], isWithin: true)
        }
    }
}

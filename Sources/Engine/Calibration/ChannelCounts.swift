internal import CKernels
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
    /// The lanes that a channel's samples are spread over.
    private let lanesPerChannel: Int
    /// The most bins of a channel.
    let bins: Int

    /// No samples yet; `bins` is the most bins of a channel, a power of two.
    init(channels: Int, lanesPerChannel: Int = 1, bins: Int, entersRectifier: Bool = false) {
        precondition(lanesPerChannel == 1 || !entersRectifier, "what enters a rectifier is looked at in blocks")
        let lanes = entersRectifier ? 2 * MapLayout.lanes : MapLayout.lanes
        tables = entersRectifier ? .both : .one
        self.lanesPerChannel = lanesPerChannel
        self.bins = bins
        blocks = (0..<(channels * lanesPerChannel + MapLayout.lanes - 1) / MapLayout.lanes).map { _ in
            Shared(BinCounts<UInt16>(bins: bins, lanes: lanes))
        }
    }

    private init(_ counts: ChannelCounts, _ tables: Tables) {
        blocks = counts.blocks
        lanesPerChannel = counts.lanesPerChannel
        bins = counts.bins
        self.tables = tables
    }

    /// The counts of what leaves the rectifier, min(max(x, 0), high): the same counters, read differently.
    func rectified(high: Float) -> ChannelCounts { ChannelCounts(self, .kept(high: high)) }

    /// Makes room in a block for the samples that `local` covers, and chooses bins as narrow for them.
    func chooseBins(_ local: inout BlockCounts, block: Int, whole: BinCounts<UInt32>?) {
        blocks[block].withLock {
            local.widen(&$0)
            local.chooseBins($0, whole: whole)
        }
    }

    /// Takes what was counted, besides so many samples beyond a rectifier's bound.
    func take(
        _ local: inout BlockCounts, block: Int, clipped: [UInt16], whole: NKWholeBins, isa: InstructionSet
    ) {
        blocks[block].withLock {
            local.move(to: &$0, whole: whole, isa: isa)
            $0.addClipped(clipped)
        }
    }

    /// All channels together, in bins as wide as those of the widest channel or wider.
    func whole(isa: InstructionSet) -> BinCounts<UInt32> {
        let parts = blocks.map { block in block.withLock { $0 } }
        var whole = BinCounts<UInt32>(bins: bins, lanes: 1)
        // The second table's range is that of all samples; the first one's holds zeros, which may not be among them.
        let (first, lanes) =
            switch tables {
            case .both: (MapLayout.lanes, 2 * MapLayout.lanes)
            case .one, .kept: (0, MapLayout.lanes)
            }
        for part in parts {
            for lane in first..<lanes { whole.cover(part.lows[lane], part.highs[lane]) }
        }
        for part in parts { whole.add(part, lanes: lanes, isa: isa) }
        return whole
    }

    /// The samples of a channel, and so many zeros.
    func histogram(of channel: Int, zeroCount: Int) -> Histogram {
        withCounts(of: channel) { counts, lane in histogram(counts, lane, zeroCount) }
    }

    /// The statistics of a channel's samples, which have these moments.
    func statistics(of channel: Int, _ moments: Moments) -> Statistics {
        withCounts(of: channel) { counts, lane in
            guard case .both = tables else {
                return Statistics(moments, histogram(counts, lane, moments.zeroCount), scale: 1)
            }
            return Statistics(
                moments,
                meanAbsoluteDeviation: counts.meanAbsoluteDeviation(moments, MapLayout.lanes + lane, and: lane))
        }
    }

    /// Shows the counts of a channel's block, and which lane is its first.
    private func withCounts<Result: Sendable>(
        of channel: Int, _ body: (BinCounts<UInt16>, _ lane: Int) -> Result
    ) -> Result {
        let first = channel * lanesPerChannel
        return blocks[first / MapLayout.lanes].withLock { body($0, first % MapLayout.lanes) }
    }

    private func histogram(_ counts: BinCounts<UInt16>, _ lane: Int, _ zeroCount: Int) -> Histogram {
        switch tables {
        case .one where lanesPerChannel == 1: return counts.histogram(lane: lane, zeroCount: zeroCount)
        case .kept(let high): return counts.histogram(lane: lane, zeroCount: zeroCount, cutAt: high)
        case .one, .both: break
        }
        var together = BinCounts<UInt32>(bins: bins, lanes: 1)
        if case .both = tables {
            together.merge(counts, lanes: [MapLayout.lanes + lane])
            together.merge(counts, lanes: [lane], isWithin: true)
        } else {
            together.merge(counts, lanes: lane..<lane + lanesPerChannel)
        }
        return together.histogram(zeroCount: zeroCount)
    }
}

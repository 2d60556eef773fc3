internal import Quant

/// Counts of each channel of a tensor.
struct ChannelCounts: Sendable {
    private var blocks: [BinCounts]

    /// No samples yet; `bins` is the most bins of a channel, a power of two.
    init(channels: Int, bins: Int) {
        let blocks = (channels + MapLayout.lanes - 1) / MapLayout.lanes
        self.blocks = [BinCounts](repeating: BinCounts(bins: bins, lanes: MapLayout.lanes), count: blocks)
    }

    /// The counts of 16 channels, one in each lane.
    subscript(block block: Int) -> BinCounts {
        get { blocks[block] }
        _modify { yield &blocks[block] }
    }

    /// All channels together, in bins as wide as those of the widest channel or wider.
    var whole: BinCounts {
        blocks.reduce(into: BinCounts(bins: blocks[0].bins, lanes: 1)) { $0.merge($1) }
    }

    /// The samples of a channel, and so many zeros.
    func histogram(of channel: Int, zeroCount: Int) -> Histogram {
        blocks[channel / MapLayout.lanes].histogram(lane: channel % MapLayout.lanes, zeroCount: zeroCount)
    }
}

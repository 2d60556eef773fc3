internal import Quant

/// The moments of a tensor's channels, and counts of the whole if there are any: what several images show, in a form that
/// merges.
struct TensorStatistics: Sendable {
    /// The moments of each channel.
    private(set) var channels: [Moments]
    private var counts: BinCounts<UInt32>?

    init(channels: [Moments], counts: BinCounts<UInt32>?) {
        self.channels = channels
        self.counts = counts
    }

    /// Adds what other images show.
    mutating func merge(_ other: TensorStatistics) {
        for (channel, moments) in other.channels.enumerated() { channels[channel].merge(moments) }
        if let more = other.counts { counts?.merge(more) }
    }

    /// All channels together.
    var whole: (moments: Moments, histogram: Histogram?) {
        let moments = channels.reduce(into: Moments()) { $0.merge($1) }
        return (moments, counts?.histogram(zeroCount: moments.zeroCount))
    }
}

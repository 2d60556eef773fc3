internal import CKernels

/// Counters of one block of channels, for one thread: they stay in its cache, where those of all blocks do not.
///
/// What a kernel counted is moved to the channels' counters and to those of the whole tensor, in the order of the memory; so
/// a lane's bins are as narrow as the narrower ones of the two.
struct BlockCounts: Sendable {
    /// The most bins of a lane: as many as a whole tensor has.
    static let bins = 4096
    /// Counters from one lane to the next.
    ///
    /// The first cache finds lines by their address modulo 4096 bytes: bins near zero, which count most, are four lines further
    /// on in each lane.
    private static let stride = bins + 128
    /// Lanes of both tables: what a rectifier changes counts in the second.
    private static let lanes = 2 * MapLayout.lanes

    /// As of `NKBlockBins`; counters of lanes that carry data are zero between two uses.
    private var (counts, start) = [UInt16].onCacheLine(count: (stride + 1) * lanes)
    private var lows = [Float](repeating: .infinity, count: lanes)
    private var highs = [Float](repeating: -.infinity, count: lanes)
    private var inverseWidths = [Float](repeating: 1, count: lanes)

    /// The samples that each lane may have counted, and has not moved yet.
    private(set) var pending = 0
    /// Whether some of them are beyond a rectifier's bound.
    private(set) var isClipped = false
    /// The lanes that carry data.
    private var dataLanes = 0

    /// Whether `samples` more in each lane, in the ranges of a block's moments, find room in the bins as they are.
    ///
    /// - Parameter rectified: the moments of what leaves a rectifier, if there is one: that counts in the first table.
    func hasRoom(
        for samples: Int, _ rows: UnsafePointer<Double>, rectified: UnsafePointer<Double>?
    ) -> Bool {
        guard pending > 0, pending + samples <= Int(UInt16.max) else { return pending == 0 }
        func fits(_ rows: UnsafePointer<Double>, first: Int) -> Bool {
            let (least, greatest) = Self.ranges(rows)
            return (0..<dataLanes).allSatisfy { lane in
                guard least[lane] <= greatest[lane] else { return true }
                let (low, high) = (lows[first + lane], highs[first + lane])
                let extent = max(Float(greatest[lane]), high) - min(Float(least[lane]), low)
                return low <= high && extent * inverseWidths[first + lane] < Float(Self.bins - 2)
            }
        }
        return fits(rectified ?? rows, first: 0) && (rectified == nil || fits(rows, first: MapLayout.lanes))
    }

    /// Takes the ranges of a block's moments for those of the samples to come, besides those of samples that are pending.
    ///
    /// - Parameter lanes: the lanes that carry data.
    mutating func cover(_ rows: UnsafePointer<Double>, rectified: UnsafePointer<Double>?, lanes: Int) {
        let isEmpty = pending == 0
        func cover(
            _ rows: UnsafePointer<Double>, _ lows: UnsafeMutablePointer<Float>, _ highs: UnsafeMutablePointer<Float>
        ) {
            let (least, greatest) = Self.ranges(rows)
            for lane in 0..<MapLayout.lanes {
                let isUsed = lane < lanes
                let (low, high) = (
                    isUsed ? Float(least[lane]) : .infinity, isUsed ? Float(greatest[lane]) : -.infinity
                )
                lows[lane] = isEmpty || low < lows[lane] ? low : lows[lane]
                highs[lane] = isEmpty || high > highs[lane] ? high : highs[lane]
            }
        }
        dataLanes = lanes
        lows.withUnsafeMutableBufferPointer { lows in
            highs.withUnsafeMutableBufferPointer { highs in
                guard let lows = lows.baseAddress, let highs = highs.baseAddress else { return }
                cover(rectified ?? rows, lows, highs)
                if rectified != nil { cover(rows, lows + MapLayout.lanes, highs + MapLayout.lanes) }
            }
        }
    }

    private static func ranges(_ rows: UnsafePointer<Double>) -> (
        least: UnsafePointer<Double>, greatest: UnsafePointer<Double>
    ) {
        (rows + Int(NKMomentLeast) * MapLayout.lanes, rows + Int(NKMomentGreatest) * MapLayout.lanes)
    }

    /// The range of all that counts in the first table; without any, the lower end is greater.
    var range: (lo: Float, hi: Float) {
        (lows[..<MapLayout.lanes].min() ?? .infinity, highs[..<MapLayout.lanes].max() ?? -.infinity)
    }

    /// Makes channels cover the ranges.
    func widen(_ channels: inout BinCounts<UInt16>) {
        let isCovered = (0..<channels.lanes).allSatisfy {
            lows[$0] >= channels.lows[$0] && highs[$0] <= channels.highs[$0]
        }
        guard !isCovered else { return }
        for lane in 0..<channels.lanes { channels.cover(lows[lane], highs[lane], lane: lane) }
    }

    /// Chooses bins as narrow as those of the channels and of the whole tensor, which cover the ranges.
    mutating func chooseBins(_ channels: BinCounts<UInt16>, whole: BinCounts<UInt32>?) {
        for lane in 0..<channels.lanes { inverseWidths[lane] = channels.inverseWidths[lane] }
        guard let whole else { return }
        for lane in 0..<MapLayout.lanes { inverseWidths[lane] = max(inverseWidths[lane], whole.inverseWidths[0]) }
    }

    /// Chooses bins as narrow as those of the whole tensor.
    mutating func chooseBins(whole: BinCounts<UInt32>) {
        for lane in 0..<MapLayout.lanes { inverseWidths[lane] = whole.inverseWidths[0] }
    }

    /// Lets a kernel count up to so many samples in each lane.
    mutating func count(samples: Int, isClipped: Bool, _ body: (NKBlockBins) -> Void) {
        withBins(body)
        pending += samples
        self.isClipped = self.isClipped || isClipped
    }

    /// Shows the counters to a kernel.
    mutating func withBins(_ body: (NKBlockBins) -> Void) {
        counts.withUnsafeMutableBufferPointer { counts in
            lows.withUnsafeBufferPointer { lows in
                highs.withUnsafeBufferPointer { highs in
                    inverseWidths.withUnsafeBufferPointer { inverseWidths in
                        body(
                            NKBlockBins(
                                counts: counts.baseAddress.map { $0 + start }, bins: Int32(Self.bins),
                                stride: Int32(Self.stride), lows: lows.baseAddress, highs: highs.baseAddress,
                                inverseWidths: inverseWidths.baseAddress))
                    }
                }
            }
        }
    }

    /// Moves all counts to those of the channels and of the whole tensor, which are made to cover them.
    mutating func move(to channels: inout BinCounts<UInt16>, whole: NKWholeBins, isa: InstructionSet) {
        widen(&channels)
        let (lanes, bins, widths) = (channels.lanes, channels.bins, channels.inverseWidths)
        channels.add(samples: pending) { counters in
            widths.withUnsafeBufferPointer { widths in
                let channels = NKChannelBins(
                    counts: counters, bins: Int32(bins), inverseWidths: widths.baseAddress)
                withBins { nk_move_counts(isa.level, $0, Int32(lanes), channels, whole) }
            }
        }
        pending = 0
    }

    /// Moves all counts to those of the whole tensor.
    mutating func move(to whole: NKWholeBins, isa: InstructionSet) {
        withBins { nk_move_counts(isa.level, $0, Int32(MapLayout.lanes), NKChannelBins(), whole) }
        pending = 0
    }

    /// How many samples of each lane that carries data were beyond a rectifier's bound; not any more.
    mutating func takeClipped() -> [UInt16] {
        guard isClipped else { return [] }
        isClipped = false
        let first = start + Self.stride * Self.lanes
        let clipped = Array(counts[first..<first + dataLanes])
        for lane in 0..<MapLayout.lanes { counts[first + lane] = 0 }
        return clipped
    }
}

internal import CKernels
internal import Quant

/// What some images show of one tensor: sums over each channel, and counts of the whole if they are asked for.
struct TensorSums: Sendable {
    /// The most bins of a whole tensor.
    private static let bins = 4096

    private static let columns = Int(NKWholeColumns)

    private let channels: Int
    /// Rows as of `nk_add_moments`, block after block.
    private var rows: [Double]
    private var whole: BinCounts?

    /// No images yet.
    init(channels: Int, countsWhole: Bool) {
        self.channels = channels
        whole = countsWhole ? BinCounts(bins: Self.bins, lanes: Self.columns) : nil
        rows = [Double](repeating: 0, count: (channels + MapLayout.lanes - 1) / MapLayout.lanes * Self.blockSize)
    }

    /// Doubles of a block.
    private static var blockSize: Int { Int(NKMomentRows) * MapLayout.lanes }

    /// Adds images where they lie, and counts the samples of each channel too where there are counts for them.
    mutating func add(
        _ map: FeatureMap, _ images: Range<Int>, isa: InstructionSet, channelCounts: Shared<ChannelCounts>?
    ) {
        let layout = map.layout
        precondition(layout.pixelStride == MapLayout.lanes, "the kernels read blocks")
        let (height, width) = (Int32(layout.height), Int32(layout.width))
        let pieces = images.flatMap { image in
            (0..<layout.blocks).map { (block: $0, view: StoredMap.floats(map).view(image: image, block: $0)) }
        }
        rows.withUnsafeMutableBufferPointer { rows in
            for piece in pieces {
                nk_add_moments(
                    isa.level, piece.view, height, width, rows.baseAddress.map { $0 + piece.block * Self.blockSize }
                )
            }
        }
        let ranges = (0..<channels).map(range)
        if let lo = ranges.lazy.compactMap({ $0?.lowerBound }).min(),
            let hi = ranges.lazy.compactMap({ $0?.upperBound }).max()
        {
            for column in 0..<Self.columns { whole?.cover(lo, hi, lane: column) }
        }
        func count(_ piece: (block: Int, view: NKMap), _ channelBins: UnsafePointer<NKBins>?) {
            let lanes = min(MapLayout.lanes, channels - piece.block * MapLayout.lanes)
            func count(_ bins: UnsafePointer<NKBins>?) {
                nk_count_bins(isa.level, piece.view, height, width, Int32(lanes), channelBins, bins)
            }
            if whole?.add(samples: layout.height * layout.width * MapLayout.lanes / Self.columns, count) == nil {
                count(nil)
            }
        }
        guard let channelCounts else {
            if whole != nil { for piece in pieces { count(piece, nil) } }
            return
        }
        channelCounts.withLock { counts in
            for (channel, range) in ranges.enumerated() {
                guard let range else { continue }
                counts[block: channel / MapLayout.lanes]
                    .cover(range.lowerBound, range.upperBound, lane: channel % MapLayout.lanes)
            }
            for piece in pieces {
                counts[block: piece.block].add(samples: layout.height * layout.width) { count(piece, $0) }
            }
        }
    }

    private func value(_ row: Int, _ channel: Int) -> Double {
        rows[channel / MapLayout.lanes * Self.blockSize + row * MapLayout.lanes + channel % MapLayout.lanes]
    }

    private func range(of channel: Int) -> ClosedRange<Float>? {
        guard value(Int(NKMomentCount), channel) > 0 else { return nil }
        return Float(value(Int(NKMomentLeast), channel))...Float(value(Int(NKMomentGreatest), channel))
    }

    /// What the images show, in a form that merges.
    var statistics: TensorStatistics {
        TensorStatistics(channels: (0..<channels).map(moments), counts: whole?.together)
    }

    private func moments(of channel: Int) -> Moments {
        func sum(_ row: Int) -> Double { value(row, channel) }
        return Moments(
            count: Int(sum(Int(NKMomentCount))), about: sum(Int(NKMomentCentre)),
            powers: SIMD4(
                sum(Int(NKMomentSum)), sum(Int(NKMomentSquare)), sum(Int(NKMomentCube)), sum(Int(NKMomentFourth))),
            extremes: (Float(sum(Int(NKMomentLeast))), Float(sum(Int(NKMomentGreatest)))),
            positive: Moments.Positive(
                count: Int(sum(Int(NKMomentPositiveCount))), sum: sum(Int(NKMomentPositiveSum)),
                sumOfSquares: sum(Int(NKMomentPositiveSquare))),
            zeroCount: Int(sum(Int(NKMomentZeros))), nonFiniteCount: Int(sum(Int(NKMomentNotFinite))))
    }
}

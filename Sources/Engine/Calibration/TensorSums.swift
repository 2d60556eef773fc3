internal import CKernels
internal import Quant

/// What some images show of one tensor, and of what a rectifier makes of it: sums over each channel, and counts of the whole
/// if they are asked for.
struct TensorSums: Sendable {
    /// The most bins of a whole tensor.
    private static let bins = 4096
    /// Pixels of a block that stay in a core's cache between the sweep for the ranges and the other.
    private static let pixelsAtOnce = 4096
    /// Doubles of a block.
    private static let blockSize = Int(NKMomentRows) * MapLayout.lanes

    private let sighting: Sighting
    /// Rows as of `nk_add_statistics`, block after block.
    private var rows: [Double]
    /// The same of what leaves the rectifier; empty without one.
    private var rectifiedRows: [Double]
    private var whole: BinCounts<UInt32>?

    /// No images yet.
    init(_ sighting: Sighting) {
        precondition(
            sighting.rectifier == nil || sighting.countsWhole && sighting.channelCounts != nil,
            "a rectifier's samples are counted in all ways")
        self.sighting = sighting
        let blocks = (sighting.channels + MapLayout.lanes - 1) / MapLayout.lanes
        rows = [Double](repeating: 0, count: blocks * Self.blockSize)
        rectifiedRows = sighting.rectifier == nil ? [] : rows
        whole = sighting.countsWhole ? BinCounts<UInt32>(bins: Self.bins, lanes: 1) : nil
    }

    /// Adds images where they lie.
    ///
    /// - Parameters:
    ///   - rectifies: whether what leaves the rectifier, which there must be, takes the place of the samples.
    ///   - local: the thread's counters.
    mutating func add(
        _ map: FeatureMap, _ images: Range<Int>, rectifies: Bool = false, local: inout ChannelCounts.Local,
        isa: InstructionSet
    ) {
        let layout = map.layout
        precondition(layout.pixelStride == MapLayout.lanes, "the kernels read blocks")
        let imagesAtOnce = max(1, Self.pixelsAtOnce / (layout.height * layout.width))
        let columnsAtOnce = min(layout.width, Self.pixelsAtOnce)
        let rowsAtOnce = max(1, Self.pixelsAtOnce / columnsAtOnce)
        for block in 0..<layout.blocks {
            for image in stride(from: images.lowerBound, to: images.upperBound, by: imagesAtOnce) {
                for row in stride(from: 0, to: layout.height, by: rowsAtOnce) {
                    for column in stride(from: 0, to: layout.width, by: columnsAtOnce) {
                        let planes = NKPlanes(
                            block: StoredMap.floats(map).view(image: image, block: block, y: row, x: column),
                            images: Int32(min(imagesAtOnce, images.upperBound - image)),
                            height: Int32(min(rowsAtOnce, layout.height - row)),
                            width: Int32(min(columnsAtOnce, layout.width - column)),
                            lanes: Int32(min(MapLayout.lanes, layout.channels - block * MapLayout.lanes)))
                        add(planes, block, rectifies, &local, isa)
                    }
                }
            }
        }
    }

    /// Adds planes of one block: ranges first, for which the counters then make room.
    private mutating func add(
        _ planes: NKPlanes, _ block: Int, _ rectifies: Bool, _ local: inout ChannelCounts.Local,
        _ isa: InstructionSet
    ) {
        let offset = block * Self.blockSize
        let high = sighting.rectifier?.high ?? 0
        let pixels = Int(planes.images * planes.height * planes.width)
        rows.withUnsafeMutableBufferPointer { rows in
            rectifiedRows.withUnsafeMutableBufferPointer { rectifiedRows in
                guard let rows = rows.baseAddress.map({ $0 + offset }) else { return }
                let rectified = rectifiedRows.isEmpty ? nil : rectifiedRows.baseAddress.map { $0 + offset }
                let samples = nk_find_ranges(isa.level, planes, rows, high, rectified)
                var into = NKStatistics()
                into.rows = rows
                into.rectified = rectified
                into.high = high
                into.replaces = rectifies
                func countWhole() {
                    guard whole != nil else { return nk_add_statistics(isa.level, planes, samples, &into) }
                    Self.forEachRange(rectified ?? rows, planes) { whole?.cover($1, $2) }
                    whole?.add(samples: pixels * Int(planes.lanes)) { counters, inverseWidths in
                        into.whole = NKWholeBins(
                            counts: counters, bins: Int32(Self.bins), inverseWidth: inverseWidths.pointee)
                        nk_add_statistics(isa.level, planes, samples, &into)
                    }
                }
                guard let channelCounts = sighting.channelCounts else { return countWhole() }
                channelCounts.add(samples: pixels, block: block, local: &local, isa: isa) { counts, known in
                    Self.forEachRange(rectified ?? rows, planes) {
                        counts.begin($1, $2, lane: $0, asWideAs: known[$0])
                    }
                    guard rectified != nil else { return }
                    Self.forEachRange(rows, planes) {
                        let lane = MapLayout.lanes + $0
                        counts.begin($1, $2, lane: lane, asWideAs: known[lane])
                    }
                } _: { counters, inverseWidths in
                    into.channels = NKChannelBins(
                        counts: counters, bins: Int32(channelCounts.bins), inverseWidths: inverseWidths)
                    countWhole()
                }
            }
        }
    }

    /// Calls `body` with each channel of a block that has samples, and the least and greatest so far.
    @inline(__always)
    private static func forEachRange(
        _ rows: UnsafePointer<Double>, _ planes: NKPlanes, _ body: (Int, Float, Float) -> Void
    ) {
        for lane in 0..<Int(planes.lanes) {
            let least = rows[Int(NKMomentLeast) * MapLayout.lanes + lane]
            let greatest = rows[Int(NKMomentGreatest) * MapLayout.lanes + lane]
            if least <= greatest { body(lane, Float(least), Float(greatest)) }
        }
    }

    private static func value(_ rows: [Double], _ row: Int, _ channel: Int) -> Double {
        rows[channel / MapLayout.lanes * blockSize + row * MapLayout.lanes + channel % MapLayout.lanes]
    }

    /// What the images show of the tensor, in a form that merges.
    var statistics: TensorStatistics {
        TensorStatistics(channels: moments(rows), counts: sighting.rectifier == nil ? whole : nil)
    }

    /// What they show of what leaves the rectifier.
    var rectifiedStatistics: TensorStatistics { TensorStatistics(channels: moments(rectifiedRows), counts: whole) }

    private func moments(_ rows: [Double]) -> [Moments] {
        (0..<sighting.channels).map { channel in
            func sum(_ row: Int) -> Double { Self.value(rows, row, channel) }
            return Moments(
                count: Int(sum(Int(NKMomentCount))), about: sum(Int(NKMomentCentre)),
                powers: SIMD4(
                    sum(Int(NKMomentSum)), sum(Int(NKMomentSquare)), sum(Int(NKMomentCube)),
                    sum(Int(NKMomentFourth))),
                extremes: (Float(sum(Int(NKMomentLeast))), Float(sum(Int(NKMomentGreatest)))),
                positive: Moments.Positive(
                    count: Int(sum(Int(NKMomentPositiveCount))), sum: sum(Int(NKMomentPositiveSum)),
                    sumOfSquares: sum(Int(NKMomentPositiveSquare))),
                zeroCount: Int(sum(Int(NKMomentZeros))), nonFiniteCount: Int(sum(Int(NKMomentNotFinite))))
        }
    }
}

internal import CKernels
internal import Net
internal import Quant

/// What some images show of one tensor, and of what a rectifier makes of it: sums over each channel, and counts of the whole
/// if they are asked for.
struct TensorSums: Sendable {
    /// Pixels of a block that stay in a core's cache between the sweep for the ranges and the other.
    private static let pixelsAtOnce = 4096
    private let sighting: Sighting
    /// The parts of the images whose rows are kept apart.
    private let parts: Int
    /// Rows as of `nk_add_statistics`, block after block of one part after the other.
    private var rows: [Double]
    /// The same of what leaves the rectifier; empty without one.
    private var rectifiedRows: [Double]
    private var wholeCounts: BinCounts<UInt32>?

    /// No images yet, of so many parts.
    init(_ sighting: Sighting, parts: Int = 1) {
        precondition(
            sighting.rectifier == nil || sighting.countsWhole && sighting.channelCounts != nil,
            "a rectifier's samples are counted in all ways")
        self.sighting = sighting
        self.parts = parts
        let doubles = parts * sighting.blocks * MomentRows.blockSize
        rows = [Double](repeating: 0, count: doubles)
        rectifiedRows = [Double](repeating: 0, count: sighting.rectifier == nil ? 0 : doubles)
        wholeCounts = sighting.countsWhole ? BinCounts<UInt32>(bins: BlockCounts.bins, lanes: 1) : nil
    }

    /// Adds images where they lie.
    ///
    /// - Parameters:
    ///   - images: those of each part.
    ///   - rectifies: whether what leaves the rectifier, which there must be, takes the place of the samples.
    ///   - local: the thread's counters.
    mutating func add(
        _ map: FeatureMap, _ images: [Range<Int>], rectifies: Bool = false, local: inout BlockCounts,
        isa: InstructionSet
    ) {
        let layout = map.layout
        precondition(
            layout.pixelStride == MapLayout.lanes && sighting.lanesPerChannel == 1, "the kernels read blocks")
        let planes = StoredMap.floats(map)
        add(images, height: layout.height, width: layout.width, rectifies, &local, isa) { image, block, y, x in
            planes.view(image: image, block: block, y: y, x: x)
        }
    }

    /// Adds images whose values lie one after the other, [image][channel][plane]; sixteen that follow each other in a plane go
    /// to sixteen lanes.
    mutating func add(
        planar values: [Float], _ images: [Range<Int>], local: inout BlockCounts, isa: InstructionSet
    ) {
        let count = images.reduce(0) { max($0, $1.upperBound) }
        let plane = values.count / (count * sighting.channels)
        precondition(
            values.count == count * sighting.channels * plane && plane % MapLayout.lanes == 0
                && sighting.lanesPerChannel == MapLayout.lanes, "whole vectors")
        values.withUnsafeBufferPointer { values in
            // The kernels write to samples only where a rectifier takes their place.
            let start = values.baseAddress.map { UnsafeMutablePointer(mutating: $0) }
            let stride = sighting.channels * plane
            add(images, height: 1, width: plane / MapLayout.lanes, false, &local, isa) { image, channel, _, x in
                NKMap(
                    origin: start.map { $0 + image * stride + channel * plane + x * MapLayout.lanes }, codes: nil,
                    zeroPoint: 0, step: 0, imageStride: stride, blockStride: plane, rowStride: plane,
                    pixelStride: MapLayout.lanes)
            }
        }
    }

    /// Adds blocks of planes; `view` begins at a pixel of an image's block.
    private mutating func add(
        _ images: [Range<Int>], height: Int, width: Int, _ rectifies: Bool, _ local: inout BlockCounts,
        _ isa: InstructionSet, view: (_ image: Int, _ block: Int, _ y: Int, _ x: Int) -> NKMap
    ) {
        precondition(images.count == parts, "the images of each part")
        let imagesAtOnce = max(1, Self.pixelsAtOnce / (height * width))
        let columnsAtOnce = min(width, Self.pixelsAtOnce)
        let rowsAtOnce = max(1, Self.pixelsAtOnce / columnsAtOnce)
        for block in 0..<sighting.blocks {
            let lanes = Int32(min(MapLayout.lanes, sighting.lanes - block * MapLayout.lanes))
            for (part, images) in images.enumerated() {
                for image in stride(from: images.lowerBound, to: images.upperBound, by: imagesAtOnce) {
                    for row in stride(from: 0, to: height, by: rowsAtOnce) {
                        for column in stride(from: 0, to: width, by: columnsAtOnce) {
                            let planes = NKPlanes(
                                block: view(image, block, row, column),
                                images: Int32(min(imagesAtOnce, images.upperBound - image)),
                                height: Int32(min(rowsAtOnce, height - row)),
                                width: Int32(min(columnsAtOnce, width - column)), lanes: lanes)
                            add(planes, block, part, rectifies, &local, isa)
                        }
                    }
                }
            }
            move(&local, block, isa)
        }
    }

    /// Adds planes of one block: ranges first, for which the counters then make room.
    private mutating func add(
        _ planes: NKPlanes, _ block: Int, _ part: Int, _ rectifies: Bool, _ local: inout BlockCounts,
        _ isa: InstructionSet
    ) {
        let offset = (part * sighting.blocks + block) * MomentRows.blockSize
        let high = sighting.rectifier?.high ?? 0
        let pixels = Int(planes.images * planes.height * planes.width)
        rows.withUnsafeMutableBufferPointer { rows in
            rectifiedRows.withUnsafeMutableBufferPointer { rectifiedRows in
                guard let rows = rows.baseAddress.map({ $0 + offset }) else { return }
                let rectified = rectifiedRows.isEmpty ? nil : rectifiedRows.baseAddress.map { $0 + offset }
                let samples = nk_find_ranges(isa.level, planes, rows, high, rectified)
                if !local.hasRoom(for: pixels, rows, rectified: rectified) {
                    Self.move(&local, block, to: sighting, &wholeCounts, isa)
                }
                local.cover(rows, rectified: rectified, lanes: Int(planes.lanes))
                if local.pending == 0 { Self.chooseBins(&local, block, for: sighting, &wholeCounts) }
                let isClipped = rectified != nil && high.isFinite && samples != NKSamplesFinite
                local.count(samples: pixels, isClipped: isClipped) { bins in
                    var into = NKStatistics(
                        rows: rows, rectified: rectified, high: high, replaces: rectifies, bins: bins)
                    nk_add_statistics(isa.level, planes, samples, &into)
                }
            }
        }
    }

    /// Makes room for what `local` covers.
    private static func chooseBins(
        _ local: inout BlockCounts, _ block: Int, for sighting: Sighting, _ whole: inout BinCounts<UInt32>?
    ) {
        let range = local.range
        whole?.cover(range.lo, range.hi)
        if let channelCounts = sighting.channelCounts {
            channelCounts.chooseBins(&local, block: block, whole: whole)
        } else if let whole {
            local.chooseBins(whole: whole)
        }
    }

    private mutating func move(_ local: inout BlockCounts, _ block: Int, _ isa: InstructionSet) {
        Self.move(&local, block, to: sighting, &wholeCounts, isa)
    }

    /// Moves a block's counts to where they are kept.
    private static func move(
        _ local: inout BlockCounts, _ block: Int, to sighting: Sighting, _ whole: inout BinCounts<UInt32>?,
        _ isa: InstructionSet
    ) {
        guard local.pending > 0 else { return }
        let clipped = local.takeClipped()
        func move(_ local: inout BlockCounts, _ whole: NKWholeBins) {
            if let channelCounts = sighting.channelCounts {
                channelCounts.take(&local, block: block, clipped: clipped, whole: whole, isa: isa)
            } else {
                local.move(to: whole, isa: isa)
            }
        }
        guard whole != nil else { return move(&local, NKWholeBins()) }
        let range = local.range
        whole?.cover(range.lo, range.hi)
        guard let bins = whole?.bins, let inverseWidth = whole?.inverseWidths[0] else { return }
        // Where the bound counts, if anything is above it.
        let bound = clipped.isEmpty ? nil : sighting.rectifier.flatMap { whole?.range()?.bin(of: $0.high) }
        whole?.add(samples: local.pending * MapLayout.lanes) { counters in
            move(&local, NKWholeBins(counts: counters, bins: Int32(bins), inverseWidth: inverseWidth))
            if let bound { counters[bound & (bins - 1)] += clipped.reduce(0) { $0 + UInt32($1) } }
        }
    }

    /// Adds what other images show of the same tensor, part by part.
    mutating func merge(_ other: TensorSums) {
        precondition(parts == 1, "sums of all images are one part")
        MomentRows.merge(other.rows, into: &rows)
        MomentRows.merge(other.rectifiedRows, into: &rectifiedRows)
        if let more = other.wholeCounts { wholeCounts?.merge(more) }
    }

    /// No images yet, of the same tensor.
    var empty: TensorSums { TensorSums(sighting) }

    /// The moments of the whole tensor, and its histogram if it was counted.
    var whole: (moments: Moments, histogram: Histogram?) {
        Self.whole(rows, sighting, sighting.rectifier == nil ? wholeCounts : nil)
    }

    /// What leaves the tensor's rectifier, and the same of it.
    var rectifiedWhole: (tensor: TensorID, whole: (moments: Moments, histogram: Histogram?))? {
        sighting.rectifier.map { ($0.output, Self.whole(rectifiedRows, sighting, wholeCounts)) }
    }

    private static func whole(
        _ rows: [Double], _ sighting: Sighting, _ counts: BinCounts<UInt32>?
    ) -> (moments: Moments, histogram: Histogram?) {
        let moments = MomentRows.whole(rows, lanes: sighting.lanes)
        return (moments, counts?.histogram(zeroCount: moments.zeroCount))
    }

    /// The moments of each channel.
    var channels: [Moments] { MomentRows.moments(rows, sighting) }

    /// The same of what leaves the tensor's rectifier.
    var rectifiedChannels: [Moments] { MomentRows.moments(rectifiedRows, sighting) }
}

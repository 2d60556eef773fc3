internal import CKernels
internal import Engine
internal import Net

/// The maps of a few images of a batch, and what they add to the sums over all of it.
///
/// A batch is divided into shards of a fixed size whatever the number of threads, and sums are added up in their order: so
/// results do not depend on threads. One thread at a time works on a shard.
final class Shard {
    /// The most images of a shard: maps of a layer stay near a core's cache.
    static let size = 8

    /// The images in the batch that are here.
    let images: Range<Int>
    /// What each tensor holds, as convolutions read it and, if values are quantized, before that.
    let values: [FeatureMap]
    let rounded: [FeatureMap?]
    /// The sums of normalized layers, by layer.
    let raw: [FeatureMap?]
    /// The gradient of each tensor, where its activation passes it; of tensor 0 there is none.
    let gradients: [FeatureMap?]
    /// Sums of weight gradients, in the kernels' order, by layer.
    var weightSums: [[Float]]
    /// Sums over one layer, of each channel: rows of the kernels.
    var rows: [Double] = []
    /// Means in half precision over each image, [image][block][16].
    var halfMeans: [Float] = []

    /// Some images of a batch.
    init(_ net: Blueprint, images: Range<Int>, of maps: BatchMaps) {
        self.images = images
        func part(_ map: FeatureMap?) -> FeatureMap? { map?.part(images) }
        values = maps.values.map { $0.part(images) }
        rounded = maps.rounded.map(part)
        raw = maps.raw.map(part)
        gradients = maps.gradients.map(part)
        weightSums = net.layers.map { $0.convolution?.geometry.emptySums ?? [] }
    }

    var all: Range<Int> { 0..<images.count }

    /// Calls `body` with every block of some images of a map.
    func pieces(of map: FeatureMap, _ images: Range<Int>, _ body: (_ image: Int, _ block: Int) -> Void) {
        for image in images {
            for block in 0..<map.layout.blocks { body(image, block) }
        }
    }

    /// Adds sums over images of a map, about a centre for each lane of each block, to `rows`; from the first image on they start.
    func addSpread(of map: FeatureMap, _ images: Range<Int>, isFirst: Bool, centre: [Float], _ isa: InstructionSet)
    {
        let (height, width) = (Int32(map.layout.height), Int32(map.layout.width))
        let perBlock = Int(NKSpreadRows) * MapLayout.lanes
        if isFirst { rows = Self.emptySpread(blocks: map.layout.blocks) }
        rows.withUnsafeMutableBufferPointer { rows in
            centre.withUnsafeBufferPointer { centre in
                guard let rows = rows.baseAddress, let centre = centre.baseAddress else { return }
                pieces(of: map, images) { image, block in
                    nk_add_spread(
                        isa.level, map.view(image: image, block: block), height, width,
                        centre + block * MapLayout.lanes, rows + block * perBlock)
                }
            }
        }
    }

    private static func emptySpread(blocks: Int) -> [Double] {
        let lanes = MapLayout.lanes
        var block = [Double](repeating: 0, count: Int(NKSpreadRows) * lanes)
        for lane in 0..<lanes {
            block[Int(NKSpreadLeast) * lanes + lane] = .infinity
            block[Int(NKSpreadGreatest) * lanes + lane] = -.infinity
        }
        return [[Double]](repeating: block, count: blocks).flatMap(\.self)
    }

    /// One row of a channel.
    func row(_ row: Int, of channel: Int, rowCount: Int) -> Double {
        let lanes = MapLayout.lanes
        return rows[(channel / lanes * rowCount + row) * lanes + channel % lanes]
    }

    /// Rounds images of a map to a grid; a map's image 0 is the shard's `first`.
    func round(
        _ map: FeatureMap, into target: FeatureMap, _ images: Range<Int>, first: Int = 0,
        _ quantizer: TensorQuantizer, _ rounding: Rounding, _ random: CounterGenerator, _ isa: InstructionSet
    ) {
        guard quantizer.step > 0 else {
            if map !== target { copy(map, to: target, images, isAdded: false, isa) }
            return
        }
        let layout = map.layout
        var kernelForm = NKRounding(
            step: quantizer.step, zeroPoint: quantizer.zeroPoint, highest: Float((1 << quantizer.bits) - 1),
            isStochastic: rounding == .stochastic, key: random.key)
        let perBlock = layout.height * layout.width * MapLayout.lanes
        pieces(of: map, images) { image, block in
            let place = ((self.images.lowerBound + first + image) * layout.blocks + block) * perBlock
            nk_round_map(
                isa.level, map.view(image: image, block: block), target.view(image: image, block: block),
                Int32(layout.height), Int32(layout.width), &kernelForm, UInt32(truncatingIfNeeded: place))
        }
    }

    /// Copies images of a map to another of its size, or adds them.
    func copy(
        _ map: FeatureMap, to target: FeatureMap, _ images: Range<Int>, isAdded: Bool, _ isa: InstructionSet
    ) {
        Epilogue(channels: map.layout.channels).apply(
            to: map, images: images, maps: EpilogueMaps(outputs: [target], addend: isAdded ? target : nil),
            isa: isa)
    }
}

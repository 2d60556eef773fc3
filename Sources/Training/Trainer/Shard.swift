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
    /// The gradient of each tensor; of tensor 0 there is none.
    let gradients: [FeatureMap?]
    /// Sums of weight gradients, in the kernels' order, by layer.
    var weightSums: [[Float]]
    /// Sums over one layer, of each channel: rows of the kernels.
    var rows: [Double] = []
    let scratch = Scratch()
    /// Parts of the gradients of strided layers' inputs.
    var parts: [MapLayout: FeatureMap] = [:]
    private var roundedGradients: [MapLayout: FeatureMap] = [:]

    init(_ net: Blueprint, images: Range<Int>, quantizesValues: Bool) {
        self.images = images
        var halos = [Int](repeating: 0, count: net.layers.count + 1)
        for layer in net.layers {
            guard let convolution = layer.convolution else { continue }
            halos[layer.input] = max(halos[layer.input], convolution.geometry.inputHalo)
        }
        func map(_ size: MapSize, halo: Int) -> FeatureMap {
            FeatureMap(
                layout: MapLayout(channels: size.channels, height: size.height, width: size.width, halo: halo),
                capacity: images.count)
        }
        values = halos.indices.map { map(net.size(of: $0), halo: halos[$0]) }
        let read = Set(net.layers.filter { $0.convolution != nil }.map(\.input))
        rounded = halos.indices.map {
            quantizesValues && read.contains($0) ? map(net.size(of: $0), halo: halos[$0]) : nil
        }
        raw = net.layers.map { $0.convolution?.end == .normalized ? map($0.output, halo: 0) : nil }
        gradients =
            [nil] + net.layers.map { map($0.output, halo: $0.convolution?.geometry.gradientHalo ?? 0) }
        weightSums = net.layers.map { $0.convolution?.geometry.emptySums ?? [] }
    }

    var all: Range<Int> { 0..<images.count }

    /// A map for a rounded copy of a gradient, of use until the next one of the same layout.
    func roundedGradient(like map: FeatureMap) -> FeatureMap {
        if let known = roundedGradients[map.layout] { return known }
        let copy = FeatureMap(layout: map.layout, capacity: map.capacity)
        roundedGradients[map.layout] = copy
        return copy
    }

    /// Calls `body` with every image and block of a map.
    func pieces(of map: FeatureMap, _ body: (_ image: Int, _ block: Int) -> Void) {
        for image in all {
            for block in 0..<map.layout.blocks { body(image, block) }
        }
    }

    /// Sets `rows` to sums over a map about a centre for each lane of each block.
    func sumSpread(of map: FeatureMap, centre: [Float], _ isa: InstructionSet) {
        let (height, width) = (Int32(map.layout.height), Int32(map.layout.width))
        let perBlock = Int(NKSpreadRows) * MapLayout.lanes
        rows = Self.emptySpread(blocks: map.layout.blocks)
        rows.withUnsafeMutableBufferPointer { rows in
            centre.withUnsafeBufferPointer { centre in
                guard let rows = rows.baseAddress, let centre = centre.baseAddress else { return }
                pieces(of: map) { image, block in
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

    /// Rounds a map to a grid.
    func round(
        _ map: FeatureMap, into target: FeatureMap, _ quantizer: TensorQuantizer, _ rounding: Rounding,
        _ random: CounterGenerator, _ isa: InstructionSet
    ) {
        guard quantizer.step > 0 else {
            if map !== target { copy(map, to: target, isAdded: false, isa) }
            return
        }
        let layout = map.layout
        var kernelForm = NKRounding(
            step: quantizer.step, zeroPoint: quantizer.zeroPoint, highest: Float((1 << quantizer.bits) - 1),
            isStochastic: rounding == .stochastic, key: random.key)
        let perBlock = layout.height * layout.width * MapLayout.lanes
        pieces(of: map) { image, block in
            let place = ((images.lowerBound + image) * layout.blocks + block) * perBlock
            nk_round_map(
                isa.level, map.view(image: image, block: block), target.view(image: image, block: block),
                Int32(layout.height), Int32(layout.width), &kernelForm, UInt32(truncatingIfNeeded: place))
        }
    }

    /// Copies a map to another of its size, or adds it.
    func copy(_ map: FeatureMap, to target: FeatureMap, isAdded: Bool, _ isa: InstructionSet) {
        Epilogue(channels: map.layout.channels).apply(
            to: map, images: all, maps: EpilogueMaps(outputs: [target], addend: isAdded ? target : nil), isa: isa)
    }
}

import Net
import Quant
import Testing

@testable import Engine

/// What bytes become through a table is what their preprocessed values become one by one.
struct InputValuesTests {
    @Test(arguments: [LabeledImages.Layout.nchw, .nhwc], [Preprocessing.ChannelOrder.rgb, .bgr])
    func valuesEqualThePreprocessedOnes(
        layout: LabeledImages.Layout, order: Preprocessing.ChannelOrder
    ) throws {
        var random = SplitMix64(seed: 7)
        let (channels, height, width) = (3, 5, 7)
        let bytes = (0..<2 * channels * height * width).map { _ in UInt8.random(in: 0...255, using: &random) }
        let stored = try #require(MemoryPixels(.bytes(bytes), count: 2))
        let images = try #require(
            LabeledImages(pixels: stored, layout: layout, channels: channels, height: height, width: width))
        let source = ImageSource(
            images,
            Preprocessing(
                scale: 1 / 255, mean: [0.4, 0.5, 0.6], standardDeviation: [0.2, 0.3, 0.25], channelOrder: order))
        let planar = try source.values(at: 0..<2)
        // Narrower than the values: both ends are cut off.
        for grid in [ActivationGrid.real, .tensor(AffineQuantizer(bits: 5, lo: -1.1, hi: 1.3))] {
            let narrow = MapLayout(channels: channels, height: height, width: width, halo: 1, isNarrow: true)
            let (one, other) = (FeatureMap(layout: narrow, capacity: 2), FeatureMap(layout: narrow, capacity: 2))
            var values = InputValues(grid)
            for image in 0..<2 { #expect(try values.load(image, of: source, into: one, image: image)) }
            values.load(planar: planar, into: other, images: 0..<2)
            let (a, b) = (one.planar(0..<2), other.planar(0..<2))
            #expect(a == b && Set(a).count > 16)

            let wide = FeatureMap(
                layout: MapLayout(channels: channels, height: height, width: width), capacity: 2)
            wide.load(planar: planar, into: 0..<2)
            if grid != .real {
                Epilogue(channels: channels, outputs: [.quantized(grid.copyGrid)]).apply(
                    to: wide, images: 0..<2, maps: EpilogueMaps(outputs: [wide]), isa: .best)
            }
            #expect(a == wide.planar(0..<2))
        }
    }
}

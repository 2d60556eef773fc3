import Net
import Quant
import Testing

@testable import Engine

/// The codes of stored bytes are those of their preprocessed values.
struct InputCodesTests {
    @Test(arguments: [LabeledImages.Layout.nchw, .nhwc], [Preprocessing.ChannelOrder.rgb, .bgr])
    func codesEqualThoseOfPreprocessedValues(
        layout: LabeledImages.Layout, order: Preprocessing.ChannelOrder
    ) throws {
        for (channels, width) in [(1, 3), (2, 8), (3, 7), (3, 70), (4, 133), (5, 9)] {
            for isa in InstructionSet.available {
                try check(channels: channels, width: width, layout, order, isa)
            }
        }
    }

    private func check(
        channels: Int, width: Int, _ layout: LabeledImages.Layout, _ order: Preprocessing.ChannelOrder,
        _ isa: InstructionSet
    ) throws {
        var random = SplitMix64(seed: 5)
        let height = 5
        let bytes = (0..<2 * channels * height * width).map { _ in UInt8.random(in: 0...255, using: &random) }
        let stored = try #require(MemoryPixels(.bytes(bytes), count: 2))
        let images = try #require(
            LabeledImages(pixels: stored, layout: layout, channels: channels, height: height, width: width))
        let preprocessing = Preprocessing(
            scale: 1 / 255, mean: (0..<channels).map { 0.4 + 0.05 * Float($0) },
            standardDeviation: (0..<channels).map { 0.2 + 0.03 * Float($0) }, channelOrder: order)
        // Narrower than the values: both ends are cut off.
        let quantizer = AffineQuantizer(bits: 5, lo: -1.1, hi: 1.3)
        let layout = MapLayout(channels: channels, height: height, width: width, halo: 1)
        let codes = try #require(InputCodes(preprocessing, quantizer, channels: channels))
        let (one, other) = (
            CodeMap(layout: layout, capacity: 2, zeroPoint: quantizer.zeroPoint),
            CodeMap(layout: layout, capacity: 2, zeroPoint: quantizer.zeroPoint)
        )
        for image in 0..<2 { #expect(try codes.load(image, of: images, into: one, image: image, isa: isa)) }
        let values = FeatureMap(layout: layout, capacity: 2)
        values.load(planar: try ImageSource(images, preprocessing).values(at: 0..<2), into: 0..<2)
        Epilogue(channels: channels, outputs: [.quantized(ActivationGrid.tensor(quantizer).copyGrid)]).apply(
            to: values, images: 0..<2, maps: EpilogueMaps(stored: [.codes(other, step: 1)]), isa: isa)
        let (a, b) = (one.withCodes(of: 0..<2) { Array($0) }, other.withCodes(of: 0..<2) { Array($0) })
        #expect(a == b && Set(a).count > 8, "\(channels) \(width) \(isa)")
    }

    /// A table for one code after the other is what the kernels make of all of them.
    @Test(arguments: InstructionSet.available)
    func codesOfCodesEqualTheKernels(isa: InstructionSet) throws {
        var random = SplitMix64(seed: 6)
        for _ in 0..<40 {
            let source = AffineQuantizer(bits: 8, lo: Double.random(in: -2...0, using: &random), hi: 2)
            let target = AffineQuantizer(
                bits: Int.random(in: 1...8, using: &random), lo: Double.random(in: -3...0, using: &random), hi: 1.7)
            let grid = ActivationGrid.tensor(target).copyGrid
            let table = try #require(grid.codesOfCodes(from: ActivationGrid.tensor(source).valueGrid))
            let layout = MapLayout(channels: 16, height: 1, width: 16)
            let (stored, result) = (
                CodeMap(layout: layout, capacity: 1, zeroPoint: source.zeroPoint),
                CodeMap(layout: layout, capacity: 1, zeroPoint: target.zeroPoint)
            )
            stored.withCodes(of: 0..<1) { codes in for code in 0...255 { codes[code] = UInt8(code) } }
            Epilogue(channels: 16, outputs: [.quantized(grid)]).apply(
                to: .codes(stored, step: source.scale), images: 0..<1,
                maps: EpilogueMaps(stored: [.codes(result, step: 1)]), isa: isa)
            #expect(result.withCodes(of: 0..<1) { Array($0) } == table)
        }
    }
}

import Net
import Testing

@testable import Engine

struct BandTests {
    /// Rows of two layers in turns are the rows of one layer after the other.
    @Test(arguments: InstructionSet.available)
    func bandsGiveTheSameBits(isa: InstructionSet) throws {
        var random = SplitMix64(seed: 71)
        for (kernel, stride, dilation) in [(3, 1, 1), (3, 2, 1), (5, 2, 1), (3, 1, 2), (2, 3, 1)] {
            var first = ReferenceConvolution(
                inputChannels: 5, outputChannels: 24, height: 61, width: 40,
                window: Window(
                    kernel: Window.Pair(3, 1), padding: Window.Padding(top: 1, left: 0, bottom: 1, right: 0)))
            first.images = 2
            let reach = (kernel - 1) * dilation
            let second = ReferenceConvolution(
                inputChannels: 24, outputChannels: 24, groups: 24, height: 61, width: 40,
                window: Window(
                    kernel: Window.Pair(kernel, kernel), strides: Window.Pair(stride, stride),
                    dilations: Window.Pair(dilation, dilation),
                    padding: Window.Padding(top: reach / 2, left: reach / 2, bottom: reach / 2, right: reach / 2)))
            let input = first.inputMap(random.integers(first.inputCount, bound: 15))
            let layers = [
                first.prepared(random.integers(first.weightCount, bound: 7)),
                second.prepared(random.integers(second.weightCount, bound: 7)),
            ]
            let (scale, bias) = (random.reals(24), random.reals(24))
            func epilogue(offset: [Float]?) -> Epilogue {
                Epilogue(
                    channels: 24, scale: scale, bias: bias, offset: offset,
                    outputs: [.quantized(.codes(scale: 4, zeroPoint: 3, codes: 0...15))])
            }
            let (above, below) = (epilogue(offset: random.reals(24)), epilogue(offset: nil))
            #expect(layers[0].runsInBands(isSecond: false, above) && layers[1].runsInBands(isSecond: true, below))
            #expect(!layers[1].runsInBands(isSecond: true, above))
            func maps() -> (between: FeatureMap, output: FeatureMap) {
                (first.outputMap(halo: reach), second.outputMap())
            }
            let (apart, together) = (maps(), maps())
            let scratch = Scratch()
            try layers[0].run(
                input: input, images: 0..<2, epilogue: above, maps: EpilogueMaps(outputs: [apart.between]),
                isa: isa, scratch: scratch)
            try layers[1].run(
                input: apart.between, images: 0..<2, epilogue: below,
                maps: EpilogueMaps(outputs: [apart.output]), isa: isa, scratch: scratch)
            try PreparedConvolution.run(
                PreparedConvolution.Call(
                    convolution: layers[0], epilogue: above, input: .floats(input),
                    maps: EpilogueMaps(outputs: [together.between])),
                PreparedConvolution.Call(
                    convolution: layers[1], epilogue: below, input: .floats(together.between),
                    maps: EpilogueMaps(outputs: [together.output])),
                images: 0..<2, isa: isa, scratch: scratch, cancelled: { false })
            #expect(together.between.planar(0..<2) == apart.between.planar(0..<2))
            let result = together.output.planar(0..<2)
            #expect(result == apart.output.planar(0..<2) && Set(result).count > 4)
        }
    }
}

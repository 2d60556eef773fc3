import Net
import Quant
import Testing

@testable import Engine

struct ShiftedWeightsTests {
    /// Where sums are said to be exact, codes of weights with their shifts give the sums of the definition, and so do the
    /// integer kernels with window sums: for inputs at the ends of their range too, which come closest to 24 bits.
    @Test(arguments: InstructionSet.available)
    func shiftedCodesHaveExactSumsWithoutWindowSums(isa: InstructionSet) throws {
        var random = SplitMix64(seed: 91)
        let layers = ReferenceConvolution.random(count: 120, seed: 92)
        var exact = 0
        for (index, layer) in layers.enumerated() {
            let input = AffineQuantizer(bits: [8, 4, 6][index % 3], lo: index % 2 == 0 ? 0 : -1, hi: 1)
            let weights = QuantizedWeights(
                random.reals(layer.weightCount).map { $0 + 0.3 }, outputChannels: layer.outputChannels,
                bits: (0..<layer.outputChannels).map { ($0 + index) % 7 }, correction: .both)
            guard weights.sumsAreExact(with: input) else { continue }
            exact += 1
            let ends = [-input.zeroPoint, input.maximumCode - input.zeroPoint]
            let values = (0..<layer.inputCount).map { place in
                Float(place % 4 == 0 ? Int.random(in: ends[0]...ends[1], using: &random) : ends[1])
            }
            let floats = layer.inputMap(values)
            let codes = StoredMap.codes(
                CodeMap(layout: floats.layout, capacity: layer.images, zeroPoint: input.zeroPoint), step: 1)
            Epilogue(
                channels: layer.inputChannels,
                outputs: [
                    .quantized(.codes(scale: 1, zeroPoint: input.zeroPoint, codes: 0...input.maximumCode))
                ]
            ).apply(to: floats, images: 0..<layer.images, maps: EpilogueMaps(stored: [codes]), isa: isa)
            let (shifted, whole) = (layer.outputMap(), layer.outputMap())
            let factors = weights.centredCodes(shifted: true)
            try layer.prepared(factors).run(
                input: floats, images: 0..<layer.images, epilogue: Epilogue(channels: layer.outputChannels),
                maps: EpilogueMaps(outputs: [shifted]), isa: isa, scratch: Scratch())
            try PreparedConvolution(
                codes: weights.codes, zeroPoints: weights.zeroPoint, outputChannels: layer.outputChannels,
                inputChannels: layer.inputChannels, groups: layer.groups, window: layer.window,
                outputRows: layer.outputHeight, largestInput: input.maximumCode, isa: isa
            ).run(
                input: codes, images: 0..<layer.images,
                epilogue: Epilogue(channels: layer.outputChannels, offset: weights.shift),
                maps: EpilogueMaps(outputs: [whole]), isa: isa, scratch: Scratch(), cancelled: { false })
            let expected = layer.sums(values, factors)
            #expect(shifted.planar(0..<layer.images).map(Double.init) == expected, "\(layer)")
            #expect(whole.planar(0..<layer.images).map(Double.init) == expected, "\(layer)")
        }
        #expect(exact > 40 && exact < layers.count)
    }
}

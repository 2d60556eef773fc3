import Net
import Testing

@testable import Engine

/// Narrow maps are another place for the same numbers.
struct NarrowMapTests {
    @Test(arguments: InstructionSet.available)
    func convolutionsOfNarrowMapsGiveTheSameBits(isa: InstructionSet) throws {
        var random = SplitMix64(seed: 61)
        for var layer in ReferenceConvolution.random(count: 40, seed: 62) {
            layer.groups = 1
            layer.inputChannels = Int.random(in: 1...4, using: &random)
            layer.outputChannels = Int.random(in: 2...40, using: &random)
            let input = random.integers(layer.inputCount, bound: 15)
            let prepared = layer.prepared(random.reals(layer.weightCount))
            let reals = random.reals(layer.outputChannels)
            // Windows of 1x1 results are summed elsewhere, from ordinary maps.
            let offset = layer.outputHeight * layer.outputWidth > 1 ? reals : nil
            let epilogue = Epilogue(channels: layer.outputChannels, scale: [0.25], bias: [2], offset: offset)
            func results(isNarrow: Bool) throws -> [Float] {
                let map = FeatureMap(
                    layout: MapLayout(
                        channels: layer.inputChannels, height: layer.height, width: layer.width,
                        halo: layer.halo + 1, isNarrow: isNarrow),
                    capacity: layer.images)
                map.load(planar: input, into: 0..<layer.images)
                let output = layer.outputMap()
                try prepared.run(
                    input: map, images: 0..<layer.images, epilogue: epilogue, maps: EpilogueMaps(outputs: [output]),
                    isa: isa, scratch: Scratch())
                return output.planar(0..<layer.images)
            }
            #expect(try results(isNarrow: true) == results(isNarrow: false), "\(layer)")
        }
    }
}

import Engine
import Net
import Testing

struct WindowSumsTests {
    private static let layers = ReferenceConvolution.random(count: 40, seed: 11) + [.alignedGroups]

    /// A window sum is a convolution with weights of one.
    @Test(arguments: InstructionSet.available)
    func windowSumsEqualTheDefinition(isa: InstructionSet) throws {
        var random = SplitMix64(seed: 12)
        for layer in Self.layers {
            let input = random.integers(layer.inputCount, bound: 255)
            let ones = [Float](repeating: 1, count: layer.weightCount)
            let all = layer.sums(input, ones)
            let pixels = layer.outputHeight * layer.outputWidth
            let outputsPerGroup = layer.outputChannels / layer.groups
            let expected = (0..<layer.images * layer.groups).flatMap { plane in
                (0..<pixels).map { Float(all[plane * outputsPerGroup * pixels + $0]) }
            }
            let sums = try layer.prepared(ones).windowSums(
                input: layer.inputMap(input, extraHalo: 1), images: 0..<layer.images, isa: isa, scratch: Scratch())
            #expect(sums == expected, "\(layer)")
        }
    }

    /// sum x (q - z) = sum x q - z sum x: codes with a zero point give what the shifted weights give.
    @Test(arguments: InstructionSet.available)
    func offsetsCarryTheWeightsZeroPoint(isa: InstructionSet) throws {
        var random = SplitMix64(seed: 13)
        for layer in Self.layers {
            let input = random.integers(layer.inputCount, bound: 15)
            let codes = random.integers(layer.weightCount, bound: 7)
            let zeroPoints = random.integers(layer.outputChannels, bound: 5)
            let perOutput = layer.weightCount / layer.outputChannels
            let shifted = codes.indices.map { codes[$0] - zeroPoints[$0 / perOutput] }
            let output = layer.outputMap()
            let epilogue = Epilogue(
                channels: layer.outputChannels, scale: [0.25], bias: [2], offset: zeroPoints.map { -$0 })
            try layer.prepared(codes).run(
                input: layer.inputMap(input), images: 0..<layer.images, epilogue: epilogue,
                maps: EpilogueMaps(outputs: [output]), isa: isa, scratch: Scratch())
            let expected = layer.sums(input, shifted).map { Float($0 * 0.25 + 2) }
            #expect(output.planar(0..<layer.images) == expected, "\(layer)")
        }
    }

    @Test(arguments: InstructionSet.available)
    func pixelResultsSumEachImage(isa: InstructionSet) throws {
        var random = SplitMix64(seed: 14)
        for groups in [1, 2, 6] {
            var layer = ReferenceConvolution(
                inputChannels: groups == 2 ? 64 : 12, outputChannels: groups == 2 ? 32 : 18, height: 2, width: 3,
                window: Window(kernel: Window.Pair(2, 3)))
            layer.groups = groups
            layer.images = 4
            let input = random.integers(layer.inputCount, bound: 15)
            let weights = random.integers(layer.weightCount, bound: 7)
            let output = layer.outputMap()
            try layer.prepared(weights).run(
                input: layer.inputMap(input), images: 1..<4,
                epilogue: Epilogue(channels: layer.outputChannels, offset: [-3]),
                maps: EpilogueMaps(outputs: [output]), isa: isa, scratch: Scratch())
            let expected = layer.sums(input, weights.map { $0 - 3 }).map { Float($0) }
            #expect(output.planar(1..<4) == Array(expected[layer.outputChannels...]))
        }
    }
}

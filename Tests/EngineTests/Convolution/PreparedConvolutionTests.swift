import Engine
import Net
import Testing

/// Sums of integer-valued data stay below 2^24, so every order of summation gives the same float: equality is exact.
struct PreparedConvolutionTests {
    private static let layers = ReferenceConvolution.random(count: 160, seed: 1) + [.alignedGroups]

    @Test(arguments: InstructionSet.available)
    func integerConvolutionsEqualTheDefinition(isa: InstructionSet) throws {
        var random = SplitMix64(seed: 2)
        for layer in Self.layers {
            let input = random.integers(layer.inputCount, bound: 15)
            let weights = random.integers(layer.weightCount, bound: 15)
            let output = layer.outputMap(halo: Int.random(in: 0...2, using: &random))
            try layer.prepared(weights).run(
                input: layer.inputMap(input, extraHalo: Int.random(in: 0...1, using: &random)),
                images: 0..<layer.images, epilogue: Epilogue(channels: layer.outputChannels),
                maps: EpilogueMaps(outputs: [output]), isa: isa, scratch: Scratch())
            let expected = layer.sums(input, weights).map { Float($0) }
            #expect(output.planar(0..<layer.images) == expected, "\(layer)")
        }
    }

    /// Rounding errors of n products add up to at most n 2^-24 of the sum of magnitudes; the average is far less.
    @Test(arguments: InstructionSet.available)
    func realConvolutionsAgreeWithinRounding(isa: InstructionSet) throws {
        var random = SplitMix64(seed: 3)
        for layer in Self.layers.prefix(40) {
            let input = random.reals(layer.inputCount)
            let weights = random.reals(layer.weightCount)
            let output = layer.outputMap()
            try layer.prepared(weights).run(
                input: layer.inputMap(input), images: 0..<layer.images,
                epilogue: Epilogue(channels: layer.outputChannels), maps: EpilogueMaps(outputs: [output]), isa: isa,
                scratch: Scratch())
            let expected = layer.sums(input, weights)
            let magnitudes = layer.sums(input.map { abs($0) }, weights.map { abs($0) })
            let terms = Double(layer.weightCount / layer.outputChannels)
            let actual = output.planar(0..<layer.images)
            let wrong = actual.indices.filter {
                abs(Double(actual[$0]) - expected[$0]) > terms * 0x1p-24 * magnitudes[$0]
            }
            #expect(wrong.isEmpty, "\(layer)")
        }
    }

    @Test(arguments: InstructionSet.available)
    func resultsDoNotDependOnTheBatch(isa: InstructionSet) throws {
        var random = SplitMix64(seed: 4)
        let pixelResult = ReferenceConvolution(
            inputChannels: 70, outputChannels: 50, height: 3, width: 3, window: Window(kernel: Window.Pair(3, 3)))
        for var layer in Self.layers.prefix(12) + [pixelResult] {
            layer.images = 5
            let input = layer.inputMap(random.reals(layer.inputCount))
            let prepared = layer.prepared(random.reals(layer.weightCount))
            let epilogue = Epilogue(
                channels: layer.outputChannels, scale: random.reals(layer.outputChannels),
                bias: random.reals(layer.outputChannels), offset: random.reals(layer.outputChannels))
            let (together, apart) = (layer.outputMap(), layer.outputMap())
            let scratch = Scratch()
            try prepared.run(
                input: input, images: 0..<5, epilogue: epilogue, maps: EpilogueMaps(outputs: [together]), isa: isa,
                scratch: scratch)
            for images in [3..<5, 0..<1, 1..<3] {
                try prepared.run(
                    input: input, images: images, epilogue: epilogue, maps: EpilogueMaps(outputs: [apart]),
                    isa: isa,
                    scratch: scratch)
            }
            #expect(together.planar(0..<5) == apart.planar(0..<5), "\(layer)")
        }
    }

    @Test(arguments: InstructionSet.available)
    func haloAndUnusedLanesStayZero(isa: InstructionSet) throws {
        let layer = ReferenceConvolution(
            inputChannels: 5, outputChannels: 21, height: 4, width: 6, window: Window(kernel: Window.Pair(1, 1)))
        let output = layer.outputMap(halo: 2)
        let epilogue = Epilogue(channels: 21, scale: [0], bias: [3], activation: .sigmoid)
        try layer.prepared([Float](repeating: 1, count: layer.weightCount)).run(
            input: layer.inputMap([Float](repeating: 1, count: layer.inputCount)), images: 0..<2,
            epilogue: epilogue,
            maps: EpilogueMaps(outputs: [output]), isa: isa, scratch: Scratch())
        let nonzero = output.withFloats(of: 0..<2) { $0.count { $0 != 0 } }
        #expect(nonzero == 2 * output.layout.elements)
    }

    @Test func cancellationStopsBetweenTiles() throws {
        let layer = ReferenceConvolution(
            images: 1, inputChannels: 64, outputChannels: 64, height: 56, width: 56,
            window: Window(kernel: Window.Pair(3, 3), padding: Window.Padding(top: 1, left: 1, bottom: 1, right: 1))
        )
        let output = layer.outputMap()
        var asked = 0
        #expect(throws: Cancelled()) {
            try layer.prepared([Float](repeating: 1, count: layer.weightCount)).run(
                input: layer.inputMap([Float](repeating: 1, count: layer.inputCount)), images: 0..<1,
                epilogue: Epilogue(channels: 64), maps: EpilogueMaps(outputs: [output]), isa: .best,
                scratch: Scratch(),
                cancelled: {
                    asked += 1
                    return asked == 3
                })
        }
        #expect(asked == 3)
        #expect(output[0, 63, 0, 0] != 0 && output[0, 0, 55, 55] == 0)
    }

    @Test(arguments: InstructionSet.available)
    func linearLayersEqualTheDefinition(isa: InstructionSet) throws {
        var random = SplitMix64(seed: 5)
        for (channels, height, width, outputs) in [(1, 1, 1, 1), (70, 1, 1, 33), (20, 3, 2, 10), (64, 1, 1, 1000)] {
            let flat = channels * height * width
            let images = 7
            let input = random.integers(images * flat, bound: 20)
            let weights = random.integers(outputs * flat, bound: 20)
            let map = FeatureMap(
                layout: MapLayout(channels: channels, height: height, width: width, halo: 1), capacity: images)
            map.load(planar: input, into: 0..<images)
            let output = FeatureMap(layout: MapLayout(channels: outputs, height: 1, width: 1), capacity: images)
            try PreparedLinear(weights: weights, outputs: outputs, channels: channels, height: height, width: width)
                .run(
                    input: map, images: 0..<images, epilogue: Epilogue(channels: outputs),
                    maps: EpilogueMaps(outputs: [output]), isa: isa, scratch: Scratch())
            let expected = (0..<images).flatMap { image in
                (0..<outputs).map { o in
                    (0..<flat).reduce(Float(0)) { $0 + weights[o * flat + $1] * input[image * flat + $1] }
                }
            }
            #expect(output.planar(0..<images) == expected)
        }
    }
}

import CKernels
import Net
import Testing

@testable import Engine

/// Sums of codes are exact, so they equal the definition whatever the level, and what the epilogue makes of them equals
/// what it makes of the same sums in floats.
struct CodeConvolutionTests {
    private static let layers = ReferenceConvolution.random(count: 160, seed: 11) + [.alignedGroups]

    /// Layers of which four rows, or fewer at the end, are computed together.
    private static let filtered = (0..<24).map { index in
        ReferenceConvolution(
            inputChannels: [16, 3, 20, 40][index % 4], outputChannels: [16, 24, 40][index % 3],
            height: 3 + index % 7,
            width: [1, 4, 7, 8, 14, 29, 66][index % 7],
            window: Window(
                kernel: Window.Pair(3, 3), padding: Window.Padding(top: 1, left: 1, bottom: 1, right: 1)))
    }

    /// A layer's input as floats, and the same as codes.
    private struct Inputs {
        let floats: FeatureMap
        let codes: StoredMap
        let values: [Float]
    }

    private func inputs(
        _ layer: ReferenceConvolution, bits: Int, zeroPoint: Int, random: inout SplitMix64, isa: InstructionSet
    ) -> Inputs {
        let largest = (1 << bits) - 1
        let values = (0..<layer.inputCount).map { _ in
            Float(Int.random(in: 0...largest, using: &random) - zeroPoint)
        }
        let floats = layer.inputMap(values)
        let codes = StoredMap.codes(
            CodeMap(layout: floats.layout, capacity: layer.images, zeroPoint: zeroPoint), step: 1)
        Epilogue(
            channels: layer.inputChannels,
            outputs: [.quantized(.codes(scale: 1, zeroPoint: zeroPoint, codes: 0...largest))]
        ).apply(to: floats, images: 0..<layer.images, maps: EpilogueMaps(stored: [codes]), isa: isa)
        return Inputs(floats: floats, codes: codes, values: values)
    }

    private func prepared(
        _ layer: ReferenceConvolution, _ codes: [UInt8], _ zeroPoints: [Int], inputBits: Int, _ isa: InstructionSet
    ) -> PreparedConvolution {
        PreparedConvolution(
            codes: codes, zeroPoints: zeroPoints, outputChannels: layer.outputChannels,
            inputChannels: layer.inputChannels, groups: layer.groups, window: layer.window,
            outputRows: layer.outputHeight, largestInput: (1 << inputBits) - 1, isa: isa)
    }

    private func centred(_ codes: [UInt8], _ zeroPoints: [Int]) -> [Float] {
        let length = codes.count / zeroPoints.count
        return codes.enumerated().map { Float(Int($1) - zeroPoints[$0 / length]) }
    }

    @Test(arguments: InstructionSet.available)
    func sumsEqualTheDefinition(isa: InstructionSet) throws {
        var random = SplitMix64(seed: 12)
        for layer in Self.layers {
            let bits = Int.random(in: 1...8, using: &random)
            let inputs = inputs(
                layer, bits: bits, zeroPoint: Int.random(in: 0..<1 << bits, using: &random), random: &random,
                isa: isa)
            let largest = UInt8((1 << Int.random(in: 1...8, using: &random)) - 1)
            let weights = (0..<layer.weightCount).map { _ in UInt8.random(in: 0...largest, using: &random) }
            let zeroPoints = random.zeroPoints(layer.outputChannels, upTo: Int(largest))
            let expected = layer.sums(inputs.values, centred(weights, zeroPoints))
            let output = layer.outputMap()
            try prepared(layer, weights, zeroPoints, inputBits: bits, isa).run(
                input: inputs.codes, images: 0..<layer.images,
                epilogue: Epilogue(channels: layer.outputChannels),
                maps: EpilogueMaps(outputs: [output]), isa: isa, scratch: Scratch(), cancelled: { false })
            let actual = output.planar(0..<layer.images)
            #expect(
                zip(actual, expected).allSatisfy {
                    abs($1) < 0x1p24 ? Double($0) == $1 : abs(Double($0) - $1) <= 2
                },
                "\(layer)")
        }
    }

    /// Layers whose rows share products: any height and width, paddings, channels that fill no block, and more of them than
    /// the kernel transforms for a whole row at a time; every width of codes and weights, at the ends of their ranges too.
    @Test(arguments: InstructionSet.available)
    func rowsThatShareProductsHaveTheSumsOfTheDefinition(isa: InstructionSet) throws {
        var random = SplitMix64(seed: 15)
        let shapes = [
            (3, 16, 9, 1), (16, 16, 2, 2), (20, 33, 3, 3), (16, 20, 4, 5), (5, 16, 5, 7), (33, 16, 6, 8),
            (16, 3, 7, 14),
            (64, 16, 8, 67), (1000, 16, 5, 20),
        ]
        for (inputs, outputs, height, width) in shapes {
            for padding in 0...2 where height > 2 && width > 2 || padding > 0 {
                for (bits, weightBits) in [(1, 1), (4, 4), (4, 5), (3, 6), (5, 4), (7, 5), (8, 4), (4, 8)] {
                    let layer = ReferenceConvolution(
                        images: 1, inputChannels: inputs, outputChannels: outputs, height: height, width: width,
                        window: Window(
                            kernel: Window.Pair(3, 3),
                            padding: Window.Padding(top: padding, left: padding, bottom: padding, right: padding)))
                    let zeroPoint = Int.random(in: 0..<1 << bits, using: &random)
                    let input = self.inputs(layer, bits: bits, zeroPoint: zeroPoint, random: &random, isa: isa)
                    let weights = (0..<layer.weightCount).map { _ in
                        UInt8.random(in: 0...UInt8((1 << weightBits) - 1), using: &random)
                    }
                    // Both ends of the weights, and their middle.
                    let zeroPoints = (0..<outputs).map {
                        [0, (1 << weightBits) - 1, 1 << (weightBits - 1)][$0 % 3]
                    }
                    let output = layer.outputMap()
                    try prepared(layer, weights, zeroPoints, inputBits: bits, isa).run(
                        input: input.codes, images: 0..<1, epilogue: Epilogue(channels: outputs),
                        maps: EpilogueMaps(outputs: [output]), isa: isa, scratch: Scratch(), cancelled: { false })
                    let expected = layer.sums(input.values, centred(weights, zeroPoints))
                    #expect(output.planar(0..<1).map(Double.init) == expected, "\(layer) \(bits) \(weightBits)")
                }
            }
        }
    }

    /// The filter with the fewest products, where codes and weights stay bytes.
    @Test func minimalFiltersAreChosenByWhatFitsBytes() {
        let padding = Window.Padding(top: 1, left: 1, bottom: 1, right: 1)
        let window = Window(kernel: Window.Pair(3, 3), padding: padding)
        func filter(_ rows: Int, _ input: Int, _ weight: Int, channels: Int = 64, _ other: Window? = nil)
            -> MinimalFilter?
        {
            MinimalFilter(
                other ?? window, inputChannels: channels, outputRows: rows, largestInput: input,
                largestWeight: weight)
        }
        #expect(filter(8, 15, 15) == .fourRows)
        #expect(filter(8, 15, 18) == .fourRows)
        #expect(filter(8, 15, 19) == .twoRows)
        #expect(filter(8, 31, 15) == .twoRows)
        #expect(filter(8, 127, 42) == .twoRows)
        #expect(filter(8, 128, 42) == nil)
        #expect(filter(8, 127, 43) == nil)
        #expect(filter(8, 15, 15, channels: 1025) == nil)
        #expect(filter(1, 15, 15) == nil)
        #expect(filter(2, 15, 15) == nil)
        #expect(
            filter(8, 15, 15, Window(kernel: Window.Pair(3, 3), strides: Window.Pair(2, 1), padding: padding))
                == nil)
        #expect(
            filter(8, 15, 15, Window(kernel: Window.Pair(3, 3), dilations: Window.Pair(1, 2), padding: padding))
                == nil)
        #expect(filter(8, 15, 15, Window(kernel: Window.Pair(3, 5), padding: padding)) == nil)
    }

    /// The largest codes and weights of every width: levels that gather products in 16 bits widen them in time, and
    /// depthwise weights beyond 8 bits are the sum of their parts.
    @Test(arguments: InstructionSet.available)
    func sumsOfTheLargestCodesAreExact(isa: InstructionSet) throws {
        let window = Window(
            kernel: Window.Pair(3, 3), padding: Window.Padding(top: 1, left: 1, bottom: 1, right: 1))
        let layers = [
            ReferenceConvolution(
                images: 1, inputChannels: 50, outputChannels: 20, height: 4, width: 9, window: window),
            ReferenceConvolution(
                images: 1, inputChannels: 20, outputChannels: 20, groups: 20, height: 4, width: 9, window: window),
        ]
        for layer in layers {
            for bits in 1...8 {
                let largest = (1 << bits) - 1
                let floats = layer.inputMap([Float](repeating: Float(largest), count: layer.inputCount))
                let codes = StoredMap.codes(CodeMap(layout: floats.layout, capacity: 1, zeroPoint: 0), step: 1)
                Epilogue(
                    channels: layer.inputChannels,
                    outputs: [.quantized(.codes(scale: 1, zeroPoint: 0, codes: 0...largest))]
                ).apply(to: floats, images: 0..<1, maps: EpilogueMaps(stored: [codes]), isa: isa)
                for weightBits in 1...8 {
                    for zero in [0, (1 << weightBits) - 1] {
                        let weight = UInt8((1 << weightBits) - 1 - zero)
                        let weights = [UInt8](repeating: weight, count: layer.weightCount)
                        let zeroPoints = [Int](repeating: zero, count: layer.outputChannels)
                        let output = layer.outputMap()
                        try prepared(layer, weights, zeroPoints, inputBits: bits, isa).run(
                            input: codes, images: 0..<1, epilogue: Epilogue(channels: layer.outputChannels),
                            maps: EpilogueMaps(outputs: [output]), isa: isa, scratch: Scratch(),
                            cancelled: { false })
                        let expected = layer.sums(floats.planar(0..<1), centred(weights, zeroPoints))
                        #expect(
                            output.planar(0..<1).map(Double.init) == expected,
                            "\(layer) \(bits) \(weightBits) \(zero)")
                    }
                }
            }
        }
    }

    /// Beyond 2^24 sums in floats are rounded, and the codes they give are one step off at most.
    @Test(arguments: InstructionSet.available)
    func sumsThatFloatsDoNotHoldDifferByOneStep(isa: InstructionSet) throws {
        var random = SplitMix64(seed: 14)
        let layer = ReferenceConvolution(
            images: 1, inputChannels: 64, outputChannels: 32, height: 6, width: 20,
            window: Window(
                kernel: Window.Pair(5, 5), padding: Window.Padding(top: 2, left: 2, bottom: 2, right: 2)))
        let inputs = inputs(layer, bits: 8, zeroPoint: 0, random: &random, isa: isa)
        let weights = (0..<layer.weightCount).map { _ in UInt8.random(in: 90...220, using: &random) }
        let zeroPoints = [Int](repeating: 20, count: layer.outputChannels)
        let sums = layer.sums(inputs.values, centred(weights, zeroPoints))
        #expect(sums.filter { $0 > 0x1p24 }.count > sums.count / 2)
        // Thresholds as close together as codes allow: 255 steps over the sums there are.
        let epilogue = Epilogue(
            channels: layer.outputChannels, scale: [0x1p-24],
            outputs: [
                .quantized(.codes(scale: Float((sums.max() ?? 1) * 0x1p-24 / 255), zeroPoint: 0, codes: 0...255))
            ])
        let floats = layer.outputMap()
        try layer.prepared(centred(weights, zeroPoints)).run(
            input: inputs.floats, images: 0..<1, epilogue: epilogue, maps: EpilogueMaps(outputs: [floats]),
            isa: isa, scratch: Scratch())
        let codes = layer.outputMap()
        try prepared(layer, weights, zeroPoints, inputBits: 8, isa).run(
            input: inputs.codes, images: 0..<1, epilogue: epilogue, maps: EpilogueMaps(outputs: [codes]), isa: isa,
            scratch: Scratch(), cancelled: { false })
        #expect(zip(floats.planar(0..<1), codes.planar(0..<1)).allSatisfy { abs($0 - $1) <= 1 })
        #expect(codes.planar(0..<1).contains(255))
    }

    /// Everything that an epilogue can do with codes, in all combinations: window sums, an addend, one output or two,
    /// activations, and weights that window sums have to put right.
    @Test(arguments: InstructionSet.available)
    func storedCodesEqualTheFloatPath(isa: InstructionSet) throws {
        var random = SplitMix64(seed: 13)
        for (index, layer) in (Self.layers + Self.filtered).enumerated() {
            let zeroPoint = Int.random(in: 0...15, using: &random)
            let inputs = inputs(layer, bits: 4, zeroPoint: zeroPoint, random: &random, isa: isa)
            let largest: UInt8 = index % 5 == 0 ? 255 : 15
            let weights = (0..<layer.weightCount).map { _ in UInt8.random(in: 0...largest, using: &random) }
            let channels = layer.outputChannels
            let zeroPoints = random.zeroPoints(channels, upTo: Int(largest))
            let (adds, hasTwo, hasOffset) = (index / 3 % 2 == 0, index / 6 % 2 == 0, index / 12 % 4 > 0)
            let activations: [Activation] = [.leaky(slope: 0.1), .none, .clamp(low: -7, high: 20)]
            let (valueGrid, copyGrid) = (
                StorageGrid.values(scale: 0.37, zeroPoint: 101, codes: 0...255),
                StorageGrid.codes(scale: 1.3, zeroPoint: 5, codes: 0...15)
            )
            let epilogue = Epilogue(
                channels: channels, scale: random.reals(channels).map { $0 * 0.3 }, bias: random.reals(channels),
                offset: hasOffset ? random.reals(channels) : nil, activation: activations[index % 3],
                outputs: hasTwo
                    ? [.quantized(valueGrid), .requantized(copyGrid, source: 0)] : [.quantized(valueGrid)])
            let layout = layer.outputMap().layout
            func pair(_ zeroPoint: Int, _ step: Float) -> (floats: FeatureMap, codes: StoredMap) {
                (
                    FeatureMap(layout: layout, capacity: layer.images),
                    .codes(CodeMap(layout: layout, capacity: layer.images, zeroPoint: zeroPoint), step: step)
                )
            }
            let (value, copy, addend) = (pair(101, 0.37), pair(5, 1), pair(30, 0.21))
            let addendGrid = StorageGrid.values(scale: 0.21, zeroPoint: 30, codes: 0...255)
            let noise = FeatureMap(layout: layout, capacity: layer.images)
            noise.load(
                planar: random.reals(layer.images * layout.elements).map { $0 * 20 }, into: 0..<layer.images)
            for target in [.floats(addend.floats), addend.codes] {
                Epilogue(channels: channels, outputs: [.quantized(addendGrid)]).apply(
                    to: noise, images: 0..<layer.images, maps: EpilogueMaps(stored: [target]), isa: isa)
            }
            let scratch = Scratch()
            try layer.prepared(centred(weights, zeroPoints)).run(
                input: inputs.floats, images: 0..<layer.images, epilogue: epilogue,
                maps: EpilogueMaps(
                    outputs: hasTwo ? [value.floats, copy.floats] : [value.floats],
                    addend: adds ? addend.floats : nil), isa: isa,
                scratch: scratch)
            try prepared(layer, weights, zeroPoints, inputBits: 4, isa).run(
                input: inputs.codes, images: 0..<layer.images, epilogue: epilogue,
                maps: EpilogueMaps(
                    stored: hasTwo ? [value.codes, copy.codes] : [value.codes], addend: adds ? addend.codes : nil),
                isa: isa,
                scratch: scratch, cancelled: { false })
            for (floats, codes) in hasTwo ? [value, copy] : [value] {
                let decoded = FeatureMap(layout: layout, capacity: layer.images)
                Epilogue(channels: channels).apply(
                    to: codes, images: 0..<layer.images, maps: EpilogueMaps(outputs: [decoded]), isa: isa)
                #expect(decoded.planar(0..<layer.images) == floats.planar(0..<layer.images), "\(layer)")
                guard case .codes(let map, _) = codes else { continue }
                #expect(haloIsZero(map), "\(layer)")
            }
        }
    }

    /// Whether the halo and the unused lanes hold the code of zero.
    private func haloIsZero(_ map: CodeMap) -> Bool {
        let layout = map.layout
        return map.withCodes(of: 0..<map.capacity) { codes in
            (0..<map.capacity).allSatisfy { image in
                (0..<layout.blocks).allSatisfy { block in
                    (-layout.halo..<layout.height + layout.halo).allSatisfy { y in
                        (-layout.halo..<layout.width + layout.halo).allSatisfy { x in
                            let isInside = (0..<layout.height).contains(y) && (0..<layout.width).contains(x)
                            return (0..<16).allSatisfy { lane in
                                isInside && block * 16 + lane < layout.channels
                                    || codes[layout.offset(image: image, block: block, y: y, x: x) + lane]
                                        == UInt8(map.zeroPoint)
                            }
                        }
                    }
                }
            }
        }
    }
}

extension SplitMix64 {
    fileprivate mutating func zeroPoints(_ count: Int, upTo largest: Int) -> [Int] {
        (0..<count).map { _ in Int.random(in: 0...largest, using: &self) }
    }
}

import Engine
import Glibc
import Testing

struct EpilogueTests {
    private let layout = MapLayout(channels: 19, height: 2, width: 5, halo: 1)

    private func map(_ values: [Float]) -> FeatureMap {
        let map = FeatureMap(layout: layout, capacity: 1)
        map.load(planar: values, into: 0..<1)
        return map
    }

    private func apply(_ epilogue: Epilogue, to values: [Float], addend: [Float]? = nil, isa: InstructionSet)
        -> [[Float]]
    {
        let maps = epilogue.outputs.map { _ in FeatureMap(layout: layout, capacity: 1) }
        epilogue.apply(
            to: map(values), images: 0..<1, maps: EpilogueMaps(outputs: maps, addend: addend.map(map)), isa: isa)
        return maps.map { $0.planar(0..<1) }
    }

    @Test(arguments: InstructionSet.available)
    func activationsEqualTheirFormulas(isa: InstructionSet) {
        var random = SplitMix64(seed: 21)
        let values = (0..<layout.elements).map { _ in Float.random(in: -20...20, using: &random) }
        func check(_ activation: Activation, _ formula: (Double) -> Double) {
            let results = apply(Epilogue(channels: 19, activation: activation), to: values, isa: isa)[0]
            for (value, result) in zip(values, results) {
                // The polynomial and the two rounded operations after it: 4 ulp.
                let expected = formula(Double(value))
                #expect(abs(Double(result) - expected) <= 4 * 0x1p-23 * abs(expected), "\(activation) of \(value)")
            }
        }
        check(.none) { $0 }
        check(.relu) { max($0, 0) }
        check(.clamp(low: -1, high: 6)) { min(max($0, -1), 6) }
        check(.leaky(slope: 0.125)) { $0 < 0 ? 0.125 * $0 : $0 }
        check(.silu) { $0 / (1 + exp(-$0)) }
        check(.sigmoid) { 1 / (1 + exp(-$0)) }
    }

    /// Near the corners of the hard gates cancellation leaves errors relative to the operands, not to the result.
    @Test(arguments: InstructionSet.available)
    func hardActivationsEqualTheirFormulas(isa: InstructionSet) {
        let values = (0..<layout.elements).map { Float($0) / 16 - 5.5 }
        let swish = apply(Epilogue(channels: 19, activation: .hardSwish), to: values, isa: isa)[0]
        let gate = Activation.hardSigmoid(slope: 0.2, offset: 0.5)
        let sigmoid = apply(Epilogue(channels: 19, activation: gate), to: values, isa: isa)[0]
        for (index, value) in values.map(Double.init).enumerated() {
            #expect(abs(Double(swish[index]) - value * min(max(value / 6 + 0.5, 0), 1)) < 1e-6)
            #expect(abs(Double(sigmoid[index]) - min(max(0.2 * value + 0.5, 0), 1)) < 1e-6)
        }
    }

    @Test(arguments: InstructionSet.available)
    func exponentialActivationsSaturate(isa: InstructionSet) {
        var values = [Float](repeating: 0, count: layout.elements)
        values.replaceSubrange(0..<4, with: [-200, 200, -.infinity, .infinity])
        let sigmoid = apply(Epilogue(channels: 19, activation: .sigmoid), to: values, isa: isa)[0]
        #expect(sigmoid[0] < 1e-37 && sigmoid[1] == 1 && sigmoid[2] < 1e-37 && sigmoid[3] == 1 && sigmoid[4] == 0.5)
        let silu = apply(Epilogue(channels: 19, activation: .silu), to: values, isa: isa)[0]
        #expect(abs(silu[0]) < 1e-35 && silu[1] == 200 && silu[3] == .infinity)
    }

    @Test(arguments: InstructionSet.available)
    func activationsKeepNaN(isa: InstructionSet) {
        var values = [Float](repeating: 1, count: layout.elements)
        values[7] = .nan
        for activation in [Activation.none, .relu, .leaky(slope: 0.1), .hardSwish, .silu, .sigmoid] {
            let results = apply(Epilogue(channels: 19, activation: activation), to: values, isa: isa)[0]
            #expect(results.indices.filter { results[$0].isNaN } == [7], "\(activation)")
        }
    }

    @Test(arguments: InstructionSet.available)
    func quantizationRoundsTiesToEvenAndClamps(isa: InstructionSet) {
        var values = [Float](repeating: 0, count: layout.elements)
        values.replaceSubrange(
            0..<10, with: [0.25, 0.75, 1.25, -0.25, -0.75, 100, -100, .nan, .infinity, -.infinity])
        let grid = StorageGrid.codes(scale: 0.5, zeroPoint: 3, codes: 0...15)
        let codes = apply(Epilogue(channels: 19, outputs: [.quantized(grid)]), to: values, isa: isa)[0]
        #expect(Array(codes[0..<10]) == [0, 2, 2, 0, -2, 12, -3, -3, 12, -3])
        let reals = StorageGrid.values(scale: 0.5, zeroPoint: 3, codes: 0...15)
        let stored = apply(Epilogue(channels: 19, outputs: [.quantized(reals)]), to: values, isa: isa)[0]
        #expect(stored == codes.map { $0 * 0.5 })
    }

    @Test(arguments: InstructionSet.available)
    func outputsMayRequantizeEarlierOnes(isa: InstructionSet) {
        var random = SplitMix64(seed: 22)
        let values = random.reals(layout.elements).map { $0 * 8 }
        let scales = (0..<19).map { 0.25 + Float($0 % 3) * 0.25 }
        let fine = StorageGrid.values(
            scales: scales, zeroPoints: (0..<19).map { $0 % 4 }, codes: Array(repeating: -20...20, count: 19))
        let coarse = StorageGrid.values(scale: 2, zeroPoint: 0, codes: -2...2)
        let epilogue = Epilogue(
            channels: 19, outputs: [.quantized(fine), .real, .requantized(coarse, source: 0), .quantized(coarse)])
        let results = apply(epilogue, to: values, isa: isa)
        let pixels = layout.height * layout.width
        for (index, value) in values.enumerated() {
            let channel = index / pixels
            let (scale, zeroPoint) = (scales[channel], Float(channel % 4))
            let code = min(max(value * (1 / scale), -20 - zeroPoint), 20 - zeroPoint).rounded(.toNearestOrEven)
            func onCoarse(_ x: Float) -> Float { min(max(x / 2, -2), 2).rounded(.toNearestOrEven) * 2 }
            #expect(results[0][index] == code * scale)
            #expect(results[1][index] == value)
            #expect(results[2][index] == onCoarse(code * scale))
            #expect(results[3][index] == onCoarse(value))
        }
    }

    /// Powers of two and small integers: no rounding anywhere, so fused and separate arithmetic agree.
    @Test(arguments: InstructionSet.available)
    func scaleBiasAndAddendCombineBeforeTheActivation(isa: InstructionSet) {
        var random = SplitMix64(seed: 23)
        let values = random.integers(layout.elements, bound: 100)
        let addend = random.integers(layout.elements, bound: 100)
        let scale = (0..<19).map { [0.5, 1, 2][$0 % 3] as Float }
        let bias = random.integers(19, bound: 9)
        let epilogue = Epilogue(
            channels: 19, scale: scale, bias: bias, addendScale: 0.25, activation: .relu, outputs: [.real])
        let output = FeatureMap(layout: MapLayout(channels: 19, height: 2, width: 5), capacity: 1)
        let wide = FeatureMap(layout: MapLayout(channels: 19, height: 2, width: 5, halo: 3), capacity: 1)
        wide.load(planar: addend, into: 0..<1)
        epilogue.apply(
            to: map(values), images: 0..<1, maps: EpilogueMaps(outputs: [output], addend: wide),
            isa: isa)
        let expected = values.indices.map { values[$0] * scale[$0 / 10] + bias[$0 / 10] + addend[$0] * 0.25 }
        #expect(output.planar(0..<1) == expected.map { max($0, 0) })
    }

    /// The kernels have loops of their own for common combinations; a third output selects the general one.
    @Test(arguments: InstructionSet.available)
    func commonAndGeneralLoopsGiveTheSameBits(isa: InstructionSet) {
        var random = SplitMix64(seed: 24)
        let values = random.reals(layout.elements).map { $0 * 10 }
        let addend = random.reals(layout.elements)
        let fine = Epilogue.Output.quantized(.values(scale: 0.37, zeroPoint: 2, codes: 0...15))
        let coarse = StorageGrid.codes(scale: 1.7, zeroPoint: 0, codes: -3...3)
        let combinations: [[Epilogue.Output]] = [
            [.real], [fine], [.real, fine], [fine, .real], [fine, .requantized(coarse, source: 0)],
        ]
        for outputs in combinations {
            for adds in [false, true] {
                for activation in [Activation.none, .relu, .silu, .hardSigmoid(slope: 0.2, offset: 0.5)] {
                    func results(extra: [Epilogue.Output]) -> [[Float]] {
                        let epilogue = Epilogue(
                            channels: 19, scale: [0.7], bias: [0.3], addendScale: 1.3, activation: activation,
                            outputs: outputs + extra)
                        return apply(epilogue, to: values, addend: adds ? addend : nil, isa: isa)
                    }
                    let common = results(extra: [])
                    let general = results(extra: [.real, .real])
                    #expect(common == Array(general.prefix(outputs.count)), "\(outputs) \(activation)")
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func mapsAreRequantizedInPlace(isa: InstructionSet) {
        let values = (0..<layout.elements).map { Float($0) }
        let map = map(values)
        let grid = StorageGrid.values(scale: 4, zeroPoint: 0, codes: 0...31)
        Epilogue(channels: 19, outputs: [.quantized(grid)]).apply(
            to: map, images: 0..<1, maps: EpilogueMaps(outputs: [map]), isa: isa)
        #expect(map.planar(0..<1) == values.map { min(($0 / 4).rounded(.toNearestOrEven), 31) * 4 })
    }
}

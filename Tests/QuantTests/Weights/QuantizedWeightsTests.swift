import Testing

@testable import Quant

@Suite struct QuantizedWeightsTests {
    private func weights(channels: Int, length: Int) -> [Float] {
        var generator = SeededGenerator(seed: 7)
        return (0..<channels * length).map { index in
            generator.gauss() * Float(1 + index / length) * 0.1 + Float(index / length) * 0.02
        }
    }

    private func moments(_ values: ArraySlice<Float>) -> (mean: Double, norm: Double) {
        let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
        return (mean, values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }.squareRoot())
    }

    /// The mean up to the rounding of the shift.
    @Test(arguments: [2, 3, 4, 8]) func bothCorrectionsKeepBothMoments(bits: Int) {
        let original = weights(channels: 6, length: 144)
        let quantized = QuantizedWeights(
            original, outputChannels: 6, bits: [Int](repeating: bits, count: 6), correction: .both)
        let effective = quantized.effective
        for channel in 0..<6 {
            let rows = channel * 144..<(channel + 1) * 144
            let (before, after) = (moments(original[rows]), moments(effective[rows]))
            #expect(abs(before.mean - after.mean) < 1e-6 + Double(quantized.scale[channel]) * 0x1p-10)
            #expect(abs(before.norm / after.norm - 1) < 1e-5)
        }
    }

    /// Multiples of 2^-k of a step, which leave at most 1/256 of the mean's error on average.
    @Test func shiftsAreMultiplesOfPartsOfAStep() {
        for (count, bits) in [(1, 9), (9, 9), (1024, 9), (1025, 10), (4608, 11), (25_088, 12)] {
            #expect(QuantizedWeights.shiftBits(count: count) == bits)
            #expect(Double(count) / Double(1 << (2 * bits)) <= 1 / 256)
        }
        let length = 1300
        let original = weights(channels: 24, length: length)
        let quantized = QuantizedWeights(
            original, outputChannels: 24, bits: [Int](repeating: 3, count: 24), correction: .mean)
        var (before, after) = (0.0, 0.0)
        for channel in 0..<24 {
            let (step, shift) = (Double(quantized.scale[channel]), Double(quantized.shift[channel]))
            #expect((shift * 1024).rounded() == shift * 1024)
            let rows = channel * length..<(channel + 1) * length
            let left = moments(original[rows]).mean - moments(quantized.effective[rows]).mean
            #expect(abs(left) <= step / 2048 + 1e-6)
            before += (quantized.meanErrors[channel] / step) * (quantized.meanErrors[channel] / step)
            after += (left / step) * (left / step)
        }
        #expect(before > 0 && after < before / 128)
    }

    @Test func codesFollowTheAffineQuantizer() {
        let original = weights(channels: 3, length: 50)
        let quantized = QuantizedWeights(original, outputChannels: 3, bits: [4, 3, 1], correction: .none)
        for (channel, bits) in [4, 3, 1].enumerated() {
            let values = original[channel * 50..<(channel + 1) * 50]
            let quantizer = AffineQuantizer(
                bits: bits, lo: Double(values.min() ?? 0), hi: Double(values.max() ?? 0))
            for (index, value) in values.enumerated() {
                #expect(Int(quantized.codes[channel * 50 + index]) == quantizer.code(for: value))
            }
        }
    }

    @Test func aChannelOfZeroBitsIsItsMeanNotItsMinimum() {
        let quantized = QuantizedWeights([1, 2, 6], outputChannels: 1, bits: [0], correction: .both)
        #expect(quantized.effective == [3, 3, 3])
        #expect(abs(quantized.squaredError - 14) < 1e-9)
    }

    @Test(arguments: [BiasCorrection.none, .mean, .both]) func theSquaredErrorIsThatOfTheEffectiveWeights(
        correction: BiasCorrection
    ) {
        let original = weights(channels: 4, length: 72)
        let quantized = QuantizedWeights(original, outputChannels: 4, bits: [2, 3, 4, 5], correction: correction)
        let direct = zip(original, quantized.effective).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        #expect(abs(quantized.squaredError / direct - 1) < 1e-4)
    }

    @Test func constantAndZeroChannelsStayFinite() {
        let quantized = QuantizedWeights(
            [Float](repeating: 0.3, count: 9) + [Float](repeating: 0, count: 9), outputChannels: 2, bits: [4, 4],
            correction: .both)
        #expect(quantized.effective.allSatisfy { $0.isFinite })
        #expect(quantized.effective[9...].allSatisfy { $0 == 0 })
        #expect(quantized.effective[..<9].allSatisfy { abs($0 - 0.3) < 1e-6 })
    }
}

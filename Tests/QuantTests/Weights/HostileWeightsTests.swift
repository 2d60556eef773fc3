import Testing

@testable import Quant

@Suite struct HostileWeightsTests {
    @Test(arguments: 0...8) func weightsThatAreNotFiniteCountAsZero(bits: Int) {
        for correction in [BiasCorrection.none, .mean, .both] {
            let hostile = QuantizedWeights(
                [.nan, 1, -2, .infinity, 0.5, -.infinity], outputChannels: 2, bits: [bits, bits],
                correction: correction)
            let cleaned = QuantizedWeights(
                [0, 1, -2, 0, 0.5, 0], outputChannels: 2, bits: [bits, bits], correction: correction)
            #expect(hostile == cleaned)
            #expect(hostile.effective.allSatisfy { $0.isFinite } && hostile.squaredError.isFinite)
        }
    }

    @Test func nothingAtAllIsLegal() {
        let none = QuantizedWeights([], outputChannels: 0, bits: [], correction: .both)
        #expect(none.codes.isEmpty && none.effective.isEmpty && none.squaredError == 0 && none.signalPower == 0)
        let hollow = QuantizedWeights([], outputChannels: 2, bits: [4, 0], correction: .both)
        #expect(hollow.scale.allSatisfy { $0.isFinite } && hollow.shift.allSatisfy { $0.isFinite })
    }

    /// The order printed in the paper, ξ (ŵ + μ), would leave the mean at ξ E w.
    @Test func theMeanOfACorrectedChannelIsNotScaledByTheNorm() {
        var generator = SeededGenerator(seed: 51)
        let weights = (0..<400).map { _ in generator.gauss() * 0.1 + 1 }
        let quantized = QuantizedWeights(weights, outputChannels: 1, bits: [2], correction: .both)
        #expect(abs(quantized.normRatios[0] - 1) > 0.01)
        let mean = weights.reduce(0.0) { $0 + Double($1) } / 400
        let corrected = quantized.effective.reduce(0.0) { $0 + Double($1) } / 400
        #expect(abs(mean - corrected) < Double(quantized.scale[0]) * 0x1p-8)
    }

    /// What is clipped to nothing has steps far too small for its mean.
    @Test(arguments: [BiasCorrection.mean, .both])
    func aChannelWhoseStepsAreLostBesideItsMeanIsItsMean(correction: BiasCorrection) {
        let quantized = QuantizedWeights(
            [3, 4, 5], outputChannels: 1, bits: [4], correction: correction, ranges: [0...0])
        #expect(quantized.effective == [4, 4, 4])
        #expect(abs(quantized.squaredError - 2) < 1e-6)
    }

    @Test func moreBitsNeverMeasureWorse() {
        var generator = SeededGenerator(seed: 52)
        let weights = (0..<4096).map { _ in generator.gauss() }
        let errors = (0...8).map {
            QuantizedWeights(weights, outputChannels: 1, bits: [$0], correction: .none).squaredError / 4096
        }
        #expect(zip(errors.dropFirst(2), errors.dropFirst(3)).allSatisfy { $0 > $1 })
        #expect(abs(errors[0] - 1) < 0.06)
    }
}

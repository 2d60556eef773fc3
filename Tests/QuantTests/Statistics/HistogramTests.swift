import Testing

@testable import Quant

@Suite struct HistogramTests {
    private func histogram(_ samples: [Float], lo: Double, hi: Double, bins: Int = 512) -> Histogram {
        var histogram = Histogram(lo: lo, hi: hi, bins: bins)
        samples.withUnsafeBufferPointer { histogram.add($0) }
        return histogram
    }

    private func normal(_ count: Int, seed: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in generator.gauss() }
    }

    @Test func everyFiniteSampleIsCountedOnceAndZerosApart() {
        let samples: [Float] = [-9, -0.5, 0, 0, -0.0, 0.25, 9, .nan, .infinity, -.infinity]
        let counted = histogram(samples, lo: -1, hi: 1, bins: 4)
        #expect(counted.zeroCount == 3)
        #expect(counted.counts == [1, 1, 1, 1])
        #expect(counted.total == 7)
    }

    @Test func powerIsTheMeanSquareAndQuantilesThoseOfTheSamples() {
        let samples = normal(100_000, seed: 42)
        let counted = histogram(samples, lo: -6, hi: 6, bins: 2048)
        let power = samples.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(samples.count)
        #expect(abs(counted.power / power - 1) < 1e-3)
        let sorted = samples.sorted()
        for probability in [0.001, 0.1, 0.5, 0.9, 0.999] {
            let exact = Double(sorted[Int(probability * Double(sorted.count))])
            #expect(abs(counted.quantile(probability) - exact) < 2 * counted.binWidth + 0.01)
        }
    }

    @Test func quantilesOfMostlyZerosAreZeroUpToTheirShare() {
        let samples = [Float](repeating: 0, count: 900) + (1...100).map { Float($0) / 100 }
        let counted = histogram(samples, lo: 0, hi: 1, bins: 100)
        #expect(counted.quantile(0.5) == 0)
        #expect(abs(counted.quantile(0.95) - 0.5) < 0.02)
        #expect(abs(counted.quantile(1) - 1) < 1e-6)
    }

    /// Uniform samples are what a bin assumes, so the error is exact: step² / 12 inside the range.
    @Test func theErrorOfUniformSamplesIsTheStepSquaredOverTwelve() {
        let counted = histogram((0..<512).map { (Float($0) + 0.5) / 512 }, lo: 0, hi: 1)
        for bits in 1...8 {
            let step = 1 / Double((1 << bits) - 1)
            let error = HistogramError(counted)(AffineQuantizer(bits: bits, lo: 0, hi: 1))
            #expect(abs(error / (step * step / 12) - 1) < 1e-4, "\(bits) bits")
        }
    }

    @Test func zerosHaveNoError() {
        let spread = histogram([0.1, 0.2, 0.9], lo: 0, hi: 1)
        let padded = histogram([0.1, 0.2, 0.9] + [Float](repeating: 0, count: 9), lo: 0, hi: 1)
        let quantizer = AffineQuantizer(bits: 2, lo: 0, hi: 1)
        #expect(abs(HistogramError(padded)(quantizer) * 4 - HistogramError(spread)(quantizer)) < 1e-12)
    }

    @Test func samplesOfAnyMagnitudeAreCounted() {
        for magnitude: Float in [0x1p-140, 1e-36, 1e-20, 1, 1e20, .greatestFiniteMagnitude] {
            let samples: [Float] = [-magnitude, magnitude, magnitude / 2]
            let counted = histogram(samples, lo: Double(-magnitude), hi: Double(magnitude))
            #expect(counted.total == 3, "\(magnitude)")
            #expect(counted.power.isFinite)
            let error = HistogramError(counted)(AffineQuantizer(bits: 4, lo: counted.lo, hi: counted.hi))
            #expect(error.isFinite && error >= 0)
        }
        let empty = histogram([], lo: .infinity, hi: -.infinity)
        #expect(empty.total == 0 && empty.power == 0 && empty.binWidth > 0)
    }
}

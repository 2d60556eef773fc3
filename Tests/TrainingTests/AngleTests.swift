import Glibc
import Testing

@testable import Training

@Suite struct AngleTests {
    private static let gauss: [Float] = {
        var random = SeededGenerator(seed: 12)
        return (0..<1_000_000).map { _ in Float(random.gauss()) }
    }()

    // The range of a sample varies, hence the tolerances.
    @Test(arguments: [
        (2, 0.653, 0.618, 0.04), (3, 0.926, 0.867, 0.012), (4, 0.9825, 0.966, 0.004), (5, 0.9958, 0.9917, 0.001),
        (6, 0.9990, 0.9980, 0.0003), (8, 0.99994, 0.9999, 0.00005),
    ]) func aGaussianKeepsThePublishedDirection(bits: Int, nearest: Double, stochastic: Double, tolerance: Double) {
        let angles = AngleExperiment(seed: 3).angles(Self.gauss, bits: bits)
        #expect(abs(angles.nearest - nearest) <= tolerance)
        #expect(abs(angles.stochastic - stochastic) <= tolerance)
        if bits >= 4 { #expect(abs(angles.tight - angles.nearest) <= 0.002) }
        #expect(angles.nearest >= AngleTheory.bound(bits: bits, count: Self.gauss.count) - tolerance)
    }

    @Test func clippingTurnsLess() {
        // At 4 bits the optimum of ACIQ gives 5.8 degrees, min-max 10.7.
        let angles = AngleExperiment(seed: 3).angles(Self.gauss, bits: 4)
        #expect(acos(angles.clipped) * 180 / Double.pi < 7)
        #expect(abs(acos(angles.nearest) * 180 / Double.pi - 10.7) < 1)
    }

    @Test(arguments: [(Distribution.laplace, 4, 0.937, 0.02), (.laplace, 8, 0.9997, 0.0002)])
    func heavyTailsTurnMore(distribution: Distribution, bits: Int, expected: Double, tolerance: Double) {
        var random = SeededGenerator(seed: 8)
        let values = (0..<1_000_000).map { _ in distribution.sample(&random) }
        #expect(abs(AngleExperiment(seed: 3).angles(values, bits: bits).nearest - expected) <= tolerance)
    }

    @Test func signsAndThreeLevels() {
        let signs = Self.gauss.map { $0 < 0 ? Float(-1) : 1 }
        #expect(abs(AngleTheory.cosine(Self.gauss, signs) - 0.798) < 0.001)
        #expect(abs(AngleTheory.signs - 0.798) < 0.0005)
        let ternary = Self.gauss.map { abs($0) < 0.612 ? Float(0) : $0 < 0 ? -1 : 1 }
        #expect(abs(AngleTheory.cosine(Self.gauss, ternary) - 0.900) < 0.001)
        #expect(abs(AngleTheory.ternary - AngleTheory.cosine(Self.gauss, ternary)) < 0.001)
    }

    @Test func stochasticRoundingIsRightOnAverage() {
        let quantizer = TensorQuantizer(bits: 3, low: 0, high: 7)
        let x = [Float](repeating: 2.3, count: 100_000)
        let rounded = quantizer(x, .stochastic, CounterGenerator(seed: 5, stream: 1))
        #expect(Set(rounded) == [2, 3])
        // Four standard errors: 4 sqrt(0.3 × 0.7 / 100,000).
        #expect(abs(rounded.reduce(0, +) / 100_000 - 2.3) < 0.006)
        #expect(rounded == quantizer(x, .stochastic, CounterGenerator(seed: 5, stream: 1)))
        #expect(rounded != quantizer(x, .stochastic, CounterGenerator(seed: 5, stream: 2)))
    }

    @Test func zeroAndTheEndsAreCodes() {
        let random = CounterGenerator(seed: 0, stream: 0)
        for bits in 1...16 {
            let rounded = TensorQuantizer(bits: bits, low: 0, high: 3)([0, 3, 4, -1], .nearest, random)
            #expect(rounded == [0, 3, 3, 0], "\(bits) bits")
            #expect(TensorQuantizer(bits: bits, low: -1, high: 2.7)([0], .nearest, random) == [0])
        }
        #expect(TensorQuantizer(bits: 8, [0, 0])([0, 0], .nearest, random) == [0, 0])
        #expect(TensorQuantizer(bits: 8, [])([], .nearest, CounterGenerator(seed: 0, stream: 0)).isEmpty)
    }
}

import Testing

@testable import Quant

@Suite struct RangePolicyTests {
    private func laplace(_ count: Int, seed: UInt64, shift: Float = 0) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in generator.laplace() + shift }
    }

    @Test func aFullRangeReachesEquallyFarFromItsMean() {
        let observation = observe(laplace(100_000, seed: 61, shift: 0.5))
        let range = ClippingRange(for: observation, bits: 4, method: .laplace)
        let statistics = observation.statistics
        #expect(range.source == .laplace)
        #expect(abs(range.hi - statistics.mean - range.threshold) < 1e-9)
        #expect(abs(statistics.mean - range.lo - range.threshold) < 1e-9)
        #expect(abs(range.threshold / statistics.meanAbsoluteDeviation - 5.028640) < 1e-6)
    }

    @Test func theTailsThresholdDoesNotDependOnTheNumberOfZeros() {
        let positives = laplace(20_000, seed: 62).map(abs)
        let few = ClippingRange(for: observe(positives + [0]), bits: 4, method: .laplace)
        let many = ClippingRange(
            for: observe(positives + [Float](repeating: 0, count: 60_000)), bits: 4, method: .laplace)
        #expect(few.source == .laplaceTail && abs(few.threshold - many.threshold) < 1e-9)
    }

    @Test func autoTakesMinMaxWhereClippingDoesNotPay() {
        let uniform = (0..<20_000).map { Float($0) / 20_000 }
        let range = ClippingRange(for: observe(uniform), bits: 8, method: .auto)
        let plain = ClippingRange(for: observe(uniform), bits: 8, method: .minMax)
        #expect(range.error <= plain.error && abs(range.hi - plain.hi) < 1e-3)
    }

    @Test func aThresholdSetByHandIsKeptAndCutToTheData() {
        let observation = observe(laplace(10_000, seed: 63).map { max($0, 0) })
        let range = ClippingRange(for: observation, bits: 4, threshold: 1.5)
        #expect(range.source == .manual && range.threshold == 1.5 && range.lo == 0 && range.hi == 1.5)
        let far = ClippingRange(for: observation, bits: 4, threshold: 1e9)
        #expect(far.hi == observation.statistics.maximum)
        for hostile in [Double.nan, .infinity, 0, -2] {
            let range = ClippingRange(for: observation, bits: 4, threshold: hostile)
            #expect(range.lo.isFinite && range.hi.isFinite && range.error.isFinite)
        }
    }

    @Test func percentilesKeepTheirShareOfTheSamples() {
        let samples = laplace(100_000, seed: 64)
        let range = ClippingRange(for: observe(samples), bits: 4, method: .percentile(99))
        let outside = samples.count { Double($0) < range.lo || Double($0) > range.hi }
        #expect(abs(Double(outside) / 100_000 - 0.02) < 0.002)
    }

    @Test func sigmasReachTheirNumberOfDeviations() {
        let observation = observe(laplace(10_000, seed: 65))
        let range = ClippingRange(for: observation, bits: 4, method: .sigmas(2))
        #expect(abs(range.hi - observation.statistics.mean - 2 * observation.statistics.standardDeviation) < 1e-9)
    }

    @Test(arguments: 2...8) func noThresholdOfAFineGridMeasuresBetterThanTheMeasuredOptimum(bits: Int) {
        let observation = observe(laplace(50_000, seed: 66).map { max($0, 0) })
        let best = ClippingRange(for: observation, bits: bits, method: .measured)
        for index in 1...400 {
            let alpha = observation.statistics.maximum * Double(index) / 400
            let error = ClippingRange(for: observation, bits: bits, threshold: alpha).error
            #expect(error >= best.error * 0.99)
        }
    }

    /// Half of a full range's levels serve the magnitudes, so its threshold is that of |x| with one bit less.
    @Test func klOfASymmetricTensorIsThatOfItsMagnitudesWithOneBitLess() {
        let magnitudes = laplace(200_000, seed: 67).map(abs)
        let whole = observe(magnitudes + magnitudes.map { -$0 }, bins: 2048)
        let half = observe(magnitudes, bins: 1024)
        for bits in [3, 4, 5] {
            let full = ClippingRange(for: whole, bits: bits, method: .kl).threshold
            let folded = ClippingRange(for: half, bits: bits - 1, method: .kl).threshold
            #expect(abs(full / folded - 1) < 0.05, "\(bits) bits: \(full) against \(folded)")
        }
    }
}

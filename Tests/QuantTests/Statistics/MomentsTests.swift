import Testing

@testable import Quant

@Suite struct MomentsTests {
    private let samples: [Float] = {
        var generator = SeededGenerator(seed: 1)
        return (0..<1003).map { $0 % 5 == 0 ? 0 : generator.gauss() + 0.25 }
    }()

    private func moments(_ samples: some Collection<Float>) -> Moments {
        Array(samples).withUnsafeBufferPointer { Moments(of: $0) }
    }

    /// The sums of powers about the mean, in two passes.
    private func central(_ samples: [Float], _ power: Int) -> Double {
        let mean = samples.reduce(0) { $0 + Double($1) } / Double(samples.count)
        return samples.reduce(0) { sum, sample in
            sum + (0..<power).reduce(1) { product, _ in product * (Double(sample) - mean) }
        }
    }

    @Test func partsMergeToTheWhole() {
        let whole = moments(samples)
        var merged = Moments()
        for start in stride(from: 0, to: samples.count, by: 37) {
            merged.merge(moments(samples[start..<min(start + 37, samples.count)]))
        }
        #expect(merged.count == whole.count && merged.zeroCount == whole.zeroCount)
        #expect(merged.minimum == whole.minimum && merged.maximum == whole.maximum)
        #expect(abs(merged.mean - whole.mean) < 1e-12)
        #expect(abs(merged.second - whole.second) < 1e-9)
        #expect(abs(merged.third - whole.third) < 1e-9)
        #expect(abs(merged.fourth - whole.fourth) < 1e-9)
        #expect(merged.positive.count == whole.positive.count)
        #expect(abs(merged.positive.sum - whole.positive.sum) < 1e-9)
    }

    @Test func onePassIsAsGoodAsTwo() {
        let found = moments(samples)
        #expect(abs(found.mean * Double(samples.count) - samples.reduce(0) { $0 + Double($1) }) < 1e-9)
        #expect(abs(found.second / central(samples, 2) - 1) < 1e-12)
        #expect(abs(found.third / central(samples, 3) - 1) < 1e-9)
        #expect(abs(found.fourth / central(samples, 4) - 1) < 1e-12)
        let positive = samples.filter { $0 > 0 }
        #expect(found.positive.count == positive.count)
        #expect(found.zeroCount == samples.count { $0 == 0 } && found.zeroCount >= 200)
        #expect(abs(found.positive.sum - positive.reduce(0) { $0 + Double($1) }) < 1e-9)
        #expect(
            abs(found.positive.sumOfSquares - positive.reduce(0) { $0 + Double($1) * Double($1) }) < 1e-9)
    }

    @Test func aSmallSpreadAboutALargeMeanKeepsItsDigits() {
        let far = samples.map { 4096 + $0 / 256 }
        #expect(abs(moments(far).second / central(far, 2) - 1) < 1e-9)
        #expect(abs(moments(far).fourth / central(far, 4) - 1) < 1e-9)
        let constant = moments([Float](repeating: 5.3, count: 1000))
        #expect(constant.second == 0 && constant.fourth == 0 && constant.mean == Double(Float(5.3)))
    }

    @Test func valuesThatAreNotFiniteAreCountedAndLeftOut() {
        let found = moments([1, .nan, 2, .infinity, 3, -.infinity, 4, 5, 6])
        #expect(found.count == 6 && found.nonFiniteCount == 3)
        #expect(found.mean == 3.5 && found.maximum == 6 && found.minimum == 1)
        #expect(moments([.nan, .infinity]).count == 0)
    }

    /// Bins with an edge at zero, as calibration counts them.
    ///
    /// What is lost is where in its bin a sample lies: a bin between 0 and the mean has some 2,000, a sixteenth wide.
    @Test(arguments: [-0.4, 0.0, 0.7] as [Float], [false, true])
    func meanAbsoluteDeviationOfCountsIsThatOfTheSamples(mean: Float, isRectified: Bool) {
        var generator = SeededGenerator(seed: 77)
        let samples = (0..<100_000).map { _ in generator.laplace() + mean }.map { isRectified ? max($0, 0) : $0 }
        let found = moments(samples)
        let exact = samples.withUnsafeBufferPointer { found.meanAbsoluteDeviation(of: $0) }
        var counts = isRectified ? Histogram(lo: 0, hi: 16, bins: 256) : Histogram(lo: -16, hi: 16, bins: 512)
        samples.withUnsafeBufferPointer { counts.add($0) }
        #expect(abs(counts.meanAbsoluteDeviation(found) / exact - 1) < 1.5e-4)
    }

    /// Bins that begin or end between 0 and the mean, before 0, or far away; against the integral bin by bin.
    @Test func theIntegralOfCountsIsThatOfItsParabolas() {
        var generator = SeededGenerator(seed: 78)
        for _ in 0..<200 {
            let first = Int.random(in: -30...20, using: &generator)
            let counts = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
                Int.random(in: 0...100, using: &generator)
            }
            let mean = Float.random(in: -45...45, using: &generator)
            let found = moments([mean - 50, mean, mean + 50])
            let histogram = Histogram(lo: Double(first), binWidth: 1, counts: counts, zeroCount: 0)
            // What the bins add to the exact sums: the integral of the number of samples between 0 and t.
            let b = histogram.meanAbsoluteDeviation(found, scale: 1)
            let empty = Histogram(lo: Double(first), binWidth: 1, counts: counts.map { $0 * 0 }, zeroCount: 0)
            let exact = empty.meanAbsoluteDeviation(found, scale: 0)
            let most = (found.second / 3).squareRoot()
            let sum = integral(counts, from: first, to: found.mean)
            #expect(abs(b - min(most, exact + 2 * sum / 3)) < 1e-9 * max(1, sum))
        }
    }

    private func integral(_ counts: [Int], from first: Int, to end: Double) -> Double {
        let (reach, sign) = (abs(end), end > 0 ? 1 : -1)
        func count(_ step: Int) -> Double? {
            let place = (sign > 0 ? step : -1 - step) - first
            return counts.indices.contains(place) ? Double(counts[place]) : nil
        }
        var (inside, sum) = (0.0, 0.0)
        for step in 0...Int(reach) {
            guard let own = count(step) else { continue }
            let (before, after) = (count(step - 1) ?? own, count(step + 1) ?? own)
            let (b, c) = (own - before, (after - 2 * own + before) / 2)
            let a = own - b / 2 - c / 3
            let u = min(1, reach - Double(step))
            sum += u * inside + u * u * a / 2 + u * u * u * b / 6 + u * u * u * u * c / 12
            inside += own
        }
        // Beyond the last bin all samples are nearer.
        return sum
    }

    @Test func meanAbsoluteDeviationIsPooledAndNotAveragedOverImages() {
        // Two images around different means: the pooled b sees the distance between them.
        let first: [Float] = [0, 2], second: [Float] = [10, 12]
        let pooled = observe(first + second).statistics
        #expect(pooled.meanAbsoluteDeviation == 5)
        #expect(observe(first).statistics.meanAbsoluteDeviation == 1)
    }

    @Test func laplaceAndGaussHaveTheirKurtosis() {
        var generator = SeededGenerator(seed: 9)
        let gauss = observe((0..<200_000).map { _ in generator.gauss() }).statistics
        let laplace = observe((0..<200_000).map { _ in generator.laplace() }).statistics
        #expect(abs(gauss.excessKurtosis) < 0.1)
        #expect(abs(laplace.excessKurtosis - 3) < 0.4)
        #expect(abs(gauss.standardDeviation - 1) < 0.01)
        #expect(abs(laplace.meanAbsoluteDeviation - 1) < 0.01)
    }
}

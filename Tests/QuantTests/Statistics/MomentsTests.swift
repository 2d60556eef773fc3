import Testing

@testable import Quant

@Suite struct MomentsTests {
    private let samples: [Float] = {
        var generator = SeededGenerator(seed: 1)
        return (0..<1003).map { $0 % 5 == 0 ? 0 : generator.gauss() + 0.25 }
    }()

    @Test func partsMergeToTheWhole() {
        var whole = Moments()
        samples.withUnsafeBufferPointer { whole.add($0) }
        var merged = Moments()
        for start in stride(from: 0, to: samples.count, by: 37) {
            var part = Moments()
            samples[start..<min(start + 37, samples.count)].withUnsafeBufferPointer { part.add($0) }
            merged.merge(part)
        }
        #expect(merged.count == whole.count && merged.zeroCount == whole.zeroCount)
        #expect(merged.minimum == whole.minimum && merged.maximum == whole.maximum)
        #expect(abs(merged.sum - whole.sum) < 1e-9)
        #expect(abs(merged.sumOfSquares - whole.sumOfSquares) < 1e-9)
        #expect(merged.positiveCount == whole.positiveCount)
    }

    @Test func vectorsAndSinglesAgree() {
        var vector = Moments()
        samples.withUnsafeBufferPointer { vector.add($0) }
        var single = Moments()
        for sample in samples { single.add(sample) }
        #expect(vector.count == single.count && vector.positiveCount == single.positiveCount)
        #expect(vector.zeroCount == single.zeroCount && vector.zeroCount >= 200)
        #expect(abs(vector.positiveSum - single.positiveSum) < 1e-9)
        #expect(abs(vector.positiveSumOfSquares - single.positiveSumOfSquares) < 1e-9)
    }

    @Test func valuesThatAreNotFiniteAreCountedAndLeftOut() {
        var moments = Moments()
        let values: [Float] = [1, .nan, 2, .infinity, 3, -.infinity, 4, 5, 6]
        values.withUnsafeBufferPointer { moments.add($0) }
        #expect(moments.count == 6 && moments.nonFiniteCount == 3)
        #expect(moments.sum == 21 && moments.maximum == 6 && moments.minimum == 1)
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

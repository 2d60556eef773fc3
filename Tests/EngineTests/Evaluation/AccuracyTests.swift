import Testing

@testable import Engine

@Suite struct AccuracyTests {
    @Test func wilsonsIntervalEqualsItsPublishedExample() {
        // Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662.
        let interval = Proportion(hits: 81, count: 263).interval95
        #expect(abs(interval.lowerBound - 0.2553) < 5e-5)
        #expect(abs(interval.upperBound - 0.3662) < 5e-5)
        #expect(Proportion(hits: 0, count: 0).interval95 == 0...1)
    }

    @Test func thePairedIntervalIsNarrowerThanAnUnpairedOne() {
        let difference = PairedDifference(gained: 10, lost: 30, count: 1000)
        #expect(difference.value == -0.02)
        #expect(abs(difference.interval95.lowerBound + 0.02 + 1.96 * (40 - 0.4).squareRoot() / 1000) < 1e-6)
        #expect(PairedDifference(gained: 0, lost: 0, count: 0).interval95 == -1...1)
    }

    @Test func comparisonsCountHitsChangesAndAgreement() {
        var comparison = Comparison(.classes(3), isLabelled: true)
        comparison.add(float: [1, 0, 0, 0, 1, 0], quantized: [1, 0, 0, 0, 0, 1], labels: [0, 2])
        #expect(comparison.count == 2)
        #expect(comparison.floatTop1?.value == 0.5)
        #expect(comparison.quantizedTop1?.value == 1)
        #expect(comparison.difference == PairedDifference(gained: 1, lost: 0, count: 2))
        #expect(comparison.agreement?.value == 0.5)
        #expect(comparison.quantizedTop5 == nil)
    }

    @Test func pixelsAgreeOneByOneAndOtherOutputsHaveNoClasses() {
        // Two classes over three pixels: [class][pixel].
        var pixels = Comparison(.pixels(3, classes: 2), isLabelled: true)
        pixels.add(float: [1, 0, 2, 0, 1, 1], quantized: [1, 3, 0, 0, 1, 1], labels: [0])
        #expect(pixels.agreement == Proportion(hits: 1, count: 3) && pixels.quantizedTop1 == nil)
        var values = Comparison(.values(2), isLabelled: true)
        values.add(float: [3, 4], quantized: [3, 3.5], labels: [0])
        #expect(values.agreement == nil && values.count == 1)
        #expect(abs((values.logitSQNR ?? 0) - 20) < 1e-9)
    }

    @Test func theShapeTellsHowAnOutputIsJudged() {
        #expect(Judgement([1, 10]) == .classes(10) && Judgement([1, 10, 1, 1]) == .classes(10))
        #expect(Judgement([1, 21, 8, 4]) == .pixels(32, classes: 21))
        #expect(Judgement([1, 1]) == .values(1) && Judgement([1, 5, 7]) == .values(35))
        #expect(Judgement([1, 1, 4, 4]) == .values(16))
    }

    @Test func aNetNearChanceIsNoticed() {
        var comparison = Comparison(.classes(10), isLabelled: true)
        for image in 0..<200 {
            var logits = [Float](repeating: 0, count: 10)
            logits[image % 10] = 1
            comparison.add(float: logits[...], quantized: logits[...], labels: [0])
        }
        #expect(comparison.isFloatNearChance)
    }
}

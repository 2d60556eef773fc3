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
        var comparison = Comparison(classes: 3, isLabelled: true)
        comparison.add(float: [1, 0, 0, 0, 1, 0], quantized: [1, 0, 0, 0, 0, 1], labels: [0, 2])
        #expect(comparison.count == 2)
        #expect(comparison.floatTop1?.value == 0.5)
        #expect(comparison.quantizedTop1?.value == 1)
        #expect(comparison.difference == PairedDifference(gained: 1, lost: 0, count: 2))
        #expect(comparison.agreement.value == 0.5)
        #expect(comparison.quantizedTop5 == nil)
    }
}

import Terminal
import Testing

@Suite struct NumbersTests {
    @Test func fixedRoundsWithoutLocale() {
        #expect((-0.25).fixed(1) == "-0.3")
        #expect((-0.01).fixed(1) == "0.0")
        #expect(91.84.fixed(1) == "91.8")
        #expect(2.005.fixed(0) == "2")
        #expect(Double.nan.fixed(2) == "nan")
        #expect((-Double.infinity).fixed(2) == "-inf")
    }

    @Test func briefKeepsAboutThreeDigits() {
        let expected: [(Double, String)] = [
            (0, "0"), (2.314, "2.31"), (0.0421, "0.042"), (1.23e-5, "1.2e-5"), (1.5e6, "1.5e+6"), (1234, "1234"),
            (12.34, "12.3"), (9.97e-5, "1.0e-4"), (-9.97e6, "-1.0e+7"), (9.93e-4, "9.9e-4"),
        ]
        for (value, text) in expected { #expect(value.brief == text) }
    }

    @Test func briefHasFewerDigitsInFewerColumns() {
        let expected: [(Double, Int, String)] = [
            (-0.457, 6, "-0.457"), (-0.457, 5, "-0.46"), (-0.457, 4, "-0.5"), (2.84e-4, 5, "3e-4"),
            (-7.2e-4, 5, "-7e-4"),
            (9.97e-5, 5, "1e-4"), (12_345, 4, "1e+4"), (12.34, 3, "12"), (-9.97, 3, "-10"), (0.99312, 5, "0.993"),
            (0, 1, "0"), (.nan, 2, "nan"),
            // Not even one digit fits: cut short by whoever draws it.
            (-7.2e-4, 4, "-7.2e-4"),
        ]
        for (value, columns, text) in expected {
            #expect(value.brief(in: columns) == text, "\(value) in \(columns)")
        }
    }

    @Test func thousandsAreGrouped() {
        #expect(10_000.grouped == "10,000")
        #expect((-1_234_567).grouped == "-1,234,567")
        #expect(999.grouped == "999")
    }
}

import Testing

@testable import Quant

@Suite struct AffineQuantizerTests {
    @Test(arguments: 1...8) func zeroIsExactAndTheBoundsAreCodes(bits: Int) {
        for (lo, hi) in [(-1.0, 3.0), (0, 6), (-2.5, 0), (0.5, 2), (-7, -1)] {
            let quantizer = AffineQuantizer(bits: bits, lo: lo, hi: hi)
            #expect(quantizer.roundTrip(0) == 0)
            #expect(quantizer.code(for: -100) == 0)
            #expect(quantizer.code(for: 100) == quantizer.maximumCode)
            for code in 0...quantizer.maximumCode {
                #expect(quantizer.code(for: quantizer.value(of: code)) == code)
            }
        }
    }

    @Test func halvesRoundToEven() {
        let quantizer = AffineQuantizer(bits: 4, lo: 0, hi: 15)
        #expect([0.5, 1.5, 2.5, 3.5].map { quantizer.code(for: $0) } == [0, 2, 2, 4])
    }

    @Test func hostileRangesAndValuesHaveDefinedResults() {
        for (lo, hi) in [(0.0, 0.0), (.nan, .infinity), (-Double.infinity, 1), (1e-300, 1e-300), (-1e38, 1e38)] {
            let quantizer = AffineQuantizer(bits: 4, lo: lo, hi: hi)
            #expect(quantizer.scale.isNormal)
            for value in [Float.nan, .infinity, -.infinity, 0, 1e30] {
                #expect((0...15).contains(quantizer.code(for: value)))
                #expect(quantizer.roundTrip(value).isFinite)
            }
        }
    }

    @Test func theErrorOfManyValuesIsTheSumOfTheirErrors() {
        var generator = SeededGenerator(seed: 3)
        for count in [0, 1, 15, 16, 37, 1000] {
            let values = (0..<count).map { _ in generator.laplace() }
            let quantizer = AffineQuantizer(bits: 3, lo: -1.2, hi: 2.5)
            let direct = values.reduce(0.0) {
                let error = Double($1 - quantizer.roundTrip($1))
                return $0 + error * error
            }
            let fast = values.withUnsafeBufferPointer { quantizer.squaredError(of: $0) }
            #expect(abs(fast - direct) <= 1e-5 * max(1e-9, direct), "\(count) values")
        }
    }
}

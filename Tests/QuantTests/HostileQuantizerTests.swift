import Testing

@testable import Quant

@Suite struct HostileQuantizerTests {
    @Test(arguments: 1...8) func everyCodeOfEveryRangeHasAFiniteValue(bits: Int) {
        let extremes = [-Double.greatestFiniteMagnitude, -3.4e38, -1, -1e-300, 0, 1e-300, 1, 3.4e38, 1e308]
        for lo in extremes {
            for hi in extremes where hi >= lo {
                let quantizer = AffineQuantizer(bits: bits, lo: lo, hi: hi)
                #expect(quantizer.scale.isNormal && quantizer.inverseScale > 0 && quantizer.inverseScale.isFinite)
                #expect(quantizer.lo.isFinite && quantizer.hi.isFinite, "\(lo)...\(hi)")
                #expect((0...quantizer.maximumCode).contains(quantizer.zeroPoint))
                #expect(quantizer.value(of: quantizer.zeroPoint) == 0)
            }
        }
    }

    @Test func codesGrowWithTheirValuesAndRoundTripsAreIdempotent() {
        let quantizer = AffineQuantizer(bits: 5, lo: -0.7, hi: 2.9)
        var last = 0
        for x in stride(from: Float(-2), through: 4, by: 0.003) {
            let code = quantizer.code(for: x)
            #expect(code >= last)
            last = code
            let rounded = quantizer.roundTrip(x)
            #expect(quantizer.roundTrip(rounded) == rounded)
            if x > quantizer.lo && x < quantizer.hi { #expect(abs(rounded - x) <= quantizer.scale * 0.50001) }
        }
    }

    @Test func partsThatContradictEachOtherAreRefused() {
        #expect(AffineQuantizer(scale: .nan, zeroPoint: 0, bits: 4) == nil)
        #expect(AffineQuantizer(scale: 0, zeroPoint: 0, bits: 4) == nil)
        #expect(AffineQuantizer(scale: 1, zeroPoint: 16, bits: 4) == nil)
        #expect(AffineQuantizer(scale: 1, zeroPoint: -1, bits: 4) == nil)
        #expect(AffineQuantizer(scale: 1, zeroPoint: 0, bits: 9) == nil)
        #expect(AffineQuantizer(scale: 0.5, zeroPoint: 15, bits: 4)?.lo == -7.5)
    }

    @Test func theSymmetricVariantHasEqualReachOnBothSides() {
        let quantizer = AffineQuantizer(symmetricMagnitude: 7, bits: 4)
        #expect(quantizer.scale == 1 && quantizer.zeroPoint == 8)
        #expect(quantizer.roundTrip(7) == 7 && quantizer.roundTrip(-7) == -7)
    }
}

import Glibc
import Testing

@testable import Quant

/// The tables of docs/quantization.md to the digits printed, and the formulas against simulated samples.
@Suite struct PublishedFiguresTests {
    static let laplaceDecibels = [8.46, 12.23, 16.38, 20.82, 25.47, 30.29, 35.24]
    static let gaussDecibels = [10.60, 15.03, 19.79, 24.79, 29.94, 35.23, 40.60]

    @Test(arguments: 2...8) func theLeastErrorHasThePublishedSignalToNoiseRatio(bits: Int) {
        let bins = exp2(Double(bits))
        for (prior, variance, table) in [
            (Prior.laplace, 2.0, Self.laplaceDecibels), (.gauss, 1.0, Self.gaussDecibels),
        ] {
            let error = ClippingError(prior: prior, scale: 1, isRectified: false)
            let least = error(threshold: error.optimalThreshold(bits: bits), bins: bins)
            #expect(abs(10 * log10(variance / least) - table[bits - 2]) <= 0.005001, "\(prior)")
        }
    }

    @Test func theLambertFunctionHasItsKnownValues() {
        // W(1) is the omega constant; W(x) of x = w e^w is w.
        #expect(abs(lambertW(1) - 0.567143290409783873) < 1e-12)
        for w in stride(from: 0.001, through: 30, by: 0.37) {
            #expect(abs(lambertW(w * exp(w)) - w) < 1e-12 * max(1, w))
        }
    }

    @Test(arguments: Prior.allCases) func noThresholdBesideTheOptimumHasALowerError(prior: Prior) {
        for isRectified in [false, true] {
            let error = ClippingError(prior: prior, scale: 0.7, isRectified: isRectified)
            for bins in [1.0, 3, 7.3, 16, 39.4, 256] {
                let alpha = error.optimalThreshold(bins: bins)
                let least = error(threshold: alpha, bins: bins)
                for factor in [0.5, 0.9, 0.99, 1.01, 1.1, 2] {
                    #expect(error(threshold: alpha * factor, bins: bins) > least)
                }
            }
        }
    }

    @Test(arguments: Prior.allCases) func errorsAndThresholdsScale(prior: Prior) {
        let unit = ClippingError(prior: prior, scale: 1, isRectified: true)
        let scaled = ClippingError(prior: prior, scale: 250, isRectified: true)
        #expect(abs(scaled.optimalThreshold(bits: 4) / unit.optimalThreshold(bits: 4) - 250) < 1e-9)
        #expect(abs(scaled(threshold: 500, bins: 16) / unit(threshold: 2, bins: 16) - 62_500) < 1e-6)
        let nothing = ClippingError(prior: prior, scale: 0, isRectified: false)
        #expect(nothing.optimalThreshold(bits: 4) == 0 && nothing(threshold: 1, bins: 16) == 0)
    }

    /// The clipping part alone is exact: samples beyond the threshold against the formula without rounding noise.
    @Test(arguments: Prior.allCases) func clippedTailsAgreeWithMonteCarloWithinFourStandardErrors(prior: Prior) {
        var generator = SeededGenerator(seed: 21)
        let samples = (0..<400_000).map { _ in
            switch prior {
            case .laplace: Double(generator.laplace())
            case .gauss: Double(generator.gauss())
            case .uniform: Double.random(in: -1...1, using: &generator)
            }
        }
        for isRectified in [false, true] {
            let error = ClippingError(prior: prior, scale: 1, isRectified: isRectified)
            for alpha in [0.5, 1, 2] {
                var sum = 0.0
                var squares = 0.0
                for sample in samples {
                    let beyond = isRectified ? max(0, sample - alpha) : max(0, abs(sample) - alpha)
                    sum += beyond * beyond
                    squares += beyond * beyond * beyond * beyond
                }
                let count = Double(samples.count)
                let mean = sum / count
                let standardError = ((squares / count - mean * mean) / count).squareRoot()
                #expect(
                    abs(error(threshold: alpha, bins: 1e12) - mean) < 4 * standardError + 1e-20, "α = \(alpha)")
            }
        }
    }

    /// The deployed quantizer has 2^M − 1 steps: about a tenth more error at 4 bits, a third more at 2 bits.
    @Test func theDeployedQuantizerIsWorseThanTheFormulaByTheDocumentedAmounts() {
        var generator = SeededGenerator(seed: 22)
        let samples = (0..<400_000).map { _ in generator.laplace() }
        let error = ClippingError(prior: .laplace, scale: 1, isRectified: false)
        for (bits, excess) in [(4, 0.05...0.16), (2, 0.2...0.55)] {
            let alpha = error.optimalThreshold(bits: bits)
            let quantizer = AffineQuantizer(bits: bits, lo: -alpha, hi: alpha)
            let measured =
                samples.reduce(0.0) { sum, sample in
                    let difference = Double(sample - quantizer.roundTrip(sample))
                    return sum + difference * difference
                } / Double(samples.count)
            let ratio = measured / error(threshold: alpha, bins: exp2(Double(bits))) - 1
            #expect(excess.contains(ratio), "\(bits) bits: \(ratio)")
        }
    }
}

import Glibc
import Testing

@testable import Quant

@Suite struct ClippingErrorTests {
    static let laplace = [
        1.049909, 1.862817, 2.830683, 3.897229, 5.028640, 6.204766, 7.413126, 8.645620, 9.896760, 11.162685,
    ]
    static let gauss = [
        0.765775, 1.239905, 1.710635, 2.151593, 2.559136, 2.936201, 3.286914, 3.615114, 3.924035, 4.216330,
    ]

    private func threshold(_ prior: Prior, _ bits: Int, rectified: Bool) -> Double {
        ClippingError(prior: prior, scale: 1, isRectified: rectified).optimalThreshold(bits: bits)
    }

    @Test(arguments: 0...8) func optimalThresholdsEqualThePublishedTable(bits: Int) {
        #expect(abs(threshold(.laplace, bits, rectified: false) - Self.laplace[bits]) < 6e-7)
        #expect(abs(threshold(.laplace, bits, rectified: true) - Self.laplace[bits + 1]) < 6e-7)
        #expect(abs(threshold(.gauss, bits, rectified: false) - Self.gauss[bits]) < 6e-7)
        #expect(abs(threshold(.gauss, bits, rectified: true) - Self.gauss[bits + 1]) < 6e-7)
    }

    @Test func lambertWSolvesItsEquation() {
        for exponent in -12...12 {
            let x = pow(10, Double(exponent))
            let w = lambertW(x)
            #expect(abs(w * exp(w) - x) <= 4e-15 * x * (1 + w))
        }
        #expect(lambertW(0) == 0)
        #expect(abs(lambertW(exp(1)) - 1) < 1e-15)
    }

    @Test func aRectifiedTensorIsHalfOfAWholeOneWithOneMoreBit() {
        for prior in Prior.allCases {
            let whole = ClippingError(prior: prior, scale: 1.3, isRectified: false)
            let rectified = ClippingError(prior: prior, scale: 1.3, isRectified: true)
            for (bits, alpha) in [(2, 0.7), (4, 3.1), (7, 9.0)] {
                let bins = exp2(Double(bits))
                let half = whole(threshold: alpha, bins: 2 * bins) / 2
                #expect(abs(rectified(threshold: alpha, bins: bins) - half) < 1e-14)
            }
        }
    }

    /// Bin midpoints with saturation at ±α, integrated numerically against the density.
    private func integral(_ prior: Prior, alpha: Double, bits: Int) -> Double {
        let bins = exp2(Double(bits))
        let delta = 2 * alpha / bins
        let count = 400_000
        let end = 40.0
        let step = 2 * end / Double(count)
        var sum = 0.0
        for index in 0..<count {
            let x = -end + (Double(index) + 0.5) * step
            let density =
                switch prior {
                case .laplace: exp(-abs(x)) / 2
                case .gauss: exp(-x * x / 2) / (2 * Double.pi).squareRoot()
                case .uniform: abs(x) < 1 ? 0.5 : 0
                }
            let bin = min(bins - 1, max(0, ((x + alpha) / delta).rounded(.down)))
            // Beyond the threshold the quantizer saturates to ±α.
            let value = abs(x) > alpha ? (x > 0 ? alpha : -alpha) : (bin + 0.5) * delta - alpha
            sum += density * (x - value) * (x - value) * step
        }
        return sum
    }

    @Test(arguments: Prior.allCases) func theFormulaIsCloseToTheIntegralAtTheOptimum(prior: Prior) {
        for bits in 2...8 {
            let error = ClippingError(prior: prior, scale: 1, isRectified: false)
            let alpha = error.optimalThreshold(bits: bits)
            let exact = integral(prior, alpha: alpha, bits: bits)
            let tolerance = bits >= 4 ? 0.01 : 0.08
            #expect(abs(error(threshold: alpha, bins: exp2(Double(bits))) / exact - 1) < tolerance, "\(bits) bits")
        }
    }

    @Test(arguments: 2...8) func theUniformFormulaIsExactInside(bits: Int) {
        let error = ClippingError(prior: .uniform, scale: 1, isRectified: false)
        for alpha in [0.3, 0.75, error.optimalThreshold(bits: bits), 1] {
            let exact = integral(.uniform, alpha: alpha, bits: bits)
            #expect(abs(error(threshold: alpha, bins: exp2(Double(bits))) / exact - 1) < 2e-3, "α = \(alpha)")
        }
    }

    @Test func synthesizedLaplaceHasItsPublishedMinimum() {
        let error = ClippingError(prior: .laplace, scale: 2, isRectified: false)
        let alpha = error.optimalThreshold(bits: 4)
        #expect(abs(alpha - 10.06) < 0.005)
        #expect(abs(error(threshold: alpha, bins: 16) - 0.184) < 0.0005)
    }
}

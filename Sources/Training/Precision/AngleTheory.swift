import Glibc

/// The angle between a tensor and its quantized copy, as theory has it: cos θ = ⟨x, x̂⟩ / (‖x‖ ‖x̂‖).
///
/// The convergence of low-precision training depends on the direction of weights and gradients rather than on their size,
/// so this is what a number of bits is judged by.
///
/// Source: Banner, Hubara, Hoffer, Soudry 2018, section 5; docs/training.md, eq. 9–11.
public enum AngleTheory {
    /// The papers' bound for N values of a centred Gaussian and m bits of magnitude (b − 1):
    /// cos θ ≥ 2^m / (2^m + sqrt(ln N / 6)).
    public static func bound(bits: Int, count: Int) -> Double {
        let levels = exp2(Double(bits - 1))
        return levels / (levels + (log(Double(count)) / 6).squareRoot())
    }

    /// Rounding noise alone, uniform over a step and independent of the values: cos θ ≈ 1 / sqrt(1 + Δ² / (12 σ²)).
    ///
    /// Good from 4 bits on; stochastic rounding doubles the noise, Δ² / 6.
    public static func tight(step: Double, deviation: Double, rounding: Rounding = .nearest) -> Double {
        let noise = step * step / (rounding == .nearest ? 12 : 6)
        return 1 / (1 + noise / (deviation * deviation)).squareRoot()
    }

    /// A Gaussian and its signs: sqrt(2/π).
    public static let signs = (2 / Double.pi).squareRoot()

    /// A Gaussian and its best three levels −c, 0, c: sqrt(2 φ(t)² / (1 − Φ(t))) at the threshold t = 0.612 σ, where it is
    /// greatest.
    public static let ternary: Double = {
        let threshold = 0.612
        let density = exp(-threshold * threshold / 2) / (2 * Double.pi).squareRoot()
        return (2 * density * density / (erfc(threshold / 2.0.squareRoot()) / 2)).squareRoot()
    }()

    /// cos θ of two tensors of the same size; 1 where one of them is zero.
    public static func cosine(_ x: [Float], _ y: [Float]) -> Double {
        precondition(x.count == y.count, "tensors of one size")
        var (product, left, right) = (0.0, 0.0, 0.0)
        for (a, b) in zip(x, y) {
            product += Double(a) * Double(b)
            left += Double(a) * Double(a)
            right += Double(b) * Double(b)
        }
        return left > 0 && right > 0 ? product / (left * right).squareRoot() : 1
    }
}

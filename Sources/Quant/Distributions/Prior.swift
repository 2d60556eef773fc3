import Glibc

/// A distribution assumed for the values of a tensor, symmetric about its mean.
public enum Prior: String, Hashable, Sendable, CaseIterable {
    /// Laplace with scale b = E|X − EX|.
    case laplace
    /// Gauss with standard deviation σ.
    case gauss
    /// Uniform over [−a, a].
    case uniform
}

/// The expected error of clipping a centred prior at ±α and rounding it to 2^M uniform bins.
///
/// All errors and thresholds scale: error(s α, s) = s² error(α, 1). `scale` is b for Laplace, σ for Gauss and a for a uniform
/// one. With `isRectified` the values below zero are exact zeros and the bins cover [0, α] (a fused ReLU).
///
/// Source: Banner, Nahshan, Soudry 2019 (ACIQ), eq. 5–9; docs/quantization.md, eq. 5–12.
public struct ClippingError: Hashable, Sendable {
    /// The assumed distribution.
    public let prior: Prior
    /// b, σ or a; not negative.
    public let scale: Double
    /// Whether the tensor is rectified.
    public let isRectified: Bool

    /// The error of a prior.
    public init(prior: Prior, scale: Double, isRectified: Bool) {
        self.prior = prior
        self.scale = scale
        self.isRectified = isRectified
    }

    /// The expected squared error at threshold α with Ω bins (Ω = 2^M).
    ///
    /// Laplace: 2 b² e^(−α/b) + α² / (3 Ω²); Gauss: (σ² + α²) erfc(α / (σ √2)) − √(2/π) α σ e^(−α² / (2σ²)) +
    /// α² / (3 Ω²). Uniform, where only values inside have rounding noise, exactly for α ≤ a: (a − α)³ / (3 a) +
    /// (α / a) α² / (3 Ω²). Rectified: half the clipping part and an eighth of the noise.
    public func callAsFunction(threshold alpha: Double, bins omega: Double) -> Double {
        guard scale > 0 else { return 0 }
        let clipping: Double
        var noise = alpha * alpha / (3 * omega * omega)
        switch prior {
        case .laplace: clipping = 2 * scale * scale * exp(-alpha / scale)
        case .gauss:
            let ratio = alpha / scale
            clipping =
                (scale * scale + alpha * alpha) * erfc(ratio / 2.0.squareRoot())
                - (2 / Double.pi).squareRoot() * alpha * scale * exp(-ratio * ratio / 2)
        case .uniform:
            let beyond = max(0, scale - alpha)
            clipping = beyond * beyond * beyond / (3 * scale)
            noise *= min(1, alpha / scale)
        }
        return isRectified ? clipping / 2 + noise / 8 : clipping + noise
    }

    /// The threshold of least expected error for Ω bins.
    ///
    /// Laplace: b W(3 Ω²), rectified b W(12 Ω²). Gauss: Newton's iteration on the derivative. Uniform: a Ω / (Ω + 1). A
    /// rectified tensor with Ω bins has the threshold of a whole one with 2 Ω.
    public func optimalThreshold(bins omega: Double) -> Double {
        guard scale > 0 else { return 0 }
        let bins = isRectified ? 2 * omega : omega
        switch prior {
        case .laplace: return scale * lambertW(3 * bins * bins)
        case .gauss: return scale * ClippingError.gaussThreshold(bins)
        case .uniform: return scale * bins / (bins + 1)
        }
    }

    /// The threshold of least expected error at a number of bits.
    public func optimalThreshold(bits: Int) -> Double { optimalThreshold(bins: exp2(Double(bits))) }

    /// The root of d/dα: 2 α erfc(α/√2) − 2 √(2/π) e^(−α²/2) + 2 α / (3 Ω²), for σ = 1.
    private static func gaussThreshold(_ omega: Double) -> Double {
        let noise = 2 / (3 * omega * omega)
        func slope(_ alpha: Double) -> Double {
            2 * alpha * erfc(alpha / 2.0.squareRoot()) - 2 * (2 / Double.pi).squareRoot() * exp(-alpha * alpha / 2)
                + noise * alpha
        }
        // The slope is negative at 0 and positive far out; Newton inside a bracket that always holds the root.
        var low = 0.0
        var high = 20.0
        var alpha = max(0.5, (2 * log(omega + 1)).squareRoot())
        for _ in 0..<100 {
            let value = slope(alpha)
            if value > 0 { high = alpha } else { low = alpha }
            let curvature = 2 * erfc(alpha / 2.0.squareRoot()) + noise
            var next = alpha - value / curvature
            if next <= low || next >= high { next = (low + high) / 2 }
            if abs(next - alpha) <= 1e-14 * alpha { return next }
            alpha = next
        }
        return alpha
    }
}

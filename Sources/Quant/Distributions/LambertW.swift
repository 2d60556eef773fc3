import Glibc

/// The principal branch of the Lambert W function: w with w e^w = x, for x ≥ 0.
///
/// Halley's iteration from log(1 + x) (1 − log(1 + log(1 + x)) / (2 + log(1 + x))); relative error below 1e-14.
///
/// Source: Corless et al., "On the Lambert W function", 1996, eq. 5.9; docs/quantization.md, eq. 11.
public func lambertW(_ x: Double) -> Double {
    precondition(x >= 0, "the principal branch for arguments that are not negative")
    guard x > 0, x.isFinite else { return x }
    let start = log1p(x)
    var w = start * (1 - log1p(start) / (2 + start))
    for _ in 0..<32 {
        let exponential = exp(w)
        let error = w * exponential - x
        let step = error / (exponential * (w + 1) - (w + 2) * error / (2 * w + 2))
        w -= step
        if abs(step) <= 1e-15 * abs(w) { break }
    }
    return w
}

import Glibc

/// Functions of sixteen values at a time, to about one unit in the seventh decimal.
enum VectorMath {
    typealias Vector = SIMD16<Float>

    /// e to the x, within 2 units in the last place, for x held to -87...88 where the result is a normal number.
    ///
    /// x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial in r (Cephes expf), and n put into the exponent.
    @inline(__always)
    static func exp(_ x: Vector) -> Vector {
        // Not by `clamped` or `pointwiseMin`, which go lane by lane and take ten times as long as all the rest.
        let low = x.replacing(with: Vector(repeating: -87), where: x .< Vector(repeating: -87))
        let bounded = low.replacing(with: Vector(repeating: 88), where: low .> Vector(repeating: 88))
        // Adding 3 * 2^22 leaves a whole number in the low bits.
        let magic: Float = 12_582_912
        let shifted = bounded * 1.44269504 + magic
        let n = shifted - magic
        let r = (bounded - n * 0.693359375) - n * -2.12194440e-4
        var p = r * 1.9875691500e-4 + 1.3981999507e-3
        p = p * r + 8.3334519073e-3
        p = p * r + 4.1665795894e-2
        p = p * r + 1.6666665459e-1
        p = p * r + 5.0000001201e-1
        p = p * r * r + r + 1
        let exponent = unsafeBitCast(shifted, to: SIMD16<Int32>.self) &- SIMD16<Int32>(repeating: 0x4b40_0000 - 127)
        return (p * unsafeBitCast(exponent &<< 23, to: Vector.self)).replacing(with: x, where: x .!= x)
    }

    /// 1 / (1 + e^-x).
    @inline(__always)
    static func sigmoid(_ x: Vector) -> Vector { 1 / (1 + exp(-x)) }

    /// 1 - 2 / (e^2x + 1); near 0, where that cancels, an odd polynomial (Cephes tanhf).
    @inline(__always)
    static func tanh(_ x: Vector) -> Vector {
        let z = x * x
        var p = z * -5.70498872745e-3 + 2.06390887954e-2
        p = p * z - 5.37397155531e-2
        p = p * z + 1.33314422036e-1
        p = p * z - 3.33332819422e-1
        return (1 - 2 / (exp(x + x) + 1)).replacing(with: x + x * z * p, where: z .< 0.625 * 0.625)
    }

    /// The error function, by a Chebyshev fit of its complement with a relative error below 1.2e-7 (Numerical Recipes,
    /// erfcc); near 0 by its series.
    @inline(__always)
    static func erf(_ x: Vector) -> Vector {
        let z = x.replacing(with: -x, where: x .< 0)
        let t = 1 / (1 + 0.5 * z)
        var p = t * 0.17087277 - 0.82215223
        p = p * t + 1.48851587
        p = p * t - 1.13520398
        p = p * t + 0.27886807
        p = p * t - 0.18628806
        p = p * t + 0.09678418
        p = p * t + 0.37409196
        p = p * t + 1.00002368
        p = p * t - 1.26551223
        let complement = t * exp(p - z * z)
        let square = x * x
        var series = square * -7.5757576e-4 + 4.6296296e-3
        series = series * square - 2.3809524e-2
        series = series * square + 1e-1
        series = series * square - 3.3333333e-1
        return (1 - complement).replacing(with: complement - 1, where: x .< 0)
            .replacing(with: (x + x * square * series) * 1.12837917, where: z .< 0.5)
    }

    static func exp(_ x: Float) -> Float { Glibc.exp(x) }

    static func log(_ x: Double) -> Double { Glibc.log(x) }

    static func power(_ base: Float, _ exponent: Float) -> Float { pow(base, exponent) }
}

/// Rounding to shorter floating-point formats, to nearest, ties to even.
enum ReducedPrecision {
    /// The value that IEEE half precision keeps: 11 significant bits, exponents -14...15, subnormals below.
    static func half(_ x: Float) -> Float {
        guard x.isFinite, x != 0 else { return x }
        // One unit in the last place of the half at this magnitude.
        let exponent = max(Int(x.exponent), -14)
        let unit = Float(sign: .plus, exponent: exponent - 10, significand: 1)
        let rounded = (x / unit).rounded(.toNearestOrEven) * unit
        return abs(rounded) > 65504 ? (x < 0 ? -.infinity : .infinity) : rounded
    }

    /// The value that bfloat16 keeps: the upper half of the bits.
    static func brain(_ x: Float) -> Float {
        guard x.isFinite else { return x }
        let bits = x.bitPattern
        let rounded = bits &+ 0x7fff &+ (bits >> 16 & 1)
        return Float(bitPattern: rounded & 0xffff_0000)
    }
}

/// The affine map between real values and codes: real = scale × (code − zeroPoint).
///
/// code = clamp(roundToEven(x × inverseScale) + zeroPoint, 0, 2^bits − 1), in single precision, with the scale's
/// reciprocal rounded once: this is the only place that defines rounding, and the engine's kernels follow it.
/// Zero is always represented exactly.
///
/// Source: docs/quantization.md, eq. 1–4.
public struct AffineQuantizer: Hashable, Sendable {
    /// The width of a step; positive and finite.
    public let scale: Float
    /// The code of zero, in 0...maximumCode.
    public let zeroPoint: Int
    /// The number of bits, 1...8.
    public let bits: Int

    /// The quantizer whose codes span [lo, hi], extended to hold 0.
    ///
    /// scale = (hi − lo) / (2^bits − 1), never below the smallest normal number; zeroPoint = roundToEven(−lo / scale).
    /// Bounds that are not finite count as 0, and larger ones than 2^127 as 2^127, so that every code has a finite value.
    public init(bits: Int, lo: Double, hi: Double) {
        precondition((1...8).contains(bits), "1 to 8 bits")
        let largest = 0x1p127
        let low = Swift.max(-largest, Swift.min(0, lo.isFinite ? lo : 0))
        let high = Swift.min(largest, Swift.max(0, hi.isFinite ? hi : 0))
        let steps = Double((1 << bits) - 1)
        let step = Float(Swift.min((high - low) / steps, Double(Float.greatestFiniteMagnitude)))
        // A reciprocal of the smallest normal number is still finite.
        scale = Swift.max(step, Float.leastNormalMagnitude)
        zeroPoint = Int(Swift.min(steps, Swift.max(0, (-low / Double(scale)).rounded(.toNearestOrEven))))
        self.bits = bits
    }

    /// The symmetric variant for weights: scale = magnitude / (2^(bits−1) − 1), zero in the middle code.
    public init(symmetricMagnitude magnitude: Double, bits: Int) {
        precondition((2...8).contains(bits), "2 to 8 bits")
        let half = (1 << (bits - 1)) - 1
        let size = magnitude.isFinite ? abs(magnitude) : 0
        scale = Swift.max(
            Float(Swift.min(size / Double(half), Double(Float.greatestFiniteMagnitude))), Float.leastNormalMagnitude
        )
        zeroPoint = half + 1
        self.bits = bits
    }

    /// A quantizer read back from a file; `nil` if its parts contradict the invariants.
    public init?(scale: Float, zeroPoint: Int, bits: Int) {
        guard (1...8).contains(bits), scale.isFinite, scale >= Float.leastNormalMagnitude,
            (0..<1 << bits).contains(zeroPoint)
        else { return nil }
        self.scale = scale
        self.zeroPoint = zeroPoint
        self.bits = bits
    }

    /// 1 / scale, rounded to single precision: what values are multiplied by.
    public var inverseScale: Float { 1 / scale }
    /// The largest code.
    public var maximumCode: Int { (1 << bits) - 1 }
    /// The smallest value represented.
    public var lo: Float { value(of: 0) }
    /// The largest value represented.
    public var hi: Float { value(of: maximumCode) }

    /// The code of a value; NaN has the code of the smallest value.
    public func code(for x: Float) -> Int {
        let low = Float(-zeroPoint)
        let scaled = x * inverseScale
        guard scaled > low else { return 0 }
        return Int(Swift.min(scaled, Float(maximumCode - zeroPoint)).rounded(.toNearestOrEven)) + zeroPoint
    }

    /// The value of a code.
    public func value(of code: Int) -> Float { Float(code - zeroPoint) * scale }

    /// The representable value nearest to `x`.
    public func roundTrip(_ x: Float) -> Float { value(of: code(for: x)) }

    /// Σ (x − x̂)² over finite values.
    public func squaredError(of values: UnsafeBufferPointer<Float>) -> Double {
        let inverse = inverseScale
        let lowest = Float(-zeroPoint)
        let highest = Float(maximumCode - zeroPoint)
        // Adding and subtracting 1.5 × 2²³ rounds to the nearest integer, ties to even.
        let magic: Float = 12_582_912
        func error(_ x: Float) -> Double {
            let scaled = x * inverse
            let inside = scaled < lowest ? lowest : scaled > highest ? highest : scaled
            let difference = Double(x - ((inside + magic) - magic) * scale)
            return difference * difference
        }
        // Four sums that do not wait for one another.
        var sums = (0.0, 0.0, 0.0, 0.0)
        var index = 0
        while index + 4 <= values.count {
            sums.0 += error(values[index])
            sums.1 += error(values[index + 1])
            sums.2 += error(values[index + 2])
            sums.3 += error(values[index + 3])
            index += 4
        }
        for rest in index..<values.count { sums.0 += error(values[rest]) }
        return (sums.0 + sums.1) + (sums.2 + sums.3)
    }
}

/// How a file that is already quantized rounds one tensor: codes low...high stand for (code - zero point) scale.
public struct StoredQuantizer: Hashable, Sendable {
    /// The step; of several the largest.
    public let scale: Float
    /// The code of zero.
    public let zeroPoint: Float
    /// The smallest code.
    public let low: Float
    /// The largest code.
    public let high: Float

    /// A quantizer from its parts.
    public init(scale: Float, zeroPoint: Float, low: Float, high: Float) {
        self.scale = scale
        self.zeroPoint = zeroPoint
        self.low = low
        self.high = high
    }

    /// The bits of a code.
    public var bits: Int {
        var bits = 1
        while Float(sign: .plus, exponent: bits, significand: 1) <= high - low { bits += 1 }
        return bits
    }

    /// The smallest value.
    public var smallest: Float { (low - zeroPoint) * scale }

    /// The largest value.
    public var largest: Float { (high - zeroPoint) * scale }
}

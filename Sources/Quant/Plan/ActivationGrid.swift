/// The values a tensor can take once it is quantized.
public enum ActivationGrid: Hashable, Sendable {
    /// Any real value.
    case real
    /// One quantizer for all channels.
    case tensor(AffineQuantizer)
    /// One quantizer per channel; `nil` is a channel of 0 bits, which is 0 everywhere.
    case channels([AffineQuantizer?])

    /// The mean number of bits of a value: 32 for real values.
    public var meanBits: Double {
        switch self {
        case .real: 32
        case .tensor(let quantizer): Double(quantizer.bits)
        case .channels(let quantizers):
            Double(quantizers.reduce(0) { $0 + ($1?.bits ?? 0) }) / Double(max(1, quantizers.count))
        }
    }

    /// The number of scales with a zero point.
    public var scaleCount: Int {
        switch self {
        case .real: 0
        case .tensor: 1
        case .channels(let quantizers): quantizers.count
        }
    }
}

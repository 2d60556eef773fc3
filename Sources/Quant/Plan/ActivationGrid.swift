/// The values a tensor can take once it is quantized.
public enum ActivationGrid: Hashable, Sendable {
    /// Any real value.
    case real
    /// One quantizer for all channels.
    case tensor(AffineQuantizer)
    /// One quantizer per channel; `nil` is a channel of 0 bits, which is 0 everywhere.
    case channels([AffineQuantizer?])
    /// One quantizer per channel, whose steps are powers of two times the step of `common`: every value is one of its codes.
    case shifted(common: AffineQuantizer, [AffineQuantizer?])

    /// The quantizer of each channel where channels have their own; `nil` for a channel of 0 bits.
    public var channelQuantizers: [AffineQuantizer?]? {
        switch self {
        case .real, .tensor: nil
        case .channels(let quantizers), .shifted(_, let quantizers): quantizers
        }
    }

    /// The quantizer that one scale serves: all values are codes of it.
    public var commonQuantizer: AffineQuantizer? {
        switch self {
        case .real, .channels: nil
        case .tensor(let quantizer), .shifted(let quantizer, _): quantizer
        }
    }

    /// The mean number of bits of a value: 32 for real values.
    public var meanBits: Double {
        switch self {
        case .real: 32
        case .tensor(let quantizer): Double(quantizer.bits)
        case .channels(let quantizers), .shifted(_, let quantizers):
            Double(quantizers.reduce(0) { $0 + ($1?.bits ?? 0) }) / Double(max(1, quantizers.count))
        }
    }

    /// The number of scales with a zero point.
    public var scaleCount: Int {
        switch self {
        case .real: 0
        case .tensor: 1
        case .channels(let quantizers), .shifted(_, let quantizers): quantizers.count
        }
    }
}

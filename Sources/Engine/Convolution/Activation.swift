internal import CKernels

/// The function an epilogue applies between accumulation and storing; NaN stays NaN.
public enum Activation: Hashable, Sendable {
    /// x
    case none
    /// min(max(x, low), high); either bound may be infinite. ReLU is 0...infinity, ReLU6 0...6.
    case clamp(low: Float, high: Float)
    /// x for x >= 0, otherwise slope x
    case leaky(slope: Float)
    /// x min(max(x / 6 + 1 / 2, 0), 1)
    case hardSwish
    /// x / (1 + exp(-x)), within 4 ulp
    case silu
    /// 1 / (1 + exp(-x)), within 4 ulp
    case sigmoid
    /// min(max(slope x + offset, 0), 1)
    case hardSigmoid(slope: Float, offset: Float)

    /// The rectifier, max(x, 0).
    public static let relu = Activation.clamp(low: 0, high: .infinity)

    /// The kernels' name for the function and its two parameters.
    var kernelForm: (kind: NKActivation, a: Float, b: Float) {
        switch self {
        case .none: (NKActivationNone, 0, 0)
        case .clamp(let low, let high): (NKActivationClamp, low, high)
        case .leaky(let slope): (NKActivationLeaky, slope, 0)
        case .hardSwish: (NKActivationHardSwish, 0, 0)
        case .silu: (NKActivationSilu, 0, 0)
        case .sigmoid: (NKActivationSigmoid, 0, 0)
        case .hardSigmoid(let slope, let offset): (NKActivationHardSigmoid, slope, offset)
        }
    }
}

/// How the clipping range of an activation is found.
public enum ClippingMethod: Hashable, Sendable {
    /// The observed minimum and maximum: nothing is clipped.
    case minMax
    /// ACIQ under a Laplace prior.
    case laplace
    /// ACIQ under a Gaussian prior.
    case gauss
    /// The least measured error among Laplace tail, Laplace before the ReLU, Gauss and min-max.
    case auto
    /// The threshold of least measured error.
    case measured
    /// The threshold of least Kullback-Leibler divergence.
    case kl
    /// [100 − P, P] percent of the values; a half range keeps [0, P].
    case percentile(Double)
    /// The mean and N standard deviations.
    case sigmas(Double)
    /// From one value to another, whatever was observed: the range of a file that is already quantized.
    case range(Double, Double)

    /// The method that a command line names: `minmax`, `laplace`, `gauss`, `auto`, `mse`, `kl`, `percentile:P`,
    /// `sigma:N` or `range:LOW:HIGH`; `nil` for anything else.
    public init?(argument: String) {
        switch argument {
        case "minmax": self = .minMax
        case "laplace": self = .laplace
        case "gauss": self = .gauss
        case "auto": self = .auto
        case "mse": self = .measured
        case "kl": self = .kl
        default:
            let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count >= 2, let value = Double(parts[1]), value.isFinite else { return nil }
            if parts[0] == "range" {
                guard parts.count == 3, let high = Double(parts[2]), high.isFinite, value <= high else {
                    return nil
                }
                self = .range(value, high)
                return
            }
            guard parts.count == 2 else { return nil }
            switch parts[0] {
            case "percentile" where value > 50 && value <= 100: self = .percentile(value)
            case "sigma" where value > 0: self = .sigmas(value)
            default: return nil
            }
        }
    }
}

extension ClippingMethod: CustomStringConvertible {
    /// The method as a command line names it.
    public var description: String {
        switch self {
        case .minMax: "minmax"
        case .laplace: "laplace"
        case .gauss: "gauss"
        case .auto: "auto"
        case .measured: "mse"
        case .kl: "kl"
        case .percentile(let value): "percentile:\(value)"
        case .sigmas(let value): "sigma:\(value)"
        case .range(let low, let high): "range:\(low):\(high)"
        }
    }
}

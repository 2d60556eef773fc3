import Glibc

/// How a normalization layer estimates the standard deviation σ of a channel.
///
/// Every estimate is a constant times a statistic of the n values x of the channel (batch × height × width) about their
/// mean μ. The constants of the maxima make the estimate right, or nearly so, for large n of a Gaussian.
///
/// Sources: Hoffer, Banner, Golan, Soudry 2018 ("Norm matters"), section 4: L1, L∞, Top-k; Banner, Hubara, Hoffer, Soudry 2018
/// ("Scalable methods"), section 3: Range; docs/training.md, eq. 1–5.
public enum NormScheme: Hashable, Sendable {
    /// sqrt(mean (x − μ)²): batch normalization.
    case l2
    /// sqrt(π/2) mean |x − μ|.
    case l1
    /// C(n) max |x − μ|.
    case lInfinity
    /// C(n) × the mean of the k largest |x − μ|.
    case topK(Int)
    /// The constant × (max x − min x).
    case range(RangeConstant)

    /// The schemes as the papers use them: Top-10, and Range with its default constant.
    public static let standard: [NormScheme] = [.l2, .l1, .lInfinity, .topK(10), .range(.standard)]

    /// The least number of values a channel must have: ln 1 = 0 leaves nothing to divide by, and Top-k needs k values.
    public var minimumCount: Int {
        if case .topK(let k) = self { max(2, k) } else { 2 }
    }

    /// What the statistic is multiplied by for n values, n at least `minimumCount`.
    ///
    /// L2 1; L1 sqrt(π/2); L∞ and Top-k C(n) = (1 + sqrt(π ln 4)) / sqrt(8 ln n); Range see `RangeConstant`.
    public func constant(count n: Int) -> Double {
        switch self {
        case .l2: 1
        case .l1: (Double.pi / 2).squareRoot()
        case .lInfinity, .topK: (1 + (Double.pi * log(4)).squareRoot()) / (8 * log(Double(n))).squareRoot()
        case .range(let constant): constant.numerator / log(Double(n)).squareRoot()
        }
    }
}

/// The constant of Range normalization, which differs between its paper, poster and code: a / sqrt(ln n).
public enum RangeConstant: String, Hashable, Sendable, CaseIterable {
    /// 1 / sqrt(8 ln n), which estimates 0.87 σ of 1,024 Gaussian values.
    case standard = "8"
    /// 1 / sqrt(2 ln n), the paper's C(n), which estimates 1.74 σ.
    case double = "2"
    /// 0.540208 / sqrt(2 ln n), which estimates 0.94 σ.
    case published = "code"

    /// a.
    fileprivate var numerator: Double {
        switch self {
        case .standard: 1 / 8.0.squareRoot()
        case .double: 1 / 2.0.squareRoot()
        case .published: 0.540208 / 2.0.squareRoot()
        }
    }
}

extension NormScheme: CustomStringConvertible {
    /// The name on the command line: l2, l1, linf, top-K, range, range:2 or range:code.
    public var description: String {
        switch self {
        case .l2: "l2"
        case .l1: "l1"
        case .lInfinity: "linf"
        case .topK(let k): "top-\(k)"
        case .range(.standard): "range"
        case .range(let constant): "range:\(constant.rawValue)"
        }
    }

    /// The scheme of a name; `nil` if there is none.
    public init?(_ name: String) {
        switch name {
        case "l2": self = .l2
        case "l1": self = .l1
        case "linf": self = .lInfinity
        case "range": self = .range(.standard)
        default:
            if name.hasPrefix("top-"), let k = Int(name.dropFirst(4)), k > 0 {
                self = .topK(k)
            } else if name.hasPrefix("range:"), let constant = RangeConstant(rawValue: String(name.dropFirst(6))) {
                self = .range(constant)
            } else {
                return nil
            }
        }
    }
}

/// Why values cannot be normalized.
public enum NormError: Error, Equatable {
    /// A channel has fewer values than the scheme needs.
    case tooFewValues(scheme: NormScheme, needed: Int, found: Int)
}

import Engine
import NetIO
import Quant

extension JSON {
    /// A list of both ends, or null.
    static func interval(_ range: ClosedRange<Double>?) -> JSON {
        range.map { .array([.number($0.lowerBound), .number($0.upperBound)]) } ?? .null
    }

    /// A difference of top-1 accuracies and its interval, or nulls.
    static func members(of difference: PairedDifference?) -> [(String, JSON)] {
        [("top1", .optional(difference?.value)), ("interval95", .interval(difference?.interval95))]
    }
}

extension PlanSize {
    /// The mean widths; what is not quantized has 32 bits.
    var meanBitsJSON: JSON {
        .object([
            ("weightsMean", .number(meanWeightBits)), ("activationsMean", .number(meanActivationBits ?? 32)),
        ])
    }
}

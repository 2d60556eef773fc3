/// Options by the words of the command line and of the training view's form.
extension WeightNorm {
    /// The words there are, in a sentence.
    public static let words = "none, trained, bounded, bounded-l1 or bounded-linf"

    /// The normalization of a word; `nil` if there is none.
    public init?(_ word: String) {
        switch word {
        case "none": self = .none
        case "trained": self = .trained
        case "bounded", "bounded-l2": self = .bounded(.l2)
        case "bounded-l1": self = .bounded(.l1)
        case "bounded-linf": self = .bounded(.lInfinity)
        default: return nil
        }
    }
}

extension NormScheme {
    /// The words there are, in a sentence.
    public static let words = "l2, l1, linf, top-K, range, range:2, range:code or none"
}

extension WeightDecay {
    /// The words there are, in a sentence.
    public static let words = "a number from 0 to below 1, off or norm-schedule"

    /// The decay of a word; `nil` if there is none.
    public init?(_ word: String) {
        switch word {
        case "off": self = .off
        case "norm-schedule": self = .normSchedule
        default:
            guard let coefficient = Double(word), coefficient >= 0, coefficient < 1 else { return nil }
            self = coefficient > 0 ? .on(coefficient) : .off
        }
    }
}

extension TrainingPrecision {
    /// The words there are beside float, in a sentence.
    public static let words = "float or four numbers of bits (1 to 16, or 32)"

    /// The precision of four numbers, such as 8,8,8,16: weights, activations, layer gradients, weight gradients; `nil` for anything
    /// else.
    public init?(_ word: String, rounding: Rounding = .stochastic) {
        let numbers = word.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard numbers.count == 4, numbers.allSatisfy(TrainingPrecision.isPossible) else { return nil }
        self.init(
            weights: numbers[0], activations: numbers[1], layerGradients: numbers[2], weightGradients: numbers[3],
            rounding: rounding)
    }
}

extension Schedule.Shape {
    /// The words there are, in a sentence.
    public static let words = "constant, cosine, steps or triangle"

    /// The shape of a word; `nil` if there is none.
    public init?(_ word: String) {
        switch word {
        case "constant": self = .constant
        case "cosine": self = .cosine
        case "steps": self = .steps([0.5, 0.75])
        case "triangle": self = .triangle(rise: 0.2)
        default: return nil
        }
    }
}

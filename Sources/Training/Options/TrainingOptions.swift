/// Everything that decides what a run computes, beside the net and the images: two runs with equal options give equal nets.
public struct TrainingOptions: Hashable, Sendable {
    /// The scheme of normalized layers.
    public var norm = NormScheme.l2
    /// The numbers in which normalized layers compute forward.
    public var normPrecision = NormPrecision.float
    /// How the weights that are used come from those that are stepped.
    public var weightNorm = WeightNorm.none
    /// The bits of quantized training; `nil` trains in floats.
    public var precision: TrainingPrecision?
    /// What weight decay does.
    public var decay = WeightDecay.on(5e-4)
    /// The passes over the images.
    public var epochs = 10
    /// Images of a step.
    public var batch = 128
    /// Where every random number starts.
    public var seed: UInt64 = 1
    /// The learning rate over the run.
    public var schedule = Schedule(peak: 0.1, shape: .cosine)
    /// The momentum of the steps.
    public var momentum: Float = 0.9
    /// Whether a step looks ahead along the momentum (Nesterov).
    public var isNesterov = true
    /// The largest norm of all gradients together, which are scaled down beyond it; `nil` for none.
    public var clipping: Double? = 5
    /// What is done to images before they are shown.
    public var augmentation = Augmentation(shift: 2, flips: true)

    /// The standard options.
    public init() {}
}

/// The numbers in which a normalization computes its statistics and what follows from them.
public enum NormPrecision: String, Hashable, Sendable, CaseIterable {
    /// Single precision, sums in double.
    case float
    /// Half precision: every operation is rounded, those that add up too (docs/training.md, section 1).
    case half
}

/// What is done to images before they are shown: a shift by up to so many pixels each way, with zeros at the border, and a
/// mirror image half of the time.
public struct Augmentation: Hashable, Sendable {
    /// The most pixels of a shift.
    public let shift: Int
    /// Whether images are mirrored.
    public let flips: Bool

    /// An augmentation from its parts.
    public init(shift: Int, flips: Bool) {
        precondition(shift >= 0, "a number of pixels")
        self.shift = shift
        self.flips = flips
    }

    /// Images as they are.
    public static let none = Augmentation(shift: 0, flips: false)
}

/// The bits of quantized training: forward for weights and activations, backward for the gradients that
/// layers hand on, and for the copy of them that makes the gradients of weights.
///
/// Two copies are the bifurcation: what is handed on is rounded at random to few bits, what steps the weights keeps more.
///
/// Source: Banner, Hubara, Hoffer, Soudry 2018, section 4; docs/training.md.
public struct TrainingPrecision: Hashable, Sendable {
    /// Bits of weights, rounded to nearest.
    public let weights: Int
    /// Bits of what convolutions read, rounded to nearest.
    public let activations: Int
    /// Bits of the gradients that convolutions hand on.
    public let layerGradients: Int
    /// Bits of the gradients that make those of the weights; 32 keeps floats.
    public let weightGradients: Int
    /// How the gradients that are handed on are rounded.
    public let rounding: Rounding

    /// A precision from its parts: 1...16 bits each, or 32 for floats.
    public init(
        weights: Int = 8, activations: Int = 8, layerGradients: Int = 8, weightGradients: Int = 16,
        rounding: Rounding = .stochastic
    ) {
        for bits in [weights, activations, layerGradients, weightGradients] {
            precondition(Self.isPossible(bits), "1 to 16 bits, or 32")
        }
        self.weights = weights
        self.activations = activations
        self.layerGradients = layerGradients
        self.weightGradients = weightGradients
        self.rounding = rounding
    }

    /// Whether tensors can have so many bits.
    public static func isPossible(_ bits: Int) -> Bool { (1...16).contains(bits) || bits == 32 }
}

/// The learning rate over a run.
public struct Schedule: Hashable, Sendable {
    /// The highest rate.
    public let peak: Double
    /// How it gets there and down.
    public let shape: Shape

    /// The course of a rate.
    public enum Shape: Hashable, Sendable {
        /// The same all the time.
        case constant
        /// Half a cosine from the peak to 0.
        case cosine
        /// A tenth after each of these shares of the run.
        case steps([Double])
        /// Up over the first share of the run, from 0, and down to 0 over the rest, both linearly.
        case triangle(rise: Double)
    }

    /// The share of the run over which the rate rises linearly from 0, before `shape` takes over.
    public let warmUp: Double

    /// A schedule from its parts.
    public init(peak: Double, shape: Shape, warmUp: Double = 0) {
        self.peak = peak
        self.shape = shape
        self.warmUp = warmUp
    }

    /// The rate of a step of `count`.
    public func rate(step: Int, of count: Int) -> Double {
        let share = Double(step) / Double(count)
        let first = Double(step + 1) / Double(count)
        if first < warmUp { return peak * first / warmUp }
        switch shape {
        case .constant: return peak
        case .cosine: return peak * (1 + cosine(of: Double.pi * share)) / 2
        case .steps(let shares): return shares.reduce(peak) { share >= $1 ? $0 / 10 : $0 }
        case .triangle(let rise): return peak * max(0, min(rise > 0 ? first / rise : 1, (1 - share) / (1 - rise)))
        }
    }
}

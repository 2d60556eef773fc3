import ArgumentParser
import Training

/// What is trained, and how.
struct TrainingArguments: ParsableArguments {
    @Option(help: "Channels of the first layer; default 16 (mlp: units of a hidden layer, 128).")
    var width: Int?

    @Option(
        help: ArgumentHelp(
            "Normalization of layers: l2, l1, linf, top-K, range, range:2, range:code or none; default l2 (vgg: none)."
        ))
    var norm: String?

    @Option(help: "The arithmetic of normalization, forward: float, or half precision in every operation.")
    var normPrecision = "float"

    @Option(help: "Normalization of weights: none, trained, bounded, bounded-l1 or bounded-linf.")
    var weightNorm = "none"

    @Option(
        help: ArgumentHelp(
            "float, or bits of weights, activations, layer gradients and the gradients that make those of weights, such as "
                + "8,8,8,16; 32 keeps floats."))
    var precision = "float"

    @Option(help: "Rounding of gradients: stochastic or nearest.")
    var rounding = RoundingChoice.stochastic

    @Option(help: "Weight decay: a coefficient, off, or norm-schedule.")
    var decay = "0.0005"

    @Option(help: "Passes over the images.")
    var epochs = 10

    @Option(help: "Images of a step.")
    var batch = 128

    @Option(help: "Where every random number starts.")
    var seed: UInt64 = 1

    @Option(help: "The highest learning rate.")
    var rate = 0.1

    @Option(
        help: ArgumentHelp(
            "The learning rate over the run: constant, cosine, steps (a tenth after half and three quarters) or triangle (up over "
                + "a fifth, then down)."))
    var schedule = "triangle"

    @Option(help: "The momentum of steps, 0 to below 1.")
    var momentum: Float = 0.9

    @Option(help: "The largest norm of all gradients together, or off.")
    var clip = "5"

    @Option(help: "Shift images by up to so many pixels each way.")
    var shift = 2

    @Flag(inversion: .prefixedNo, help: "Mirror half of the images.")
    var flip = true

    func validate() throws {
        for (name, value, least) in [("--epochs", epochs, 1), ("--batch", batch, 1), ("--shift", shift, 0)]
        where value < least || value > 1_000_000 {
            throw ValidationError("\(name) must be \(least) to 1000000")
        }
        if let width, !(1...4096).contains(width) { throw ValidationError("--width must be 1 to 4096") }
        guard rate > 0, rate.isFinite else { throw ValidationError("--rate must be above 0") }
        guard momentum >= 0, momentum < 1 else { throw ValidationError("--momentum must be 0 to below 1") }
        _ = try options()
        _ = try scheme()
    }

    /// The scheme of normalized layers; `nil` for none.
    func scheme() throws -> NormScheme? {
        guard let norm, norm != "none" else { return nil }
        guard let scheme = NormScheme(norm) else {
            throw ValidationError("--norm is \(NormScheme.words), not '\(norm)'")
        }
        return scheme
    }

    /// What follows the sums of an architecture's hidden layers.
    func end(of architecture: Architecture) -> ConvolutionBlueprint.End {
        switch norm {
        case nil: architecture.isNormalized ? .normalized : .biased
        case "none": .biased
        default: .normalized
        }
    }

    /// The options of a run.
    func options() throws -> TrainingOptions {
        var options = TrainingOptions()
        options.norm = try scheme() ?? .l2
        options.normPrecision = try arithmetic()
        options.weightNorm = try weightNormalization()
        options.precision = try bits()
        options.decay = try weightDecay()
        options.epochs = epochs
        options.batch = batch
        options.seed = seed
        options.schedule = Schedule(peak: rate, shape: try shape())
        options.momentum = momentum
        options.isNesterov = momentum > 0
        options.clipping = try clipping()
        options.augmentation = Augmentation(shift: shift, flips: flip)
        return options
    }

    private func weightNormalization() throws -> WeightNorm {
        guard let norm = WeightNorm(weightNorm) else {
            throw ValidationError("--weight-norm is \(WeightNorm.words), not '\(weightNorm)'")
        }
        return norm
    }

    private func arithmetic() throws -> NormPrecision {
        guard let precision = NormPrecision(rawValue: normPrecision) else {
            throw ValidationError("--norm-precision is float or half, not '\(normPrecision)'")
        }
        return precision
    }

    private func bits() throws -> TrainingPrecision? {
        guard precision != "float" else { return nil }
        guard
            let bits = TrainingPrecision(precision, rounding: rounding == .stochastic ? .stochastic : .nearest)
        else { throw ValidationError("--precision is \(TrainingPrecision.words), not '\(precision)'") }
        return bits
    }

    private func weightDecay() throws -> WeightDecay {
        guard let decay = WeightDecay(decay) else {
            throw ValidationError("--decay is \(WeightDecay.words), not '\(decay)'")
        }
        return decay
    }

    private func shape() throws -> Schedule.Shape {
        guard let shape = Schedule.Shape(schedule) else {
            throw ValidationError("--schedule is \(Schedule.Shape.words), not '\(schedule)'")
        }
        return shape
    }

    private func clipping() throws -> Double? {
        guard clip != "off" else { return nil }
        guard let limit = Double(clip), limit > 0 else {
            throw ValidationError("--clip is a number above 0 or off")
        }
        return limit
    }
}

/// The ways of rounding that a user asks for.
enum RoundingChoice: String, ExpressibleByArgument, CaseIterable {
    case stochastic
    case nearest
}

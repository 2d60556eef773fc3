import ArgumentParser
import Training
import Workbench

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

    @Option(help: "The share of the run over which the rate first rises from 0, 0 to below 1.")
    var warmUp = 0.0

    @Option(help: "The momentum of steps, 0 to below 1.")
    var momentum: Float = 0.9

    @Option(help: "The largest norm of all gradients together, or off.")
    var clip = "5"

    @Option(help: "Shift images by up to so many pixels each way.")
    var shift = 2

    @Flag(inversion: .prefixedNo, help: "Mirror half of the images.")
    var flip = true

    func validate() throws { _ = try form(TrainingForm()) }

    /// A form with these options.
    func form(_ form: TrainingForm) throws -> TrainingForm {
        try form.setting([
            (.width, width.map { "\($0)" }), (.norm, norm), (.normPrecision, normPrecision),
            (.weightNorm, weightNorm),
            (.precision, precision), (.rounding, rounding.rawValue), (.decay, decay), (.epochs, "\(epochs)"),
            (.batch, "\(batch)"), (.seed, "\(seed)"), (.rate, "\(rate)"), (.schedule, schedule),
            (.warmUp, "\(warmUp)"),
            (.momentum, "\(momentum)"), (.clip, clip), (.shift, "\(shift)"), (.flip, flip ? "on" : "off"),
        ])
    }
}

extension TrainingForm {
    /// The form with what options say; `nil` is one that is not given.
    ///
    /// - Throws: `ValidationError` for a word that stands for nothing.
    func setting(_ options: [(TrainingField, String?)]) throws -> TrainingForm {
        var form = self
        for (field, word) in options {
            guard let word else { continue }
            do throws(TrainingForm.Problem) {
                form = try form.setting(field, to: word)
            } catch {
                throw ValidationError("--\(error.text)")
            }
        }
        return form
    }
}

/// The ways of rounding that a user asks for.
enum RoundingChoice: String, ExpressibleByArgument, CaseIterable {
    case stochastic
    case nearest
}

import ArgumentParser
import Engine
import NetIO
import Quant

/// The options of the plan, as every command names them.
struct PlanArguments: ParsableArguments {
    @Option(help: "Bits of the weights: 2 to 8, or float; default 4.")
    var weights: String?

    @Option(help: "Bits of the activations: 2 to 8, or float; default 4.")
    var activations: String?

    @Option(
        help:
            "Clipping of the activations: minmax, laplace, gauss, auto, mse, kl, percentile:P, sigma:N or range:LOW:HIGH; default auto."
    )
    var clip: String?

    @Option(help: "Clipping of the weights, by the same methods; default minmax.")
    var clipWeights: String?

    @Option(help: "Bits per channel for: none, weights, activations or both; default none.")
    var allocate: String?

    @Option(help: "What the bits per channel keep to: mean-bits or bins; default mean-bits.")
    var budget: String?

    @Option(help: "How bits are divided: two-thirds or exact; default two-thirds.")
    var rule: String?

    @Option(help: "What the two-thirds rule divides by: range or sigma; default range.")
    var measure: String?

    @Option(help: "Correction of the quantized weights: none, mean or both; default both.")
    var correct: String?

    @Option(help: "Bits of the first and last layers and their inputs: 2 to 8, or float; default 8.")
    var firstLast: String?

    @Option(help: "What readers other than layers see: float, 8 or same; default 8.")
    var residual: String?

    @Option(
        help:
            "Ranges of the activations: tensor, channel, or power-of-two (per channel, steps that integers can sum); default tensor."
    )
    var granularity: String?

    @Option(help: "A saved configuration, instead of the options above; it carries the preprocessing too.")
    var config: String?

    func validate() throws {
        if config != nil, let given = given.first {
            throw ValidationError("--config makes all choices: leave out --\(given)")
        }
        _ = try options()
    }

    /// The options of the plan that the command line names.
    private var given: [String] {
        [
            ("weights", weights), ("activations", activations), ("clip", clip),
            ("clip-weights", clipWeights), ("allocate", allocate), ("budget", budget), ("rule", rule),
            ("measure", measure), ("correct", correct), ("first-last", firstLast),
            ("residual", residual), ("granularity", granularity),
        ].filter { $0.1 != nil }.map(\.0)
    }

    /// Whether the command line names any choice, or a saved configuration.
    var makesChoices: Bool { config != nil || !given.isEmpty }

    /// The saved configuration named, if any.
    func saved() throws -> SavedConfiguration? { try config.map { try SavedConfiguration(path: $0) } }

    /// The choices for a net: those of the saved configuration, or what the options say.
    func configuration(
        for net: LayerGraph, file: OnnxFile, saved: SavedConfiguration?
    ) throws -> Configuration {
        guard let saved, let config else {
            let configuration = Configuration(try options(), for: net)
            return given.isEmpty ? configuration.starting(from: net) : configuration
        }
        return try saved.configuration(for: net, sha256: file.sha256, path: config)
    }

    /// The options named.
    func options() throws -> PlanOptions {
        let standard = PlanOptions.standard
        let allocation: AllocationChoice = try value(allocate, "--allocate") ?? standard.allocation
        let ranges: Granularity? = try value(granularity, "--granularity")
        if allocation.coversActivations, ranges == .tensor {
            throw ValidationError(
                "--allocate \(allocation.rawValue) needs a range per channel: leave out --granularity tensor")
        }
        return PlanOptions(
            weights: try precision(weights, "--weights") ?? standard.weights,
            activations: try precision(activations, "--activations") ?? standard.activations,
            clipping: try clipping(clip, "--clip") ?? standard.clipping,
            weightClipping: try clipping(clipWeights, "--clip-weights") ?? standard.weightClipping,
            allocation: allocation,
            policy: AllocationPolicy(
                budget: try value(budget, "--budget") ?? standard.policy.budget,
                rule: try value(rule, "--rule") ?? standard.policy.rule,
                measure: try value(measure, "--measure") ?? standard.policy.measure),
            correction: try value(correct, "--correct") ?? standard.correction,
            firstLast: try precision(firstLast, "--first-last") ?? standard.firstLast,
            residual: try value(residual, "--residual") ?? standard.residual,
            granularity: ranges ?? standard.granularity)
    }

    private func clipping(_ text: String?, _ name: String) throws -> ClippingMethod? {
        guard let text else { return nil }
        guard let method = ClippingMethod(argument: text) else {
            throw ValidationError(
                "\(name) is minmax, laplace, gauss, auto, mse, kl, percentile:P, sigma:N or range:LOW:HIGH, not '\(text)'"
            )
        }
        return method
    }

    private func precision(_ text: String?, _ name: String) throws -> Precision? {
        guard let text else { return nil }
        if text == "float" { return .float }
        guard let bits = Int(text), (2...8).contains(bits) else {
            throw ValidationError("\(name) is 2 to 8 or float, not '\(text)'")
        }
        return .bits(bits)
    }

    private func value<Choice: RawRepresentable & CaseIterable>(
        _ text: String?, _ name: String
    ) throws -> Choice? where Choice.RawValue == String {
        guard let text else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("\(name) is one of \(choices), not '\(text)'")
        }
        return choice
    }
}

/// Threads and instruction set.
struct RunArguments: ParsableArguments {
    @Option(help: "Threads; default: one per processor.")
    var threads: Int?

    @Option(help: "Instruction set: auto, avx512vnni, avx512, avx2 or baseline.")
    var isa: String?

    @Option(
        help: ArgumentHelp(
            "Kernels of a quantized net: fastest (8-bit integers where a layer's input has one range) or simulated "
                + "(floats everywhere). The results are the same."))
    var path = PathChoice.fastest
}

/// The kernels that a user asks for.
enum PathChoice: String, ExpressibleByArgument, CaseIterable {
    case fastest
    case simulated

    func arithmetic(_ options: RunOptions) -> Arithmetic {
        self == .fastest ? .fastest(options.isa) : .simulated
    }
}

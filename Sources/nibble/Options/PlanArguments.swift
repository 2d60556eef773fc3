import ArgumentParser
import Quant

/// The options of the plan, as every command names them.
struct PlanArguments: ParsableArguments {
    @Option(help: "Bits of the weights: 2 to 8, or float.")
    var weights = "4"

    @Option(help: "Bits of the activations: 2 to 8, or float.")
    var activations = "4"

    @Option(help: "Clipping of the activations: minmax, laplace, gauss, auto, mse, kl, percentile:P or sigma:N.")
    var clip = "auto"

    @Option(help: "Bits per channel for: none, weights, activations or both.")
    var allocate = "none"

    @Option(help: "What the bits per channel keep to: mean-bits or bins.")
    var budget = "mean-bits"

    @Option(help: "How bits are divided: two-thirds or exact.")
    var rule = "two-thirds"

    @Option(help: "Correction of the quantized weights: none, mean or both.")
    var correct = "both"

    @Option(help: "Bits of the first and last layers and their inputs: 2 to 8, or float.")
    var firstLast = "8"

    @Option(help: "What readers other than layers see: float, 8 or same.")
    var residual = "8"

    @Option(help: "Ranges of the activations: one per tensor or per channel.")
    var granularity: String?

    func validate() throws { _ = try options() }

    /// The options named.
    func options() throws -> PlanOptions {
        guard let clipping = ClippingMethod(argument: clip) else {
            throw ValidationError(
                "--clip is minmax, laplace, gauss, auto, mse, kl, percentile:P or sigma:N, not '\(clip)'")
        }
        let allocation: AllocationChoice = try value(allocate, "--allocate")
        let ranges: Granularity? = try granularity.map { try value($0, "--granularity") }
        if allocation.coversActivations, ranges == .tensor {
            throw ValidationError(
                "--allocate \(allocate) needs a range per channel: leave out --granularity tensor")
        }
        return PlanOptions(
            weights: try precision(weights, "--weights"), activations: try precision(activations, "--activations"),
            clipping: clipping, allocation: allocation, budget: try value(budget, "--budget"),
            rule: try value(rule, "--rule"), correction: try value(correct, "--correct"),
            firstLast: try precision(firstLast, "--first-last"), residual: try value(residual, "--residual"),
            granularity: ranges ?? .tensor)
    }

    private func precision(_ text: String, _ name: String) throws -> Precision {
        if text == "float" { return .float }
        guard let bits = Int(text), (2...8).contains(bits) else {
            throw ValidationError("\(name) is 2 to 8 or float, not '\(text)'")
        }
        return .bits(bits)
    }

    private func value<Choice: RawRepresentable & CaseIterable>(
        _ text: String, _ name: String
    ) throws -> Choice where Choice.RawValue == String {
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
}

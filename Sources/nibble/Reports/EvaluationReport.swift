import Engine
import NetIO
import Quant
import Terminal

/// What `evaluate` prints.
struct EvaluationReport {
    let work: Workload
    let plan: QuantizationPlan
    let calibration: Calibration
    let comparison: Comparison
    let seconds: (load: Double, calibrate: Double, float: Double, quantized: Double)
    /// What layers alone cost, if that was asked for.
    let sensitivity: SensitivityReport?

    private var net: LayerGraph { work.net }
    private var paths: [LayerPath] { LayerPath.paths(of: net, plan: plan, work.arithmetic) }
    private var options: RunOptions { work.options }

    /// One JSON document.
    var json: String {
        let size = PlanSize(net: net, plan: plan)
        return JSON.object([
            ("schema", .int(1)), ("model", .string("\(work.name).onnx")), ("sha256", .string(work.file.sha256)),
            ("images", .int(comparison.count)), ("labelled", .bool(comparison.isLabelled)),
            ("output", .object([("name", .string(work.outputName)), ("judged", .string(work.judgement.name))])),
            (
                "float",
                .object([
                    ("top1", .optional(comparison.floatTop1?.value)),
                    ("top5", .optional(comparison.floatTop5Accuracy?.value)),
                ])
            ),
            (
                "quantized",
                .object([
                    ("top1", .optional(comparison.quantizedTop1?.value)),
                    ("top5", .optional(comparison.quantizedTop5?.value)),
                    ("interval95", .interval(comparison.quantizedTop1?.interval95)),
                    ("agreement", .optional(comparison.agreement?.value)),
                    ("logitSQNR", .optional(comparison.logitSQNR)),
                ])
            ), ("difference", .object(JSON.members(of: comparison.difference))),
            (
                "bits",
                size.meanBitsJSON
            ),
            ("bytes", .object([("float", .int(size.floatBytes)), ("quantized", .int(size.quantizedBytes))])),
            (
                "activationBytes",
                .object([
                    ("float", .int(size.floatActivationBytes)), ("quantized", .int(size.quantizedActivationBytes)),
                ])
            ),
            ("layers", .array(net.layers.indices.map(layer))),
            (
                "seconds",
                .object([
                    ("load", .number(seconds.load)), ("calibrate", .number(seconds.calibrate)),
                    ("float", .number(seconds.float)), ("quantized", .number(seconds.quantized)),
                ])
            ),
            ("isa", .string(options.isa.rawValue)), ("threads", .int(options.threads)),
            ("sensitivity", sensitivity?.json ?? .null),
        ]).text
    }

    private func layer(_ index: Int) -> JSON {
        let planned = plan.layers[index]
        let settings = work.configuration.layers[index]
        let isPerChannel = planned.input.channelQuantizers != nil
        func each(_ value: (ClippingRange) -> JSON) -> JSON {
            guard let first = planned.ranges.first else { return .null }
            return isPerChannel ? .array(planned.ranges.map(value)) : value(first)
        }
        let inputBits: JSON =
            planned.input.channelQuantizers.map { .array($0.map { .int($0?.bits ?? 0) }) } ?? .null
        return .object([
            ("name", .string(net.layers[index].name)), ("weightBits", .int(settings.weights.storedBits)),
            ("activationBits", .int(settings.activations.storedBits)),
            ("threshold", each { .number($0.threshold) }),
            ("range", each { .array([.number($0.lo), .number($0.hi)]) }),
            ("sqnrWeights", .optional(planned.weightSQNR)), ("sqnrActivations", .optional(planned.inputSQNR)),
            (
                "channelBits",
                .object([
                    ("weights", planned.weightChannelBits.map { .array($0.map { .int($0) }) } ?? .null),
                    ("activations", inputBits),
                ])
            ), ("convergence", convergence(index)), ("paths", .string(paths[index].rawValue)),
        ])
    }

    /// The threshold of the whole tensor on growing shares of the calibration images.
    private func convergence(_ index: Int) -> JSON {
        let settings = work.configuration.layers[index]
        guard case .bits(let bits) = settings.activations, settings.threshold == nil else { return .null }
        let steps = calibration.convergence(
            of: net.layers[index].input, bits: max(1, bits), method: settings.clipping)
        return .object([
            ("images", .array(steps.map { .int($0.images) })),
            ("thresholds", .array(steps.map { .number($0.threshold) })),
        ])
    }

    /// Lines for a person.
    var text: String {
        let size = PlanSize(net: net, plan: plan)
        var lines = ["\(work.name): \(comparison.count.grouped) images, \(net.layers.count) layers"]
        if let before = comparison.floatTop1, let after = comparison.quantizedTop1,
            let change = comparison.difference
        {
            lines.append("float      \(percent(before.value)) %")
            lines.append(
                "quantized  \(percent(after.value)) %  [\(percent(after.interval95.lowerBound)), "
                    + "\(percent(after.interval95.upperBound))]")
            lines.append(
                "difference \(percent(change.value))    [\(percent(change.interval95.lowerBound)), "
                    + "\(percent(change.interval95.upperBound))]")
        } else if case .classes = work.judgement {
            lines.append("no labels: agreement with the float net stands in for accuracy")
        }
        let noise = comparison.logitSQNR.map { "\(fixed($0, 1)) dB" } ?? "no error"
        if let agreement = comparison.agreement {
            let what = if case .pixels = work.judgement { " of the pixels" } else { "" }
            lines.append("agreement  \(percent(agreement.value)) %\(what)  (output SQNR \(noise))")
        } else {
            lines.append("'\(work.outputName)' has no classes to compare")
            lines.append("SQNR       \(noise) of the output")
        }
        lines.append(
            "weights    \(size.quantizedBytes / 1000) KB of \(size.floatBytes / 1000) KB, "
                + "\(fixed(size.meanWeightBits, 2)) bits; activations \(fixed(size.meanActivationBits ?? 32, 2)) bits"
        )
        lines.append("paths      \(LayerPath.summary(paths))")
        lines.append(
            "seconds    calibration \(fixed(seconds.calibrate, 2)), float \(fixed(seconds.float, 2)), "
                + "quantized \(fixed(seconds.quantized, 2)) (\(options.isa.rawValue), \(options.threads) threads)")
        if let sensitivity { lines += [""] + sensitivity.lines }
        return lines.map(\.visible).joined(separator: "\n")
    }

    private func percent(_ share: Double) -> String { fixed(100 * share, 2) }
}

/// A number with a fixed count of decimals, without any locale.
func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return "-" }
    var factor = 1
    for _ in 0..<decimals { factor *= 10 }
    let units = Int((abs(value) * Double(factor)).rounded())
    let sign = value < 0 && units > 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(units)" }
    let fraction = String(units % factor)
    return "\(sign)\(units / factor).\(String(repeating: "0", count: decimals - fraction.count))\(fraction)"
}

import ArgumentParser
import Engine
import Glibc
import NetIO
import Quant
import Workbench

/// Calibrates, plans and measures: float and quantized accuracy.
struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure the accuracy of a net, float and quantized.")

    @OptionGroup var net: ModelArgument

    @OptionGroup var data: DataOptions
    @OptionGroup var plan: PlanArguments
    @OptionGroup var run: RunArguments

    @Option(help: "Save the configuration that was measured, for --config and the explorer.")
    var save: String?

    @Flag(
        help: ArgumentHelp(
            "Also quantize every layer alone, at 2 to 8 bits and otherwise by the options, and list what that costs "
                + "on up to 1,000 images, best first; Ctrl-C ends it and shows what is done."))
    var sensitivity = false

    @Flag(help: "Print one JSON document and nothing else.")
    var json = false

    func run() async throws {
        let work = try Workload(net, data, plan, run)
        if sensitivity, work.judgement.classes == 0 || work.judgement.name != "classes" {
            throw Failure(
                "'\(work.outputName)' has no classes: --sensitivity needs an output that has, see --output")
        }
        for note in work.notes { printToStandardError("note: \(note)") }
        let calibrating = Stopwatch()
        let calibration = try await work.calibrate()
        let calibrate = calibrating.seconds
        let quantization = QuantizationPlan(
            net: work.net, calibration: calibration, configuration: work.configuration)
        if let mismatch = work.saved?.mismatch(with: quantization, of: work.net, calibration: calibration) {
            printToStandardError("warning: \(mismatch)")
        }
        let floatWatch = Stopwatch()
        let float = try await work.values(label: "float")
        let floatSeconds = floatWatch.seconds
        let quantizedWatch = Stopwatch()
        let quantized = try await work.values(quantization, label: "quantized")
        let quantizedSeconds = quantizedWatch.seconds

        let comparison = work.compare(float, quantized)
        work.warnAboutChance(comparison)
        if let save {
            try SavedConfiguration(
                model: work.name, sha256: work.file.sha256, input: work.input, output: work.outputName,
                net: work.net, calibration: calibration, configuration: work.configuration, plan: quantization,
                keeping: work.saved
            ).write(to: save)
        }
        let costs = sensitivity ? try await SensitivityReport(work, calibration) : nil
        let report = EvaluationReport(
            work: work, plan: quantization, calibration: calibration, comparison: comparison,
            seconds: (work.loadSeconds, calibrate, floatSeconds, quantizedSeconds), sensitivity: costs)
        print(json ? report.json : report.text)
        if let costs, !costs.isComplete { throw ExitCode(128 + SIGINT) }
    }
}

import ArgumentParser
import Engine
import NetIO
import Quant

/// Calibrates, plans and measures: float and quantized accuracy.
struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure the accuracy of a net, float and quantized.")

    @OptionGroup var net: ModelArgument

    @OptionGroup var data: DataOptions
    @OptionGroup var plan: PlanArguments
    @OptionGroup var run: RunArguments

    @Flag(help: "Print one JSON document and nothing else.")
    var json = false

    func run() async throws {
        let options = try run.options()
        let loading = Stopwatch()
        let sample = try net.sample()
        let file = try OnnxFile(path: net.path(sample))
        let layers = LayerGraph(file.graph)
        let load = loading.seconds
        let saved = try plan.saved()
        let configuration = try plan.configuration(for: layers, file: file, saved: saved)
        let (measured, observed, notes) = try data.load(for: layers, sample: sample, saved: saved?.input)
        for note in notes { printToStandardError("note: \(note)") }

        let calibrating = Stopwatch()
        let calibration = try await CalibrationRun(layers, on: observed, options: options).run()
        let calibrate = calibrating.seconds
        let quantization = QuantizationPlan(net: layers, calibration: calibration, configuration: configuration)

        let floatProgram = Program(layers)
        let floatWatch = Stopwatch()
        let floatLogits = try await Evaluation(floatProgram, on: measured, options: options).logits()
        let floatSeconds = floatWatch.seconds
        let quantizedWatch = Stopwatch()
        let quantizedLogits = try await Evaluation(
            Program(layers, plan: quantization), on: measured, options: options
        ).logits()
        let quantizedSeconds = quantizedWatch.seconds

        var comparison = Comparison(classes: floatProgram.logitCount, isLabelled: measured.images.labels != nil)
        comparison.add(float: floatLogits[...], quantized: quantizedLogits[...], labels: measured.images.labels)
        let report = EvaluationReport(
            model: file.graph.name + ".onnx", file: file, net: layers,
            configuration: configuration, plan: quantization, comparison: comparison, options: options,
            seconds: (load, calibrate, floatSeconds, quantizedSeconds))
        print(json ? report.json : report.text)
    }
}

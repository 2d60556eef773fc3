import ArgumentParser
import Engine
import Net
import NetIO
import Quant
import Synchronization
import Workbench

/// What every command that measures starts from: a net, the output judged, images, choices.
struct Workload {
    /// The net's short name.
    let name: String
    let file: OnnxFile
    let net: LayerGraph
    /// The judged output, by its index.
    let output: Int
    let measured: ImageSource
    let observed: ImageSource
    /// How stored images become the net's input, as a saved configuration says it.
    let input: SavedConfiguration.Input
    /// Where the measured images come from, by the options that name them.
    let imageWords: [TrainingField: String]
    /// The file that `--config` names.
    let saved: SavedConfiguration?
    let configuration: Configuration
    let options: RunOptions
    /// Which kernels run a quantized net.
    let arithmetic: Arithmetic
    /// What a user should know about the data.
    let notes: [String]
    /// The time it took to read and fold the net.
    let loadSeconds: Double

    /// Reads everything that the arguments name.
    init(_ model: ModelArgument, _ data: DataOptions, _ plan: PlanArguments, _ run: RunArguments) throws {
        options = try run.options()
        arithmetic = run.path.arithmetic(options)
        let watch = Stopwatch()
        let sample = try model.sample()
        file = try model.file(sample)
        net = LayerGraph(file.graph)
        loadSeconds = watch.seconds
        name = sample?.name ?? file.graph.name
        guard !net.layers.isEmpty else {
            throw Failure(
                "\(model.model): no convolution or linear layer with constant weights, so nothing to quantize")
        }
        saved = try plan.saved()
        configuration = try plan.configuration(for: net, file: file, saved: saved)
        output = try data.judgedOutput(of: net, saved: saved)
        let loaded = try data.load(for: net, output: output, sample: sample, saved: saved)
        measured = loaded.measured
        observed = loaded.observed
        input = loaded.input
        imageWords = loaded.words
        let own = net.quantizedInFile
        let isStart = own.weights + own.inputs > 0
        notes =
            loaded.notes
            + (isStart
                ? [
                    "the file is already quantized (\(own.weights) of \(net.layers.count) layers' weights, \(own.inputs) "
                        + (plan.makesChoices
                            ? "inputs); the options named take the place of its ranges and bits"
                            : "inputs): its ranges and bits are where this starts")
                ] : [])
    }

    /// How the output is judged.
    var judgement: Judgement { Judgement(net.graph[net.logits[output]].shape) }
    /// The name of the judged output.
    var outputName: String { net.graph[net.graph.outputs[output]].name }

    /// A net compiled for a plan, or the float net.
    func program(_ plan: QuantizationPlan? = nil) -> Program {
        Program(net, plan: plan, output: output, arithmetic: arithmetic)
    }

    /// Observes the float net on the calibration images.
    func calibrate() async throws -> Calibration {
        let line = ProgressLine("calibrating", total: observed.images.count)
        defer { line.finish() }
        return try await CalibrationRun(net, on: observed, options: options).run(progress: { line.show($0) })
    }

    /// The judged output's values of all measured images, float or under a plan.
    func values(_ plan: QuantizationPlan? = nil, label: String) async throws -> [Float] {
        let program = program(plan)
        let line = ProgressLine(label, total: measured.order.count)
        defer { line.finish() }
        let done = Atomic(0)
        return try await Evaluation(program, on: measured, options: options).values(progress: { chunk in
            line.show(images: done.add(chunk.positions.count, ordering: .relaxed).newValue)
        })
    }

    /// What a session explores: the same net and images, visited in the shuffled order.
    func subject(cacheBudget: Int) -> Subject {
        Subject(
            name: name, sha256: file.sha256, net: net,
            measured: measured.shuffled(), observed: observed,
            input: input, origin: saved, imageWords: imageWords, output: output, options: options,
            arithmetic: arithmetic,
            cacheBudget: cacheBudget)
    }

    /// A comparison of two runs over the measured images.
    func compare(_ before: [Float], _ after: [Float]) -> Comparison {
        var comparison = Comparison(judgement, isLabelled: measured.images.labels != nil)
        comparison.add(float: before[...], quantized: after[...], labels: measured.images.labels)
        return comparison
    }

    /// A warning if the float net is hardly better than chance.
    func warnAboutChance(_ comparison: Comparison) {
        guard comparison.isFloatNearChance, let accuracy = comparison.floatTop1 else { return }
        printToStandardError(
            "warning: the float net is right on \(fixed(100 * accuracy.value, 1)) % of the images, near chance for "
                + "\(judgement.classes) classes: check --scale, --mean, --std, --layout, --channels and the labels")
    }
}

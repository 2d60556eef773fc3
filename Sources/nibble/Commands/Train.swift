import ArgumentParser
import Dispatch
import Engine
import Glibc
import NetIO
import Training
import Workbench

/// The training lab.
struct Train: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a net, or run an experiment of the training lab.",
        discussion: """
            A net is resnetN (N = 6n + 2), mobilenet, vgg or mlp. Its folder holds the trained net (ONNX), figures of each epoch \
            (CSV, JSON, SVG) and a checkpoint, from which --resume goes on after an interrupt (Ctrl-C) or a crash, and ends where \
            it would have ended. The same command gives the same files, whatever the number of threads.

            Experiments. sigma: what each normalization scheme takes for the standard deviation of n values. angle: how far \
            quantization turns tensors, against bits. norms: the schemes train the same net. eight-bit: floats against few bits, \
            and what matters there. decay: weight decay on, off, and what takes its place. bounded: bounded weights against batch \
            and weight normalization. quantizability: how nets trained in different ways survive quantization to 4 bits. The last \
            five train a ResNet-8 for minutes, with --full a ResNet-20 for hours. Figures go to standard output; --output keeps \
            them as CSV, JSON and SVG.
            """)

    @Argument(help: "The net to train.")
    var net: String?

    @Option(
        help: "The experiment to run instead: sigma, angle, norms, eight-bit, decay, bounded or quantizability.")
    var experiment: ExperimentName?

    @OptionGroup var data: TrainingDataOptions
    @OptionGroup var training: TrainingArguments
    @OptionGroup var run: RunArguments

    @Flag(help: "Run an experiment at full length.")
    var full = false

    @Option(help: "The folder for everything that is written; it is made if it is not there.")
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Write layers.csv: norms, effective steps, and how far quantization turns weights, activations and gradients (in degrees; "
                + "at 4 bits where the run keeps floats), in every STEPS-th step.", valueName: "steps"))
    var recordLayers: Int?

    @Flag(help: "Go on with the run that --output holds.")
    var resume = false

    @Flag(help: "Print one JSON document and nothing else.")
    var json = false

    func validate() throws {
        guard (net == nil) != (experiment == nil) else {
            throw ValidationError("name a net to train (resnet20, mobilenet, vgg, mlp) or an --experiment")
        }
        if let net {
            guard Architecture(net) != nil else {
                throw ValidationError("there is no net '\(net)': resnetN (N = 6n + 2), mobilenet, vgg or mlp")
            }
            guard output != nil else { throw ValidationError("name a folder for the run with --output DIR") }
        }
        if let recordLayers {
            guard net != nil else { throw ValidationError("--record-layers is for the run of a net") }
            guard recordLayers >= 1 else { throw ValidationError("--record-layers must be at least 1") }
        }
    }

    func run() async throws {
        if let experiment { return try await run(experiment) }
        guard let net, let output else { return }
        let options = try run.options()
        let form = try training.form(try data.form(try TrainingForm().setting([(.net, net)])))
        var run = try TrainingRun(
            form, data: try data.load(), folder: output, resumes: resume, recordingLayersEvery: recordLayers,
            options: options)
        let flag = CancellationFlag()
        let interrupt = Interrupt { flag.cancel() }
        defer { interrupt.end() }
        try await run.run { flag.isCancelled }
        print(json ? run.json.indented : run.text)
        if run.isStopped { throw ExitCode(128 + SIGINT) }
    }

    private func run(_ experiment: ExperimentName) async throws {
        let report =
            switch experiment {
            case .sigma, .angle: try theory(experiment)
            case .norms: try await train(.norms)
            case .eightBit: try await train(.eightBit)
            case .decay: try await train(.decay)
            case .bounded: try await train(.bounded)
            case .quantizability: try await train(.quantizability)
            }
        if let output {
            for file in try report.save(in: output) { printToStandardError("wrote \(file)") }
        }
        print(json ? report.json.indented : report.text)
    }

    private func theory(_ experiment: ExperimentName) throws -> ExperimentReport {
        let own = try SampleTensors()
        let progress = ProgressLine(experiment.rawValue, total: 100)
        defer { progress.finish() }
        guard experiment == .sigma else {
            return AngleExperiment(
                tensors: [own.weights, own.activations] + (try SampleTensors.ofTraining(seed: training.seed)),
                seed: training.seed
            ).run { progress.show($0) }
        }
        return SigmaExperiment(
            populations: [.gauss, .laplace, .uniform].map { .distribution($0) }
                + [.measured(name: own.activations.name, own.activations.values)], seed: training.seed
        ).run { progress.show($0) }
    }

    private func train(_ question: TrainingExperiment.Question) async throws -> ExperimentReport {
        let loaded = try data.load()
        guard let test = loaded.test else { throw Failure("name images to test on with --test PATH") }
        let experiment = TrainingExperiment(
            question, extent: full ? .full : .short, train: loaded.train,
            test: ImageSource(test, loaded.train.preprocessing), seed: training.seed, run: try run.options())
        let progress = ProgressLine(question.rawValue, total: 100)
        let flag = CancellationFlag()
        let interrupt = Interrupt { flag.cancel() }
        defer {
            interrupt.end()
            progress.finish()
        }
        do {
            return try await experiment.run(
                progress: { variant, share, loss in
                    progress.show(variant, share: share, note: "loss \(loss.fixed(3))")
                }, cancelled: { flag.isCancelled })
        } catch is Cancelled {
            throw ExitCode(128 + SIGINT)
        }
    }
}

/// The experiments there are.
enum ExperimentName: String, ExpressibleByArgument, CaseIterable {
    case sigma
    case angle
    case norms
    case eightBit = "eight-bit"
    case decay
    case bounded
    case quantizability
}

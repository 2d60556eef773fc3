import Engine
import Glibc
import Net
import NetIO
import Terminal
import Training
import Workbench

/// A run in a folder: the net, its checkpoint and its figures.
struct TrainingRun {
    let folder: String
    let trainer: Trainer
    private let test: ImageSource?
    private let options: RunOptions
    private let choices: String
    /// Whether it was stopped before its end.
    private(set) var isStopped = false
    /// What layers did, if it is recorded.
    private var records: LayerRecords?

    static let checkpointName = "checkpoint.safetensors"
    /// A run that is killed loses no more than this.
    private static let checkpointPeriod = Duration.seconds(60)

    /// A run that begins in an empty folder, or goes on with what one holds.
    init(
        _ net: Blueprint, _ training: TrainingOptions, data: TrainingData, folder: String,
        resumes: Bool, recordingLayersEvery interval: Int?, options: RunOptions
    ) throws {
        self.folder = folder
        self.options = options
        choices =
            "\(net.name) \(net.input) \(net.layers.count) \(training) \(data.train.images.count) \(options.isa)"
        let path = "\(folder)/\(Self.checkpointName)"
        var state: TrainingState?
        if access(path, F_OK) == 0 {
            guard resumes else {
                throw Failure("\(folder) holds a run: go on with --resume, or name another --output")
            }
            let checkpoint = try TrainingCheckpoint(path: path)
            guard checkpoint.choices == choices else {
                throw Failure("\(path) is of a run with other options: repeat those, or name another --output")
            }
            state = checkpoint.state
        } else if resumes {
            throw Failure("\(folder) holds no run to resume")
        }
        trainer = try Trainer(
            net, options: training, images: data.train, threads: options.threads, isa: options.isa, state: state)
        test = data.test.map { ImageSource($0, data.train.preprocessing) }
        if mkdir(folder, 0o777) != 0, errno != EEXIST {
            throw Failure("\(folder): cannot be made: \(String(cString: strerror(errno)))")
        }
        records = try interval.map {
            try LayerRecords(interval: $0, path: "\(folder)/layers.csv", stepsDone: trainer.state.step)
        }
        // Found out now rather than after an epoch.
        try TrainingCheckpoint(trainer.state, choices: choices).write(to: path)
    }

    /// Trains to the end, or until `stopped` says so, and writes net and figures.
    mutating func run(stopped: () -> Bool) async throws {
        let line = ProgressLine(trainer.net.name, total: trainer.stepCount * trainer.options.batch)
        defer { line.finish() }
        let first = trainer.state.step
        let clock = ContinuousClock()
        var saved = clock.now
        while !trainer.isDone {
            let isRecorded = records?.includes(trainer.state.step) ?? false
            let result = try trainer.step(recording: isRecorded ? TelemetryRequest() : nil)
            if isRecorded, let telemetry = trainer.telemetry { records?.add(telemetry) }
            line.show(
                step: trainer.state.step, of: trainer.stepCount, from: first, images: trainer.options.batch,
                note:
                    "loss \(result.loss.fixed(3))  \((100 * Double(result.correct) / Double(result.count)).fixed(1)) %"
            )
            if trainer.isEpochDone {
                var accuracy: Double?
                if let test { accuracy = try await trainer.accuracy(on: test, options) }
                trainer.endEpoch(testAccuracy: accuracy)
                if let epoch = trainer.state.epochs.last { report(epoch, line) }
                try save()
                saved = clock.now
            } else if clock.now - saved > Self.checkpointPeriod {
                try save()
                saved = clock.now
            }
            if stopped() {
                isStopped = true
                break
            }
        }
        try save()
        try write()
    }

    private func save() throws {
        try records?.write()
        try TrainingCheckpoint(trainer.state, choices: choices).write(to: "\(folder)/\(Self.checkpointName)")
    }

    private func report(_ epoch: EpochResult, _ line: ProgressLine) {
        line.finish()
        let test = epoch.testAccuracy.map { ", test \((100 * $0).fixed(2)) %" } ?? ""
        printToStandardError(
            "epoch \(epoch.epoch) of \(trainer.options.epochs): loss \(epoch.loss.fixed(4)), training "
                + "\((100 * epoch.trainAccuracy).fixed(2)) %\(test)")
    }

    /// Where the net is written.
    var netPath: String { "\(folder)/\(trainer.net.name).onnx" }

    private func write() throws {
        try AtomicFile.write(try OnnxWriter.bytes(of: try trainer.graph()), to: netPath)
        try AtomicFile.write(table.csv, to: "\(folder)/epochs.csv")
        try AtomicFile.write(json.indented + "\n", to: "\(folder)/run.json")
        for (name, plot) in plots { try AtomicFile.write(plot.svg, to: "\(folder)/\(name).svg") }
    }

    private var convolutions: [String] { trainer.net.layers.filter { $0.convolution != nil }.map(\.name) }

    private var table: ResultTable {
        var columns = ["epoch", "loss", "training accuracy", "test accuracy", "rate"]
        columns += convolutions.map { "norm \($0)" }
        columns += convolutions.map { "effective step \($0)" }
        var table = ResultTable(title: trainer.net.name, columns: columns)
        for epoch in trainer.state.epochs {
            let test: ResultTable.Cell = if let accuracy = epoch.testAccuracy { .number(accuracy) } else { .none }
            let first = [Double(epoch.epoch), epoch.loss, epoch.trainAccuracy].map { ResultTable.Cell.number($0) }
            let rest = ([epoch.rate] + epoch.norms + epoch.effectiveSteps).map { ResultTable.Cell.number($0) }
            table.add(first + [test] + rest)
        }
        return table
    }

    private var plots: [(String, LinePlot)] {
        func curve(_ name: String, _ value: (EpochResult) -> Double?) -> LinePlot.Series {
            LinePlot.Series(
                name,
                trainer.state.epochs.compactMap { epoch in value(epoch).map { SIMD2(Double(epoch.epoch), $0) } })
        }
        return [
            (
                "loss",
                LinePlot(
                    title: "\(trainer.net.name): loss", x: "epoch", y: "loss", series: [curve("loss") { $0.loss }])
            ),
            (
                "accuracy",
                LinePlot(
                    title: "\(trainer.net.name): accuracy", x: "epoch", y: "share right",
                    series: [curve("training") { $0.trainAccuracy }, curve("test") { $0.testAccuracy }])
            ),
            (
                "norms",
                LinePlot(
                    title: "\(trainer.net.name): mean norm of a channel's weights", x: "epoch", y: "norm",
                    series: convolutions.enumerated().map { place, name in curve(name) { $0.norms[place] } })
            ),
        ]
    }

    /// The run as JSON.
    var json: JSON {
        .object([
            ("net", .string(trainer.net.name)), ("file", .string(netPath)), ("complete", .bool(trainer.isDone)),
            ("steps", .int(trainer.state.step)), ("options", .string(choices)),
            ("epochs", .array(trainer.state.epochs.map(\.json))),
        ])
    }

    /// The run in a few lines.
    var text: String {
        var lines = [
            trainer.isDone
                ? "\(trainer.net.name): \(trainer.options.epochs) epochs done"
                : "\(trainer.net.name): stopped after \(trainer.state.step) of \(trainer.stepCount) steps; go on with --resume"
        ]
        if let last = trainer.state.epochs.last {
            lines.append("loss \(last.loss.fixed(4)), training accuracy \((100 * last.trainAccuracy).fixed(2)) %")
            if let accuracy = last.testAccuracy { lines.append("test accuracy \((100 * accuracy).fixed(2)) %") }
        }
        lines.append("net: \(netPath)")
        return lines.joined(separator: "\n")
    }
}

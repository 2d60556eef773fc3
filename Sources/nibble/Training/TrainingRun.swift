import Engine
import NetIO
import Training
import Workbench

/// A run of `nibble train`: its folder, its progress, and what is said about it.
struct TrainingRun {
    let trainer: Trainer
    private let folder: RunFolder
    private let test: ImageSource?
    private let options: RunOptions
    /// Whether it was stopped before its end.
    private(set) var isStopped = false
    /// What layers did, if it is recorded.
    private var records: LayerRecords?

    /// A run that begins in a folder without one, or goes on with what it holds.
    init(
        _ form: TrainingForm, data: TrainingData, folder path: String, resumes: Bool,
        recordingLayersEvery interval: Int?, options: RunOptions
    ) throws {
        self.options = options
        let net = try form.blueprint(for: data)
        let description = RunDescription(form, net, images: data.train, isa: options.isa, recording: interval)
        folder = try RunFolder(path, description, resumes ? .resumed : .fresh)
        trainer = try Trainer(
            net, options: form.options, images: data.train, threads: options.threads, isa: options.isa,
            state: folder.state)
        test = data.test.map { ImageSource($0, data.train.preprocessing) }
        try folder.begin(trainer)
        records = try interval.map {
            try LayerRecords(interval: $0, path: "\(path)/layers.csv", stepsDone: trainer.state.step)
        }
    }

    /// Trains to the end, or until `stopped` says so, and writes net and figures.
    mutating func run(stopped: () -> Bool) async throws {
        let line = ProgressLine(trainer.net.name, total: trainer.stepCount * trainer.options.batch)
        defer { line.finish() }
        let first = trainer.state.step
        let clock = ContinuousClock()
        var saved = clock.now
        while !trainer.isDone || trainer.isEpochDone {
            if !trainer.isEpochDone { try step(line, from: first) }
            if trainer.isEpochDone {
                var accuracy: Double?
                if let test { accuracy = try await trainer.accuracy(on: test, options) }
                trainer.endEpoch(testAccuracy: accuracy)
                if let epoch = trainer.state.epochs.last { report(epoch, line) }
                try save()
                saved = clock.now
            } else if clock.now - saved > RunFolder.checkpointPeriod {
                try save()
                saved = clock.now
            }
            if stopped() {
                isStopped = true
                break
            }
        }
        try records?.write()
        try folder.saveAll(trainer)
    }

    private mutating func step(_ line: ProgressLine, from first: Int) throws {
        let isRecorded = records?.includes(trainer.state.step) ?? false
        let result = try trainer.step(recording: isRecorded ? TelemetryRequest() : nil)
        if isRecorded, let telemetry = trainer.telemetry { records?.add(telemetry) }
        line.show(
            step: trainer.state.step, of: trainer.stepCount, from: first, images: trainer.options.batch,
            note:
                "loss \(result.loss.fixed(3))  \((100 * Double(result.correct) / Double(result.count)).fixed(1)) %")
    }

    private func save() throws {
        try records?.write()
        try folder.save(trainer)
    }

    private func report(_ epoch: EpochResult, _ line: ProgressLine) {
        line.finish()
        let test = epoch.testAccuracy.map { ", test \((100 * $0).fixed(2)) %" } ?? ""
        printToStandardError(
            "epoch \(epoch.epoch) of \(trainer.options.epochs): loss \(epoch.loss.fixed(4)), training "
                + "\((100 * epoch.trainAccuracy).fixed(2)) %\(test)")
    }

    /// The run as JSON.
    var json: JSON { folder.json(trainer) }

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
        lines.append("net: \(folder.netPath)")
        return lines.joined(separator: "\n")
    }
}

internal import Dispatch
internal import Engine
internal import Net
internal import Quant
internal import Training

/// The work of one run, from reading images to the file of its net, on the thread that calls it.
struct RunWork: Sendable {
    /// The run in the words of the command line.
    let form: TrainingForm
    /// Where its files go.
    let folder: String
    let isa: InstructionSet
    let control: RunControl
    /// Keeps the images, for when the net is opened.
    let keepData: @Sendable (TrainingData) -> Void
    /// Keeps the net that came out and the file it belongs into, for when it could not be written.
    let keepNet: @Sendable (Graph, String) -> Void
    let send: @Sendable (TrainingEvent) -> Void

    /// Steps are recorded so often that a run has about this many records, each of which costs a fraction of a step.
    private static let records = 64
    /// Reports are sent no closer than this, but for the last.
    private static let reportPeriod = Duration.milliseconds(100)

    func run() {
        // Said once the folder is free again: the next run may be one that goes on there.
        let end: End
        do {
            end = try train()
        } catch {
            end = End(phase: .failed("\(error)"))
        }
        send(.ended(end.phase, file: end.file))
        if let problem = end.problem { send(.refused(problem)) }
    }

    /// What a run came to.
    private struct End {
        let phase: RunRecord.Phase
        /// The file of its net.
        var file: String?
        /// Why its net was not written.
        var problem: String?
    }

    private func train() throws -> End {
        let data: TrainingData
        do {
            data = try TrainingData(form.request)
        } catch TrainingDataError.noLabels {
            throw Unfit(description: "the images have no labels: choose others in the line data of the form")
        }
        keepData(data)
        let net = try form.blueprint(for: data)
        let folder = try RunFolder(folder, RunDescription(form, net, images: data.train, isa: isa), .either)
        let trainer = try Trainer(
            net, options: form.options, images: data.train, threads: control.threads, isa: isa, state: folder.state)
        try folder.begin(trainer)
        send(
            .began(
                RunOutline(
                    layers: trainer.net.layers.filter { $0.convolution != nil }.map(\.name),
                    steps: trainer.stepCount, stepsPerEpoch: trainer.stepsPerEpoch, batch: trainer.options.batch,
                    trainImages: data.train.images.count, testImages: data.test?.count ?? 0, file: folder.netPath,
                    firstStep: trainer.state.step)))
        for epoch in trainer.state.epochs { send(.epoch(epoch)) }
        return try steps(of: trainer, data, folder)
    }

    private func steps(of trainer: Trainer, _ data: TrainingData, _ folder: RunFolder) throws -> End {
        let interval = max(1, trainer.stepCount / Self.records)
        let clock = ContinuousClock()
        var (report, saved) = (Report(), clock.now)
        var isPaused = false
        /// Writes a checkpoint; a run that cannot pauses, so that a user sees it before more is at stake.
        func save() {
            do {
                try folder.save(trainer)
                saved = clock.now
            } catch {
                isPaused = true
                if control.isRunning { control.ask(.pause) }
                send(.held("\(error)"))
            }
        }
        while !trainer.isDone || trainer.isEpochDone {
            switch control.wish {
            case .run: isPaused = false
            case .pause:
                report.send(to: send)
                if !isPaused { save() }
                isPaused = true
                control.wait()
                continue
            case .drop:
                report.send(to: send)
                try folder.save(trainer)
                return End(phase: .dropped)
            // A net that has learned nothing is no net to keep.
            case .keep where trainer.state.step == 0: return End(phase: .dropped)
            case .keep(let path):
                report.send(to: send)
                do {
                    return End(phase: .stopped, file: try keep(trainer, folder, path))
                } catch {
                    control.ask(.pause)
                    send(.refused("\(error)"))
                    continue
                }
            }
            if !trainer.isEpochDone {
                trainer.threads = control.threads
                let isRecorded = trainer.state.step % interval == 0
                let start = clock.now
                let result = try trainer.step(recording: isRecorded ? TelemetryRequest() : nil)
                report.add(result, isRecorded ? trainer.telemetry : nil, took: clock.now - start)
            }
            if trainer.isEpochDone {
                report.send(to: send)
                let accuracy = try accuracy(of: trainer, data)
                // A run that is to end meanwhile is tested when it goes on.
                guard accuracy != nil || data.test == nil else { continue }
                trainer.endEpoch(testAccuracy: accuracy)
                if let epoch = trainer.state.epochs.last { send(.epoch(epoch)) }
                save()
            } else if clock.now - saved > RunFolder.checkpointPeriod {
                save()
            } else if clock.now - report.start > Self.reportPeriod {
                report.send(to: send)
            }
        }
        var path: String?
        switch control.wish {
        case .keep(let wanted): path = wanted
        case .run, .pause, .drop: break
        }
        keepNet(try trainer.graph(), folder.netPath)
        do {
            return End(phase: .completed, file: try keep(trainer, folder, path))
        } catch {
            return End(phase: .completed, problem: "\(error)")
        }
    }

    /// Writes everything into the run's folder, and the net to a file of its own too if one is named.
    ///
    /// - Returns: the net's file.
    private func keep(_ trainer: Trainer, _ folder: RunFolder, _ path: String?) throws -> String {
        try folder.saveAll(trainer)
        guard let path, path != folder.netPath else { return folder.netPath }
        try NetFile.write(try trainer.graph(), to: path)
        return path
    }

    /// The net's accuracy on the images to test on; `nil` without those, or if the run is to end meanwhile.
    ///
    /// A pause ends the test within milliseconds; it begins again when the run goes on.
    private func accuracy(of trainer: Trainer, _ data: TrainingData) throws -> Double? {
        guard let test = data.test else { return nil }
        let program = Program(LayerGraph(try trainer.graph()))
        let source = ImageSource(test, data.train.preprocessing)
        while !control.isEnding {
            control.wait()
            do {
                return try accuracy(of: program, on: source, classes: trainer.net.classes)
            } catch is Cancelled {
                // Paused, or to end.
            }
        }
        return nil
    }

    /// - Throws: `Cancelled` once the run is asked for something else than to run.
    private func accuracy(of program: Program, on source: ImageSource, classes: Int) throws -> Double {
        let options = RunOptions(threads: control.threads, isa: isa)
        let result = Mutexed<Result<Double, any Error>>(.failure(Cancelled()))
        let (flag, done) = (CancellationFlag(), DispatchSemaphore(value: 0))
        Task.detached {
            do {
                let accuracy = try await Trainer.accuracy(
                    of: program, on: source, classes: classes, options, cancelled: { flag.isCancelled })
                result.withLock { $0 = .success(accuracy) }
            } catch {
                result.withLock { $0 = .failure(error) }
            }
            done.signal()
        }
        // The thread is the run's own, so that it may block; but not for measurements that have the pool, when it is asked to pause.
        while done.wait(timeout: .now() + .milliseconds(20)) == .timedOut {
            guard control.isRunning else {
                flag.cancel()
                throw Cancelled()
            }
        }
        return try result.withLock { $0 }.get()
    }

    /// Images that cannot be trained on.
    private struct Unfit: Error, CustomStringConvertible {
        let description: String
    }
}

/// Steps that are not reported yet.
private struct Report {
    private var results: [StepResult] = []
    private var telemetry: [StepTelemetry] = []
    /// Seconds of an image, recent steps weighing more.
    private var secondsPerImage: Double?
    /// When the last report was sent.
    private(set) var start = ContinuousClock.now

    mutating func add(_ result: StepResult, _ recorded: StepTelemetry?, took time: Duration) {
        results.append(result)
        if let recorded { telemetry.append(recorded) }
        let (seconds, attoseconds) = time.components
        let now = (Double(seconds) + Double(attoseconds) / 1e18) / Double(max(1, result.count))
        secondsPerImage = secondsPerImage.map { 0.9 * $0 + 0.1 * now } ?? now
    }

    mutating func send(to send: (TrainingEvent) -> Void) {
        start = .now
        guard !results.isEmpty else { return }
        send(
            .progressed(
                RunProgress(
                    results: results, telemetry: telemetry,
                    imagesPerSecond: secondsPerImage.map { $0 > 0 ? 1 / $0 : 0 } ?? 0)))
        results = []
        telemetry = []
    }
}

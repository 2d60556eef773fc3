internal import Dispatch
internal import Engine
internal import Net
internal import Quant
internal import Training

/// The work of one run, from reading images to the file of its net, on the thread that calls it.
struct RunWork: Sendable {
    let form: TrainingForm
    /// The session's images.
    let images: ImageSource
    let isa: InstructionSet
    let control: RunControl
    /// Where the net is written if no file is named.
    let folder: String
    /// Keeps the images, for when the net is opened.
    let keepData: @Sendable (TrainingData) -> Void
    /// Keeps the net that came out, for when it could not be written.
    let keepNet: @Sendable (Graph) -> Void
    let send: @Sendable (TrainingEvent) -> Void

    /// Steps are recorded so often that a run has about this many records, each of which costs a fraction of a step.
    private static let records = 64
    /// Reports are sent no closer than this, but for the last.
    private static let reportPeriod = Duration.milliseconds(100)

    func run() {
        do {
            try train()
        } catch {
            send(.ended(.failed("\(error)"), file: nil))
        }
    }

    private func train() throws {
        let data: TrainingData
        do {
            data = try self.data()
        } catch TrainingDataError.noLabels {
            throw Unfit(description: "the images have no labels: choose others in the line data of the form")
        }
        keepData(data)
        let (size, architecture) = (data.train.size, form.architecture)
        guard min(size.height, size.width) >= architecture.leastSize else {
            throw Unfit(
                description:
                    "\(architecture.name) needs images of at least \(architecture.leastSize) x \(architecture.leastSize)"
            )
        }
        let trainer = try Trainer(
            form.blueprint(input: size, classes: data.classes), options: form.options, images: data.train,
            threads: control.threads, isa: isa)
        send(
            .began(
                RunOutline(
                    layers: trainer.net.layers.filter { $0.convolution != nil }.map(\.name),
                    steps: trainer.stepCount,
                    stepsPerEpoch: trainer.stepsPerEpoch, batch: trainer.options.batch,
                    trainImages: data.train.images.count, testImages: data.test?.count ?? 0,
                    file: NetFile.free(trainer.net.name, in: folder))))
        try steps(of: trainer, data)
    }

    private func data() throws -> TrainingData {
        switch form[.data] {
        case TrainingForm.session:
            return try TrainingData(dividing: images.images, images.preprocessing, limit: form.limit)
        case TrainingForm.fashion:
            var request = TrainingData.Request()
            request.limit = form.limit
            return try TrainingData(request)
        case let path:
            var request = TrainingData.Request()
            request.data = path
            let all = try TrainingData(request).train
            return try TrainingData(dividing: all.images, all.preprocessing, limit: form.limit)
        }
    }

    private func steps(of trainer: Trainer, _ data: TrainingData) throws {
        let interval = max(1, trainer.stepCount / Self.records)
        let clock = ContinuousClock()
        var report = Report()
        while !trainer.isDone {
            switch control.wish {
            case .run: break
            case .pause:
                report.send(to: send)
                control.wait()
                continue
            case .drop: return send(.ended(.dropped, file: nil))
            // A net that has learned nothing is no net to keep.
            case .keep where trainer.state.step == 0: return send(.ended(.dropped, file: nil))
            case .keep(let path):
                report.send(to: send)
                do {
                    return send(
                        .ended(.stopped, file: try NetFile.write(try trainer.graph(), to: path, in: folder)))
                } catch {
                    control.ask(.pause)
                    send(.refused("\(error)"))
                    continue
                }
            }
            trainer.threads = control.threads
            let isRecorded = trainer.state.step % interval == 0
            let start = clock.now
            let result = try trainer.step(recording: isRecorded ? TelemetryRequest() : nil)
            report.add(result, isRecorded ? trainer.telemetry : nil, took: clock.now - start)
            if trainer.isEpochDone {
                report.send(to: send)
                trainer.endEpoch(testAccuracy: try accuracy(of: trainer, data))
                if let epoch = trainer.state.epochs.last { send(.epoch(epoch)) }
            } else if clock.now - report.start > Self.reportPeriod {
                report.send(to: send)
            }
        }
        var path: String?
        switch control.wish {
        case .drop: return send(.ended(.dropped, file: nil))
        case .keep(let wanted): path = wanted
        case .run, .pause: break
        }
        let net = try trainer.graph()
        keepNet(net)
        do {
            send(.ended(.completed, file: try NetFile.write(net, to: path, in: folder)))
        } catch {
            send(.ended(.completed, file: nil))
            send(.refused("\(error)"))
        }
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

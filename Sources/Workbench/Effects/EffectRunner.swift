import Engine
import Quant

/// Runs a session's effects in the background and sends their answers.
///
/// There is at most one measurement at a time: a new one cancels the one before, waits until its threads have let go,
/// and starts.
public final class EffectRunner: Sendable {
    private struct State: Sendable {
        /// The flags of what runs and of what waits for it.
        var flags: [CancellationFlag] = []
        /// The flag of the sensitivity pass, one of `flags`.
        var sensing: CancellationFlag?
        var task: Task<Void, Never>?
        /// The simulation of the theory view, which concerns no net and runs beside the rest.
        var simulating: CancellationFlag?
        var simulation: Task<Void, Never>?
        var program: Program?
        /// What the configuration measured now predicts, and the one measured before.
        var own = Predictions()
        var previous: Predictions?
    }

    private let subject: Subject
    private let training: TrainingRunner
    private let files: ConfigurationFiles
    private let send: @Sendable (Event) -> Void
    private let state = Mutexed(State())
    private let float: Mutexed<Program?> = Mutexed(nil)
    private let known = FloatLogits()
    private let cache: CheckpointCache
    private let floatCache: CheckpointCache

    /// A runner for a session's subject; `send` is called from any thread.
    ///
    /// - Parameter training: has the runs of the training view, which go on when another net is opened; by itself one of its own.
    public init(
        _ subject: Subject, training: TrainingRunner? = nil, send: @escaping @Sendable (Event) -> Void
    ) {
        self.subject = subject
        self.training = training ?? TrainingRunner(send: send)
        self.send = send
        files = ConfigurationFiles(subject: subject)
        cache = CheckpointCache(budget: subject.cacheBudget / 4 * 3)
        floatCache = CheckpointCache(budget: subject.cacheBudget / 4)
    }

    /// Starts an effect; its events follow.
    public func perform(_ effect: Effect) {
        switch effect {
        case .calibrate: calibrate()
        case .measure(let generation, let plan): measure(plan, generation: generation)
        case .sense(let keys, let calibration): sense(keys, calibration)
        case .stopSensing: state.withLock { $0.sensing?.cancel() }
        case .simulate(let questions): simulate(questions)
        case .train(let run, let effect): training.perform(effect, run: run, for: subject)
        case .save(let path, let configuration, let plan, let calibration):
            answer {
                try files.write(configuration, plan: plan, calibration: calibration, to: path)
                return .saved(path: path, configuration)
            }
        case .load(let path):
            answer {
                let (configuration, saved) = try files.read(path)
                return .loaded(path: path, configuration, saved)
            }
        }
    }

    /// Cancels whatever runs; its threads let go within milliseconds.
    public func stop() {
        state.withLock { state in
            state.flags.forEach { $0.cancel() }
            state.simulating?.cancel()
        }
    }

    /// Runs on the caller's thread: a file of a few kilobytes, which must be safe before a user leaves.
    private func answer(_ body: () throws -> Event) {
        do {
            send(try body())
        } catch {
            send(.failed("\(error)"))
        }
    }

    private func calibrate() {
        start { [subject, send] flag in
            let run = CalibrationRun(subject.net, on: subject.observed, options: subject.options)
            let calibration = try await run.run(
                cancelled: { flag.isCancelled }, progress: { send(.calibrating($0)) })
            send(.calibrated(calibration))
        }
    }

    private func measure(_ plan: QuantizationPlan, generation: Int) {
        start { [self] flag in
            let program = Program(
                subject.net, plan: plan, output: subject.output, arithmetic: subject.arithmetic,
                reusing: state.withLock { $0.program })
            let (own, previous) = state.withLock { state in
                state.program = program
                if !state.own.isEmpty { state.previous = state.own }
                state.own = Predictions()
                return (state.own, state.previous)
            }
            let measurement = Measurement(
                subject: subject, float: floatProgram, known: known, cache: cache, own: own, previous: previous)
            try await measurement.run(program, generation: generation, cancelled: flag) { send(.measured($0)) }
        }
    }

    private func sense(_ keys: [SensitivityKey], _ calibration: Calibration) {
        start(waiting: true) { [self] flag in
            let pass = SensitivityPass(subject: subject, float: floatProgram, cache: floatCache)
            try await pass.run(keys, calibration, cancelled: flag) { send(.sensed($0, $1)) }
        }
    }

    private func simulate(_ questions: [TheoryQuestion]) {
        let flag = CancellationFlag()
        state.withLock { [send] state in
            state.simulating?.cancel()
            let before = state.simulation
            state.simulating = flag
            state.simulation = Task.detached {
                await before?.value
                for question in questions {
                    guard let answer = question.answer(isCancelled: { flag.isCancelled }) else { return }
                    send(.simulated(question, answer))
                }
            }
        }
    }

    private var floatProgram: Program {
        float.withLock { program in
            if let program { return program }
            let made = Program(subject.net, output: subject.output)
            program = made
            return made
        }
    }

    /// Starts what takes long, in place of what runs, or after it.
    private func start(waiting: Bool = false, _ body: @escaping @Sendable (CancellationFlag) async throws -> Void) {
        let flag = CancellationFlag()
        state.withLock { [send] state in
            if !waiting {
                state.flags.forEach { $0.cancel() }
                state.flags = []
            }
            let before = state.task
            state.flags.append(flag)
            if waiting { state.sensing = flag }
            state.task = Task.detached {
                await before?.value
                guard !flag.isCancelled else { return }
                do {
                    try await body(flag)
                } catch is Cancelled {
                    // A newer run took over.
                } catch {
                    send(.stopped("\(error)"))
                }
            }
        }
    }
}

import Engine
import Quant

/// Runs a session's effects in the background and sends their answers.
///
/// There is at most one measurement at a time: a new one cancels the one before, waits until its threads have let go,
/// and starts.
public final class EffectRunner: Sendable {
    private struct State: Sendable {
        var flag: CancellationFlag?
        var task: Task<Void, Never>?
        var program: Program?
    }

    private let subject: Subject
    private let files: ConfigurationFiles
    private let send: @Sendable (Event) -> Void
    private let state = Mutexed(State())
    private let float: Mutexed<Program?> = Mutexed(nil)
    private let known = FloatLogits()

    /// A runner for a session's subject; `send` is called from any thread.
    public init(_ subject: Subject, send: @escaping @Sendable (Event) -> Void) {
        self.subject = subject
        self.send = send
        files = ConfigurationFiles(subject: subject)
    }

    /// Starts an effect; its events follow.
    public func perform(_ effect: Effect) {
        switch effect {
        case .calibrate: calibrate()
        case .measure(let generation, let plan): measure(plan, generation: generation)
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
    public func stop() { state.withLock { $0.flag?.cancel() } }

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
            let previous = state.withLock { $0.program }
            let program = Program(subject.net, plan: plan, output: subject.output, reusing: previous)
            state.withLock { $0.program = program }
            let measurement = Measurement(subject: subject, float: floatProgram, known: known)
            try await measurement.run(program, generation: generation, cancelled: flag) { send(.measured($0)) }
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

    private func start(_ body: @escaping @Sendable (CancellationFlag) async throws -> Void) {
        let flag = CancellationFlag()
        state.withLock { [send] state in
            state.flag?.cancel()
            let before = state.task
            state.flag = flag
            state.task = Task.detached {
                await before?.value
                guard !flag.isCancelled else { return }
                do {
                    try await body(flag)
                } catch is Cancelled {
                    // A newer run took over.
                } catch {
                    send(.failed("\(error)"))
                }
            }
        }
    }
}

import Engine
import Net
import Quant
import Synchronization

/// The state between lines: programs are compiled once, an edit starts from the one before.
struct BenchmarkJob {
    private let subject: BenchmarkSubject
    private let calibration: Calibration
    private let float: Program
    private let simulated: Program
    private let integer: Program

    private var configuration: Configuration
    private var plan: QuantizationPlan
    /// What `edit` goes on from.
    private var edited: (program: Program, cache: CheckpointCache, source: ImageSource, options: RunOptions)?
    private var edits = 0

    private static let calibrationImages = 64

    init(_ subject: BenchmarkSubject) async throws {
        self.subject = subject
        let count = min(Self.calibrationImages, subject.images.count)
        calibration = try await CalibrationRun(
            subject.net, on: subject.source(count), options: subject.options(threads: 2)
        ).run()
        configuration = Configuration(.standard, for: subject.net)
        plan = QuantizationPlan(net: subject.net, calibration: calibration, configuration: configuration)
        float = Program(subject.net)
        simulated = Program(subject.net, plan: plan)
        integer = Program(subject.net, plan: plan, arithmetic: .fastest(subject.isa))
    }

    /// Carries out one line.
    mutating func answer(_ words: [String]) async throws -> String {
        let numbers = words.dropFirst().compactMap { Int($0) }
        switch (words.first, numbers.count) {
        case ("layers", 0): return "\(subject.net.layers.count)"
        case ("float", 2), ("simulated", 2), ("integer", 2):
            return "\(try await pass(try program(words[0]), numbers))"
        case ("cancel", 1) where words.count == 3:
            return "\(try await cancel(try program(words[1]), threads: numbers[0]))"
        case ("calibrate", 2): return "\(try await calibrate(numbers))"
        case ("start", 2): return "\(try await start(numbers))"
        case ("edit", 1): return "\(try await edit(layer: numbers[0]))"
        case ("prepare", 0): return try await prepare()
        default: throw BenchmarkError.unknown(words.joined(separator: " "))
        }
    }

    private func pass(_ program: Program, _ numbers: [Int]) async throws -> Double {
        let source = ImageSource(subject.images, subject.preprocessing)
        let watch = Stopwatch()
        _ = try await Evaluation(program, on: source, options: subject.options(threads: numbers[0]))
            .values(of: 0..<min(numbers[1], subject.images.count))
        return watch.seconds
    }

    private func program(_ name: String) throws -> Program {
        switch name {
        case "float": float
        case "simulated": simulated
        case "integer": integer
        default: throw BenchmarkError.unknown(name)
        }
    }

    /// The longest of 20 times from a request to stop, at moments all over the run, to its end.
    private func cancel(_ program: Program, threads: Int) async throws -> Double {
        let source = ImageSource(subject.images, subject.preprocessing)
        var longest = 0.0
        for trial in 0..<20 {
            let stops = Atomic(false)
            let run = Task {
                let evaluation = Evaluation(program, on: source, options: subject.options(threads: threads))
                while true {
                    do {
                        _ = try await evaluation.values(cancelled: { stops.load(ordering: .relaxed) })
                    } catch is Cancelled {
                        return
                    }
                }
            }
            try await Task.sleep(for: .microseconds(20_000 + 7_919 * trial))
            let watch = Stopwatch()
            stops.store(true, ordering: .relaxed)
            try await run.value
            longest = max(longest, watch.seconds)
        }
        return longest
    }

    private func calibrate(_ numbers: [Int]) async throws -> Double {
        let source = subject.source(numbers[1])
        let watch = Stopwatch()
        _ = try await CalibrationRun(subject.net, on: source, options: subject.options(threads: numbers[0])).run()
        return watch.seconds
    }

    private mutating func start(_ numbers: [Int]) async throws -> Double {
        let cache = CheckpointCache(budget: CheckpointCache.standardBudget)
        let source = subject.source(numbers[1])
        let options = subject.options(threads: numbers[0])
        edited = (integer, cache, source, options)
        let watch = Stopwatch()
        _ = try await Evaluation(integer, on: source, options: options, cache: cache).values()
        return watch.seconds
    }

    private mutating func edit(layer: Int) async throws -> Double {
        guard let before = edited, subject.net.layers.indices.contains(layer) else {
            throw BenchmarkError.unknown("edit \(layer)")
        }
        let watch = Stopwatch()
        // By the layer's own bits, since jobs on several layers take turns.
        replan([layer], configuration.layers[layer].weights == .bits(3) ? .bits(5) : .bits(3))
        let program = Program(
            subject.net, plan: plan, arithmetic: .fastest(subject.isa), reusing: before.program)
        edited?.program = program
        _ = try await Evaluation(program, on: before.source, options: before.options, cache: before.cache).values()
        return watch.seconds
    }

    /// Two numbers: the plan, and the program with its weights in kernel order, by as many threads as there are
    /// processors.
    private mutating func prepare() async throws -> String {
        edits += 1
        let planning = Stopwatch()
        replan(subject.net.layers.indices, .bits(edits % 2 == 0 ? 5 : 3))
        let planned = planning.seconds
        let packing = Stopwatch()
        let program = Program(subject.net, plan: plan, arithmetic: .fastest(subject.isa), reusing: edited?.program)
        let packed = packing.seconds
        edited?.program = program
        return "\(planned) \(packed)"
    }

    private mutating func replan(_ layers: some Sequence<Int>, _ weights: Precision) {
        let before = (configuration, plan)
        for layer in layers { configuration.layers[layer].weights = weights }
        plan = QuantizationPlan(
            net: subject.net, calibration: calibration, configuration: configuration, reusing: before)
    }
}

/// Wall-clock seconds.
struct Stopwatch {
    private let start = ContinuousClock.now

    var seconds: Double {
        let time = (ContinuousClock.now - start).components
        return Double(time.seconds) + Double(time.attoseconds) * 1e-18
    }
}

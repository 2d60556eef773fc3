import Engine
import Quant
internal import Synchronization

/// Tells a run that nobody waits for it any more.
public final class CancellationFlag: Sendable {
    private let flag = Atomic(false)

    /// A flag that is not set.
    public init() {}

    /// Sets it; from any thread, also in a signal's handler.
    public func cancel() { flag.store(true, ordering: .relaxed) }

    /// Whether it is set.
    public var isCancelled: Bool { flag.load(ordering: .relaxed) }
}

/// The float net's logits, block by block in visiting order: measured once, then shared by all measurements.
final class FloatLogits: Sendable {
    private let blocks = Mutex<[Int: [Float]]>([:])

    subscript(start: Int) -> [Float]? { blocks.withLock { $0[start] } }

    func store(_ values: [Float], at start: Int) { blocks.withLock { $0[start] = values } }
}

/// The classes that a configuration gave images, block by block, for comparison with the next one.
final class Predictions: Sendable {
    private let blocks = Mutex<[Int: [Int]]>([:])

    var isEmpty: Bool { blocks.withLock { $0.isEmpty } }

    subscript(start: Int) -> [Int]? { blocks.withLock { $0[start] } }

    func store(_ classes: [Int], at start: Int) { blocks.withLock { $0[start] = classes } }
}

/// Measures a program beside the float net, block by block, so that both figures stand from the first block on.
struct Measurement: Sendable {
    let subject: Subject
    let float: Program
    let known: FloatLogits
    var cache: CheckpointCache?
    /// Filled with what the program predicts.
    var own = Predictions()
    /// What the configuration before predicted.
    var previous: Predictions?

    /// The blocks of images: small ones first, for an early first estimate.
    static func blocks(of total: Int) -> [Range<Int>] {
        var blocks: [Range<Int>] = []
        var start = 0
        var size = 32
        while start < total {
            blocks.append(start..<min(start + size, total))
            start += size
            size = min(256, size * 2)
        }
        return blocks
    }

    /// Runs over all images and reports after every block.
    ///
    /// - Throws: `Cancelled` if the flag was set.
    func run(
        _ program: Program, generation: Int, cancelled: CancellationFlag, report: (Estimate) -> Void
    ) async throws {
        let source = subject.measured
        var comparison = Comparison(subject.judgement, isLabelled: subject.isLabelled)
        var (gained, lost, common) = (0, 0, 0)
        for block in Measurement.blocks(of: source.order.count) {
            let before: [Float]
            if let values = known[block.lowerBound] {
                before = values
            } else {
                before = try await values(of: float, block, nil, cancelled)
                known.store(before, at: block.lowerBound)
            }
            let after = try await values(of: program, block, cache, cancelled)
            let labels = source.images.labels.map { labels in block.map { labels[source.order[$0]] } }
            comparison.add(float: before[...], quantized: after[...], labels: labels)
            let classes = Comparison.predictions(after, subject.judgement)
            own.store(classes, at: block.lowerBound)
            if let labels, let earlier = previous?[block.lowerBound], earlier.count == classes.count {
                common += classes.count
                for (image, label) in labels.enumerated() where classes[image] != earlier[image] {
                    if classes[image] == label { gained += 1 }
                    if earlier[image] == label { lost += 1 }
                }
            }
            report(
                Estimate(
                    generation: generation, comparison: comparison, total: source.order.count,
                    toPrevious: common > 0
                        ? PairedDifference(gained: gained, lost: lost, count: common) : nil))
        }
    }

    private func values(
        of program: Program, _ block: Range<Int>, _ cache: CheckpointCache?, _ cancelled: CancellationFlag
    ) async throws -> [Float] {
        try await Evaluation(program, on: subject.measured, options: subject.options, cache: cache)
            .values(of: block, cancelled: { cancelled.isCancelled })
    }
}

/// A value that several threads change under a lock.
final class Mutexed<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        value.withLock { value in body(&value) }
    }
}

import Engine
import Quant
internal import Synchronization

/// Tells a run that nobody waits for it any more.
final class CancellationFlag: Sendable {
    private let flag = Atomic(false)

    func cancel() { flag.store(true, ordering: .relaxed) }

    var isCancelled: Bool { flag.load(ordering: .relaxed) }
}

/// The float net's logits, block by block in visiting order: measured once, then shared by all measurements.
final class FloatLogits: Sendable {
    private let blocks = Mutex<[Int: [Float]]>([:])

    subscript(start: Int) -> [Float]? { blocks.withLock { $0[start] } }

    func store(_ values: [Float], at start: Int) { blocks.withLock { $0[start] = values } }
}

/// Measures a program beside the float net, block by block, so that both figures stand from the first block on.
struct Measurement: Sendable {
    let subject: Subject
    let float: Program
    let known: FloatLogits

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
        for block in Measurement.blocks(of: source.order.count) {
            let before: [Float]
            if let values = known[block.lowerBound] {
                before = values
            } else {
                before = try await logits(of: float, block, cancelled)
                known.store(before, at: block.lowerBound)
            }
            let after = try await logits(of: program, block, cancelled)
            let labels = source.images.labels.map { labels in block.map { labels[source.order[$0]] } }
            comparison.add(float: before[...], quantized: after[...], labels: labels)
            report(Estimate(generation: generation, comparison: comparison, total: source.order.count))
        }
    }

    private func logits(
        of program: Program, _ block: Range<Int>, _ cancelled: CancellationFlag
    ) async throws -> [Float] {
        let count = subject.judgement.count
        let table = Mutexed([Float](repeating: 0, count: count * block.count))
        try await Evaluation(program, on: subject.measured, options: subject.options)
            .run(positions: block, cancelled: { cancelled.isCancelled }) { chunk in
                table.withLock {
                    let start = (chunk.positions.lowerBound - block.lowerBound) * count
                    $0.replaceSubrange(start..<start + chunk.values.count, with: chunk.values)
                }
            }
        return table.withLock { $0 }
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

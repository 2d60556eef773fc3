internal import Glibc
internal import Net
internal import Quant

/// What runs left at the net's checkpoints, kept so that a changed plan starts again where it begins to differ.
///
/// A cache follows one program after another: what a new program would compute otherwise is dropped, the rest serves.
/// Results are those of a run from the start, bit for bit. Memory stays within the budget: checkpoints are kept in the
/// order of their size, for all images or not at all.
public final class CheckpointCache: Sendable {
    private struct State: Sendable {
        var program: Program?
        /// Counts the programs: a run of an earlier one may still be on its way when the next begins.
        var generation = 0
        /// Images of one batch: the pieces in which everything is kept.
        var batch: Int?
        /// By checkpoint's unit, then by the batch's first position.
        var snapshots: [Int: [Int: Snapshot]] = [:]
    }

    /// The most bytes that are kept.
    public let budget: Int
    private let state = Shared(State())

    /// An empty cache.
    public init(budget: Int) { self.budget = max(0, budget) }

    /// A quarter of the memory that is free now.
    public static var standardBudget: Int {
        let pages = sysconf(Int32(_SC_AVPHYS_PAGES))
        let size = sysconf(Int32(_SC_PAGESIZE))
        return pages > 0 && size > 0 ? pages * size / 4 : 256 << 20
    }

    /// The bytes kept now.
    public var byteCount: Int {
        state.withLock { state in
            state.snapshots.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.byteCount } }
        }
    }

    /// One run's view of a cache.
    struct Access: Sendable {
        let cache: CheckpointCache
        fileprivate let generation: Int
        /// Images of one batch.
        let batch: Int
        /// The checkpoints whose snapshots serve the run's program, the last first.
        let valid: [Checkpoint]
        /// The checkpoints, by unit, at which the run leaves snapshots.
        let wanted: [Int: Checkpoint]

        /// The last snapshot from which a batch can go on.
        func nearest(_ batch: Range<Int>) -> (checkpoint: Checkpoint, snapshot: Snapshot)? {
            cache.state.withLock { state in
                guard state.generation == generation else { return nil }
                for checkpoint in valid {
                    // A run of fewer images may have ended within this batch.
                    if let snapshot = state.snapshots[checkpoint.unit]?[batch.lowerBound],
                        snapshot.images == batch.count
                    {
                        return (checkpoint, snapshot)
                    }
                }
                return nil
            }
        }

        /// Keeps a snapshot of the batch at `position`, unless the cache has gone over to another program.
        func save(_ snapshot: Snapshot, _ checkpoint: Checkpoint, at position: Int) {
            cache.state.withLock { state in
                guard state.generation == generation else { return }
                state.snapshots[checkpoint.unit, default: [:]][position] = snapshot
            }
        }
    }

    /// Prepares a run.
    ///
    /// - Parameters:
    ///   - images: how many images runs will see in all, for the budget.
    ///   - isFollowed: whether the cache goes over to this program; if not, the run reads what serves it and leaves
    ///     nothing.
    func begin(_ program: Program, images: Int, isFollowed: Bool) -> Access {
        let checkpoints = program.net.checkpoints
        return state.withLock { state in
            let batch = state.batch ?? program.batchSize
            state.batch = batch
            let difference = state.program.map { program.firstDifference(from: $0) } ?? 0
            let valid = checkpoints.filter { checkpoint in
                checkpoint.unit < difference
                    && state.program.map { program.keepsSameForms(of: checkpoint.tensor, as: $0) } ?? false
            }
            guard isFollowed else {
                return Access(
                    cache: self, generation: state.generation, batch: batch, valid: valid.reversed(), wanted: [:])
            }
            let wanted = affordable(checkpoints, program, images: images)
            let kept = Set(valid.map(\.unit)).intersection(wanted.keys)
            state.snapshots = state.snapshots.filter { kept.contains($0.key) }
            state.program = program
            state.generation += 1
            // Snapshots of this program, those still to come included.
            return Access(
                cache: self, generation: state.generation, batch: batch,
                valid: wanted.values.sorted { $0.unit > $1.unit }, wanted: wanted)
        }
    }

    /// The checkpoints that fit the budget for so many images, the smallest first.
    private func affordable(_ checkpoints: [Checkpoint], _ program: Program, images: Int) -> [Int: Checkpoint] {
        let sizes = checkpoints.map { checkpoint in
            (program.forms[checkpoint.tensor]?.kept ?? []).reduce(0) {
                $0 + program.slots[$1.slot].layout.imageStride * $1.elementSize
            }
        }
        var result: [Int: Checkpoint] = [:]
        var spent = 0
        for index in checkpoints.indices.sorted(by: { (sizes[$0], -$0) < (sizes[$1], -$1) }) {
            let (bytes, overflow) = sizes[index].multipliedReportingOverflow(by: images)
            guard !overflow, bytes <= budget - spent else { break }
            spent += bytes
            result[checkpoints[index].unit] = checkpoints[index]
        }
        return result
    }
}

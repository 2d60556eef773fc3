internal import CKernels
internal import Glibc

/// How a run over many images is divided: threads, instruction set, cancellation.
public struct RunOptions: Sendable {
    /// The number of threads.
    public let threads: Int
    /// The level of the kernels.
    public let isa: InstructionSet

    /// Options for a run.
    public init(threads: Int, isa: InstructionSet) {
        self.threads = max(1, threads)
        self.isa = isa
    }
}

/// The judged output's values of consecutive images in visiting order.
public struct LogitChunk: Sendable {
    /// The positions in the visiting order.
    public let positions: Range<Int>
    /// [image][value].
    public let values: [Float]
}

/// Runs a program over images in chunks of fixed size; results do not depend on threads or timing.
public struct Evaluation: Sendable {
    /// The most images of one chunk: what a thread takes at a time, and how often progress shows.
    public static let chunkSize = 16

    private let program: Program
    private let source: ImageSource
    private let options: RunOptions
    private let cache: CheckpointCache?
    private let cachedImages: Int
    private let isFollowed: Bool

    /// An evaluation of a program on images.
    ///
    /// - Parameters:
    ///   - cache: where runs start again and leave their checkpoints; it must serve these images and this net only.
    ///   - images: how many of the images will be run through the cache; all by default.
    ///   - isFollowed: whether the cache goes over to this program. If not, it stays with the one before: the run uses
    ///     what both have in common.
    public init(
        _ program: Program, on source: ImageSource, options: RunOptions, cache: CheckpointCache? = nil,
        images: Int? = nil, isFollowed: Bool = true
    ) {
        self.program = program
        self.source = source
        self.options = options
        self.cache = cache
        cachedImages = images ?? source.order.count
        self.isFollowed = isFollowed
    }

    /// Evaluates images and hands over their chunks as they are done, in no particular order.
    ///
    /// Blocks until all threads are done. `cancelled` is asked between layers and tiles on every thread.
    /// - Throws: `Cancelled` if `cancelled` returned true; or why an image cannot be read, which ends the run.
    public func run(
        positions: Range<Int>? = nil, cancelled: @escaping @Sendable () -> Bool = { false },
        receive: @escaping @Sendable (LogitChunk) -> Void
    ) async throws {
        let all = positions ?? 0..<source.order.count
        let next = WorkCounter(all.lowerBound)
        let access = cache?.begin(program, images: cachedImages, isFollowed: isFollowed)
        let capacity = access?.batch ?? program.batchSize
        // Nets of large maps run few images at a time: taking as few keeps all threads busy on a handful of images.
        let taken = [1, 2, 4].contains(capacity) ? capacity : Self.chunkSize
        try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in 0..<options.threads {
                group.addTask {
                    nk_begin_thread(Int32(thread), Int32(options.threads))
                    let execution = Execution(program, capacity: capacity, isa: options.isa)
                    while true {
                        let start = next.take(taken)
                        guard start < all.upperBound else { return }
                        let chunk = start..<min(start + taken, all.upperBound)
                        let values = try execution.logits(of: chunk, source, access) {
                            cancelled() || Task.isCancelled
                        }
                        receive(LogitChunk(positions: chunk, values: values))
                    }
                }
            }
            // Not `waitForAll`, which would let the other threads run to their end after an error.
            for try await _ in group {}
        }
    }

    /// The judged output's values of all images, or of those at `positions`, in visiting order.
    ///
    /// - Parameter progress: told of every chunk that is done, from any thread.
    public func values(
        of positions: Range<Int>? = nil, cancelled: @escaping @Sendable () -> Bool = { false },
        progress: @escaping @Sendable (LogitChunk) -> Void = { _ in }
    ) async throws -> [Float] {
        let count = program.logitCount
        let all = positions ?? 0..<source.order.count
        let table = Shared([Float](repeating: 0, count: count * all.count))
        try await run(positions: all, cancelled: cancelled) { chunk in
            let start = (chunk.positions.lowerBound - all.lowerBound) * count
            table.withLock { $0.replaceSubrange(start..<start + chunk.values.count, with: chunk.values) }
            progress(chunk)
        }
        return table.withLock { $0 }
    }
}

extension Program {
    /// Images run together: as many as keep the working set near a core's cache, at least one.
    var batchSize: Int {
        let bytes = bytesPerImage
        let most = max(1, min(Evaluation.chunkSize, (1_600_000 + bytes / 2) / max(1, bytes)))
        // Equal batches: 6, 6 and 4 images of a chunk, not 7, 7 and 2.
        let batches = (Evaluation.chunkSize + most - 1) / most
        return (Evaluation.chunkSize + batches - 1) / batches
    }

    /// Bytes of the maps of one image.
    var bytesPerImage: Int {
        // Images that are read as codes leave the input's values alone.
        let unused = inputCodes.flatMap { forms[$0.tensor]?.value }
        let shared = (sharedMemory?.sizes ?? []).reduce(0) { $0 + $1 * MemoryLayout<Float>.stride }
        return slots.indices.reduce(shared) { sum, slot in
            slot == unused || sharedMemory?.regions[slot] != nil
                ? sum : sum + slots[slot].layout.imageStride * slots[slot].elementSize
        }
    }
}

extension Execution {
    /// The judged output's values of a chunk of images, batch by batch.
    func logits(
        of positions: Range<Int>, _ source: ImageSource, _ access: CheckpointCache.Access? = nil,
        cancelled: () -> Bool
    ) throws -> [Float] {
        var values: [Float] = []
        for start in stride(from: positions.lowerBound, to: positions.upperBound, by: capacity) {
            let batch = start..<min(start + capacity, positions.upperBound)
            values += try run(batch, of: source, access, cancelled: cancelled)
        }
        return values
    }
}

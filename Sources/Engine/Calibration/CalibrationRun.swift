internal import Net
public import Quant

/// Observes a float net's tensors on calibration images, in one pass and bounded memory.
///
/// Images are divided into a fixed number of interleaved parts whose sums are merged in order, so that nothing depends on
/// the number of threads. Counts are whole numbers and independent of any order: all threads share those of channels.
public struct CalibrationRun: Sendable {
    /// The most bins of a channel; at least half of them hold its range.
    private static let channelBins = 1024
    /// The parts that images are divided into, and the shares of the images that are summed up on the way.
    private static let (parts, shares) = (16, 8)

    private let net: LayerGraph
    private let source: ImageSource
    private let options: RunOptions

    /// A calibration of a net on images.
    public init(_ net: LayerGraph, on source: ImageSource, options: RunOptions) {
        self.net = net
        self.source = source
        self.options = options
    }

    /// Runs the pass.
    ///
    /// - Parameter progress: told the share of the work that is done, 0...1, from any thread.
    /// - Throws: `Cancelled` if `cancelled` returned true; or why an image cannot be read, which ends the run.
    public func run(
        cancelled: @escaping @Sendable () -> Bool = { false },
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws -> Calibration {
        let points = net.calibrationPoints
        let tensors = Set(points.map(\.tensor))
        let program = Program(net, observing: tensors.union(points.compactMap(\.preActivation)))
        let channelCounts = counts(for: points.filter(\.isPerChannel))
        let merged = Shared(MergedParts(partsPerShare: Self.parts / Self.shares))
        let (next, done) = (WorkCounter(0), WorkCounter(0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<options.threads {
                group.addTask {
                    let execution = Execution(program, capacity: program.batchSize, isa: options.isa)
                    while true {
                        let part = next.take(1)
                        guard part < Self.parts else { return }
                        var sums: [TensorID: TensorSums] = [:]
                        for batch in batches(ofPart: part, execution.capacity) {
                            _ = try execution.run(
                                [batch.flatMap { try source.values(at: $0..<$0 + 1) }], images: batch.count,
                                observer: { tensor, map, images in
                                    let counts = channelCounts[tensor]
                                    let none = TensorSums(
                                        channels: map.layout.channels,
                                        countsWhole: counts == nil || tensors.contains(tensor))
                                    sums[tensor, default: none].add(
                                        map, images, isa: options.isa, channelCounts: counts)
                                }, cancelled: { cancelled() || Task.isCancelled })
                            let images = done.take(batch.count) + batch.count
                            progress(Double(images) / Double(source.order.count))
                        }
                        let finished = sums.mapValues(\.statistics)
                        merged.withLock { $0.add(finished, at: part) }
                    }
                }
            }
            // Not `waitForAll`, which would let the other threads run to their end after an error.
            for try await _ in group {}
        }
        return Calibration(
            points, merged.withLock { $0 }, channelCounts.mapValues { $0.withLock { $0 } },
            imagesOfShares: (0..<Self.shares).map(images))
    }

    /// Counts for the channels of tensors, and of what entered the ReLU or Clip before them.
    private func counts(for points: [CalibrationPoint]) -> [TensorID: Shared<ChannelCounts>] {
        var result: [TensorID: Shared<ChannelCounts>] = [:]
        for tensor in points.map(\.tensor) + points.compactMap(\.preActivation) {
            let channels = MapLayout(net.graph[tensor].shape).channels
            result[tensor] = Shared(ChannelCounts(channels: channels, bins: Self.channelBins))
        }
        return result
    }

    /// The images of a part.
    ///
    /// Parts of one share follow each other, and the images of a share are every eighth.
    private func positions(ofPart part: Int) -> [Int] {
        let perShare = Self.parts / Self.shares
        let first = part % perShare * Self.shares + part / perShare
        return Array(stride(from: first, to: source.order.count, by: Self.parts))
    }

    private func batches(ofPart part: Int, _ size: Int) -> [ArraySlice<Int>] {
        let positions = positions(ofPart: part)
        return stride(from: 0, to: positions.count, by: size).map {
            positions[$0..<min($0 + size, positions.count)]
        }
    }

    /// The images of a share and of all before it.
    private func images(upToShare share: Int) -> Int {
        (0..<(share + 1) * Self.parts / Self.shares).reduce(0) { $0 + positions(ofPart: $1).count }
    }
}

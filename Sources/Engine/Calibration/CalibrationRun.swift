internal import CKernels
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
    private static let partsPerShare = parts / shares
    /// The most bytes of a batch's maps, and of those of several parts: these should stay in the last cache.
    private static let (mapMemory, nearMemory) = (1 << 27, 1 << 23)

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
        let input = planarInput(points)
        let (sightings, channelCounts) = sightings(for: points, planar: input)
        let program = Program(net, observing: Set(sightings.keys).subtracting([input].compactMap(\.self)))
        let (capacity, together) = batches(for: program)
        let merged = Shared(MergedParts(partsPerShare: Self.partsPerShare))
        let (next, done) = (Shared(0), WorkCounter(0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in 0..<options.threads {
                group.addTask {
                    nk_begin_thread(Int32(thread), Int32(options.threads))
                    let execution = Execution(program, capacity: capacity, isa: options.isa)
                    var local = BlockCounts()
                    while true {
                        let parts = next.withLock { take(&$0, together) }
                        guard !parts.isEmpty else { return }
                        var sums: [TensorID: TensorSums] = [:]
                        for (positions, images) in batches(of: parts, capacity) {
                            let values = try source.values(at: positions)
                            if let input, let sighting = sightings[input] {
                                sums[input, default: TensorSums(sighting, parts: parts.count)].add(
                                    planar: values, images, local: &local, isa: options.isa)
                            }
                            _ = try execution.run(
                                [values], images: positions.count,
                                observer: { tensor, map, _, isBeforeActivation in
                                    guard let sighting = sightings[tensor] else { return false }
                                    let rectifies = isBeforeActivation && sighting.rectifier != nil
                                    sums[tensor, default: TensorSums(sighting, parts: parts.count)].add(
                                        map, images, rectifies: rectifies, local: &local, isa: options.isa)
                                    return rectifies
                                }, cancelled: { cancelled() || Task.isCancelled })
                            let images = done.take(positions.count) + positions.count
                            progress(Double(images) / Double(source.order.count))
                        }
                        let seen = sums
                        merged.withLock { $0.add(seen, of: parts) }
                    }
                }
            }
            // Not `waitForAll`, which would let the other threads run to their end after an error.
            for try await _ in group {}
        }
        return Calibration(
            points, merged.withLock { $0 }, channelCounts, imagesOfShares: (0..<Self.shares).map(images),
            isa: options.isa)
    }

    /// What to take down of each tensor that passes, and the counts of channels; all of them take what leaves a rectifier
    /// from what enters it, where nothing else depends on that.
    private func sightings(
        for points: [CalibrationPoint], planar: TensorID?
    ) -> (sightings: [TensorID: Sighting], channelCounts: [TensorID: ChannelCounts]) {
        let tensors = Set(points.map(\.tensor))
        var rectifiers: [TensorID: Sighting.Rectifier] = [:]
        for point in points where point.isPerChannel {
            guard let before = point.preActivation, !tensors.contains(before),
                points.count(where: { $0.preActivation == before }) == 1,
                let high = net.upperBound(ofRectified: point.tensor)
            else { continue }
            rectifiers[before] = Sighting.Rectifier(output: point.tensor, high: high)
        }
        let derived = Set(rectifiers.values.map(\.output))
        var sightings: [TensorID: Sighting] = [:]
        var channelCounts: [TensorID: ChannelCounts] = [:]
        for point in points {
            for tensor in [point.preActivation, point.tensor].compactMap(\.self) where !derived.contains(tensor) {
                let channels = MapLayout(net.graph[tensor].shape).channels
                let rectifier = rectifiers[tensor]
                let lanesPerChannel = tensor == planar ? MapLayout.lanes : 1
                if point.isPerChannel, channelCounts[tensor] == nil {
                    let counts = ChannelCounts(
                        channels: channels, lanesPerChannel: lanesPerChannel, bins: Self.channelBins,
                        entersRectifier: rectifier != nil)
                    channelCounts[tensor] = counts
                    if let rectifier { channelCounts[rectifier.output] = counts.rectified(high: rectifier.high) }
                }
                let counts = channelCounts[tensor]
                sightings[tensor] = Sighting(
                    channels: channels, lanesPerChannel: lanesPerChannel, rectifier: rectifier,
                    countsWhole: counts == nil || rectifier != nil || tensors.contains(tensor),
                    channelCounts: counts)
            }
        }
        return (sightings, channelCounts)
    }

    /// The net input, if its planes are looked at before the net runs: few channels, in whole vectors of neighbours.
    private func planarInput(_ points: [CalibrationPoint]) -> TensorID? {
        guard net.graph.inputs.count == 1, let input = net.graph.inputs.first,
            points.contains(where: { $0.tensor == input }), !points.contains(where: { $0.preActivation == input })
        else { return nil }
        let shape = net.graph[input].shape
        guard shape.rank == 4, shape[0] == 1, (1..<MapLayout.lanes).contains(shape[1]), shape.count > 0,
            shape[2] * shape[3] % MapLayout.lanes == 0
        else { return nil }
        return input
    }

    /// The images of a batch, and the parts that a thread takes at a time.
    ///
    /// Counters of a channel, once they are in the cache, should take as many images as there are: those of a part, as far as their
    /// maps do not take too much memory, and of all parts of a share if these are small.
    private func batches(for program: Program) -> (capacity: Int, together: Int) {
        let images = (source.order.count + Self.parts - 1) / Self.parts
        let bytes = max(1, program.bytesPerImage)
        let together = Self.partsPerShare * images * bytes <= Self.nearMemory ? Self.partsPerShare : 1
        let fitting = max(Self.mapMemory / bytes, program.batchSize)
        return (max(1, min(together * images, fitting)), together)
    }

    /// The parts that a thread does next: `together` of them, as long as that keeps all threads busy to the end.
    ///
    /// What the parts sum up to does not depend on which are taken together.
    private func take(_ next: inout Int, _ together: Int) -> Range<Int> {
        // Several turns of all threads; or more than the others take in their last.
        let isEven = Self.shares % options.threads == 0 && Self.shares > options.threads
        let count = isEven || Self.parts - next > together * (options.threads - 1) ? together : 1
        let first = next
        next = min(Self.parts, first + count)
        return first..<next
    }

    /// The images of a part.
    ///
    /// Parts of one share follow each other, and the images of a share are every eighth.
    private func positions(ofPart part: Int) -> [Int] {
        let first = part % Self.partsPerShare * Self.shares + part / Self.partsPerShare
        return Array(stride(from: first, to: source.order.count, by: Self.parts))
    }

    /// Batches of up to `size` images: where they are, and which of a batch's images each of the parts has.
    private func batches(
        of parts: Range<Int>, _ size: Int
    ) -> [(positions: ArraySlice<Int>, images: [Range<Int>])] {
        let positions = parts.map(positions(ofPart:))
        let all = positions.flatMap(\.self)
        let starts = positions.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        return stride(from: 0, to: all.count, by: size).map { start in
            let batch = start..<min(start + size, all.count)
            return (
                all[batch],
                zip(starts, starts.dropFirst()).map { first, end in
                    let images = (first..<end).clamped(to: batch)
                    return images.lowerBound - start..<images.upperBound - start
                }
            )
        }
    }

    /// The images of a share and of all before it.
    private func images(upToShare share: Int) -> Int {
        (0..<(share + 1) * Self.partsPerShare).reduce(0) { $0 + positions(ofPart: $1).count }
    }
}

extension LayerGraph {
    /// high, where min(max(x, 0), high) writes a tensor.
    fileprivate func upperBound(ofRectified tensor: TensorID) -> Float? {
        let functions = units.compactMap { unit -> Unary? in
            switch unit {
            case .layer(let index): return layers[index].output == tensor ? layers[index].activation : nil
            case .operation(let node):
                guard case .unary(let function) = node.operation, node.outputs.first == tensor else { return nil }
                return function
            }
        }
        switch functions.first {
        case .relu: return .infinity
        case .clip(let minimum, let maximum) where minimum == 0 && maximum > 0: return maximum
        default: return nil
        }
    }
}

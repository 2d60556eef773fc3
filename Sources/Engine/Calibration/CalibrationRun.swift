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
    /// The most bytes of a batch's maps.
    private static let mapMemory = 1 << 27

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
        let capacity = capacity(for: program)
        let merged = Shared(MergedParts(partsPerShare: Self.parts / Self.shares))
        let (next, done) = (WorkCounter(0), WorkCounter(0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in 0..<options.threads {
                group.addTask {
                    nk_begin_thread(Int32(thread), Int32(options.threads))
                    let execution = Execution(program, capacity: capacity, isa: options.isa)
                    var local = BlockCounts()
                    while true {
                        let part = next.take(1)
                        guard part < Self.parts else { return }
                        var sums: [TensorID: TensorSums] = [:]
                        for batch in batches(ofPart: part, execution.capacity) {
                            let values = try source.values(at: batch)
                            if let input, let sighting = sightings[input] {
                                sums[input, default: TensorSums(sighting)].add(
                                    planar: values, images: batch.count, local: &local, isa: options.isa)
                            }
                            _ = try execution.run(
                                [values], images: batch.count,
                                observer: { tensor, map, images, isBeforeActivation in
                                    guard let sighting = sightings[tensor] else { return false }
                                    let rectifies = isBeforeActivation && sighting.rectifier != nil
                                    sums[tensor, default: TensorSums(sighting)].add(
                                        map, images, rectifies: rectifies, local: &local, isa: options.isa)
                                    return rectifies
                                }, cancelled: { cancelled() || Task.isCancelled })
                            let images = done.take(batch.count) + batch.count
                            progress(Double(images) / Double(source.order.count))
                        }
                        let seen = sums
                        merged.withLock { $0.add(seen, at: part) }
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

    /// Images of a batch: those of a part, which then find the counters of a channel in the cache, as far as their maps
    /// do not take too much memory.
    private func capacity(for program: Program) -> Int {
        let images = (source.order.count + Self.parts - 1) / Self.parts
        let fitting = Self.mapMemory / max(1, program.bytesPerImage)
        return max(1, min(images, max(fitting, program.batchSize)))
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

internal import Net
public import Quant

/// Observes a float net's tensors on calibration images, in two passes and bounded memory.
///
/// The first pass finds means and ranges, the second histograms and the moments about the mean. Images are divided
/// into a fixed number of interleaved parts whose results are merged in order, so that nothing depends on the number
/// of threads.
public struct CalibrationRun: Sendable {
    /// Bins of a tensor's histogram.
    public static let tensorBins = 2048
    /// Bins of a channel's histogram.
    public static let channelBins = 512
    /// The parts that images are divided into.
    private static let parts = 8

    private let net: LayerGraph
    private let source: ImageSource
    private let options: RunOptions

    /// A calibration of a net on images.
    public init(_ net: LayerGraph, on source: ImageSource, options: RunOptions) {
        self.net = net
        self.source = source
        self.options = options
    }

    /// Runs both passes.
    ///
    /// - Parameter progress: told the share of the work that is done, 0...1, from any thread.
    /// - Throws: `Cancelled` if `cancelled` returned true; or why an image cannot be read, which ends the run.
    public func run(
        cancelled: @escaping @Sendable () -> Bool = { false },
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws -> Calibration {
        let points = net.calibrationPoints
        let observed = Set(points.map(\.tensor)).union(points.compactMap(\.preActivation))
        let program = Program(net, observing: observed)
        let channelPoints = points.filter(\.isPerChannel)
        let perChannel = Set(channelPoints.map(\.tensor)).union(channelPoints.compactMap(\.preActivation))
        let done = WorkCounter(0)
        let total = 2 * source.order.count

        let (moments, momentsSoFar) = try await pass(
            program, cancelled, progress: { progress(Double(done.take($0) + $0) / Double(total)) },
            start: { TensorMoments() }, summary: { $1 })
        let images = source.order.count
        let (histograms, shares) = try await pass(
            program, cancelled, progress: { progress(Double(done.take($0) + $0) / Double(total)) },
            start: { TensorHistograms(moments, perChannel: perChannel) },
            summary: { part, histograms in
                Calibration.Share(
                    images: (0...part).reduce(0) { $0 + Self.count(ofPart: $1, images: images) },
                    observations: histograms.whole(points, momentsSoFar[part]))
            })
        var observations: [TensorID: TensorObservation] = [:]
        for point in points { observations[point.tensor] = histograms.observation(of: point, moments) }
        return Calibration(observations: observations, images: source.order.count, shares: shares)
    }

    /// The images of one part: every eighth from its own number on.
    private static func count(ofPart part: Int, images: Int) -> Int { max(0, images - part + parts - 1) / parts }

    /// One pass over the images: what all parts together accumulate, and a summary of each growing share of them.
    private func pass<Part: CalibrationPart, Summary: Sendable>(
        _ program: Program, _ cancelled: @escaping @Sendable () -> Bool,
        progress: @escaping @Sendable (Int) -> Void, start: @escaping @Sendable () -> Part,
        summary: @escaping @Sendable (_ part: Int, _ merged: Part) -> Summary
    ) async throws -> (all: Part, summaries: [Summary]) {
        let next = WorkCounter(0)
        let merge = Shared(OrderedMerge<Part, Summary>())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<options.threads {
                group.addTask {
                    let execution = Execution(program, capacity: 1, isa: options.isa)
                    while true {
                        let part = next.take(1)
                        guard part < Self.parts else { return }
                        var sums = start()
                        for position in stride(from: part, to: source.order.count, by: Self.parts) {
                            _ = try execution.run(
                                [source.values(at: position..<position + 1)], images: 1,
                                observer: { tensor, map, images in
                                    sums.add(map.planar(images), of: tensor, channels: map.layout.channels)
                                }, cancelled: { cancelled() || Task.isCancelled })
                            progress(1)
                        }
                        let finished = sums
                        merge.withLock { $0.add(finished, at: part, summary) }
                    }
                }
            }
            // Not `waitForAll`, which would let the other threads run to their end after an error.
            for try await _ in group {}
        }
        return merge.withLock { merge in
            guard let all = merge.merged else { preconditionFailure("parts that were not run") }
            return (all, merge.summaries)
        }
    }
}

/// Parts merged in their order, each as soon as all before it are done: the memory is that of a few, not of all.
private struct OrderedMerge<Part: CalibrationPart, Summary: Sendable>: Sendable {
    private(set) var merged: Part?
    private(set) var summaries: [Summary] = []
    private var waiting: [Int: Part] = [:]

    mutating func add(_ part: Part, at index: Int, _ summary: (Int, Part) -> Summary) {
        waiting[index] = part
        while let due = waiting.removeValue(forKey: summaries.count) {
            if merged == nil { merged = due } else { merged?.merge(due) }
            if let merged { summaries.append(summary(summaries.count, merged)) }
        }
    }
}

/// What one part of the calibration images accumulates in one pass.
private protocol CalibrationPart: Sendable {
    mutating func add(_ values: [Float], of tensor: TensorID, channels: Int)
    mutating func merge(_ other: Self)
}

/// First pass: moments of every channel.
private struct TensorMoments: CalibrationPart {
    private(set) var channels: [TensorID: [Moments]] = [:]

    mutating func add(_ values: [Float], of tensor: TensorID, channels count: Int) {
        let plane = values.count / count
        values.withUnsafeBufferPointer { values in
            for channel in 0..<count {
                channels[tensor, default: [Moments](repeating: Moments(), count: count)][channel]
                    .add(UnsafeBufferPointer(rebasing: values[channel * plane..<(channel + 1) * plane]))
            }
        }
    }

    mutating func merge(_ other: TensorMoments) {
        for (tensor, moments) in other.channels {
            guard channels[tensor] != nil else {
                channels[tensor] = moments
                continue
            }
            for (channel, moment) in moments.enumerated() { channels[tensor]?[channel].merge(moment) }
        }
    }

    /// The moments of all channels together.
    func whole(_ tensor: TensorID) -> Moments {
        (channels[tensor] ?? []).reduce(into: Moments()) { $0.merge($1) }
    }
}

/// Second pass: histograms and moments about the mean.
private struct TensorHistograms: CalibrationPart {
    private struct Entry: Sendable {
        var histogram: Histogram
        var central: CentralMoments
        var channels: [(histogram: Histogram, central: CentralMoments)]
    }

    private var entries: [TensorID: Entry] = [:]

    init(_ moments: TensorMoments, perChannel: Set<TensorID>) {
        for (tensor, channels) in moments.channels {
            let whole = moments.whole(tensor)
            entries[tensor] = Entry(
                histogram: Self.histogram(whole, CalibrationRun.tensorBins),
                central: CentralMoments(mean: whole.mean),
                channels: perChannel.contains(tensor)
                    ? channels.map {
                        (Self.histogram($0, CalibrationRun.channelBins), CentralMoments(mean: $0.mean))
                    } : [])
        }
    }

    private static func histogram(_ moments: Moments, _ bins: Int) -> Histogram {
        Histogram(lo: Double(moments.minimum), hi: Double(moments.maximum), bins: bins)
    }

    mutating func add(_ values: [Float], of tensor: TensorID, channels count: Int) {
        guard let index = entries.index(forKey: tensor) else { return }
        let plane = values.count / count
        values.withUnsafeBufferPointer { values in
            entries.values[index].histogram.add(values)
            entries.values[index].central.add(values)
            for channel in entries.values[index].channels.indices {
                let samples = UnsafeBufferPointer(rebasing: values[channel * plane..<(channel + 1) * plane])
                entries.values[index].channels[channel].histogram.add(samples)
                entries.values[index].channels[channel].central.add(samples)
            }
        }
    }

    mutating func merge(_ other: TensorHistograms) {
        for (tensor, entry) in other.entries {
            entries[tensor]?.histogram.merge(entry.histogram)
            entries[tensor]?.central.merge(entry.central)
            for (channel, part) in entry.channels.enumerated() {
                entries[tensor]?.channels[channel].histogram.merge(part.histogram)
                entries[tensor]?.channels[channel].central.merge(part.central)
            }
        }
    }

    /// The whole tensors, as the images so far show them.
    func whole(_ points: [CalibrationPoint], _ moments: TensorMoments) -> [TensorID: Observation] {
        var result: [TensorID: Observation] = [:]
        for point in points { result[point.tensor] = whole(point, moments) }
        return result
    }

    private func whole(_ point: CalibrationPoint, _ moments: TensorMoments) -> Observation? {
        guard let entry = entries[point.tensor] else { return nil }
        let before = point.preActivation.flatMap { entries[$0] }
        let beforeStatistics = point.preActivation.flatMap { tensor in
            entries[tensor].map { Statistics(moments.whole(tensor), $0.central) }
        }
        return Observation(
            statistics: Statistics(moments.whole(point.tensor), entry.central), histogram: entry.histogram,
            preActivation: beforeStatistics, preActivationHistogram: before?.histogram)
    }

    func observation(of point: CalibrationPoint, _ moments: TensorMoments) -> TensorObservation? {
        guard let entry = entries[point.tensor], let own = moments.channels[point.tensor],
            let whole = whole(point, moments)
        else { return nil }
        return TensorObservation(
            tensor: whole,
            channels: entry.channels.enumerated().map { channel, part in
                Observation(
                    statistics: Statistics(own[channel], part.central), histogram: part.histogram,
                    preActivation: point.preActivation.flatMap { tensor in
                        self.channelStatistics(tensor, channel, moments)
                    })
            })
    }

    private func channelStatistics(_ tensor: TensorID, _ channel: Int, _ moments: TensorMoments) -> Statistics? {
        guard let entry = entries[tensor], let own = moments.channels[tensor], channel < entry.channels.count,
            channel < own.count
        else { return nil }
        return Statistics(own[channel], entry.channels[channel].central)
    }
}

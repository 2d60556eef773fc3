public import Engine

/// Trains a net: forward, backward and a step of stochastic gradient descent with momentum, batch after batch.
///
/// A step depends on the options, the images and the state, and on nothing else: not on the number of threads, not on the steps
/// before it. Sums of levels differ in their last bits, so the level of instructions belongs to what makes a run repeatable.
///
/// It belongs to one task at a time; `state` is a value that others may keep.
public final class Trainer {
    /// The net.
    public let net: Blueprint
    /// What decides what a step computes.
    public let options: TrainingOptions
    /// What has been reached.
    public internal(set) var state: TrainingState
    /// ‖w‖² of the channels of convolutions before each step, if it is recorded.
    public internal(set) var normRecord: NormRecord?
    /// What the last step that was to be recorded did.
    public private(set) var telemetry: StepTelemetry?
    /// The threads that share a step; its results do not depend on them.
    public var threads: Int {
        get { team.threads }
        set {
            team = Team(threads: max(1, newValue))
            while workspaces.count < team.threads { workspaces.append(Workspace()) }
        }
    }

    let images: TrainingImages
    let isa: InstructionSet
    private(set) var team: Team
    let shards: [Shard]
    private(set) var workspaces: [Workspace]
    /// What has not been done yet.
    private var stage = Stage()
    /// ‖w‖² of each channel at the start, by layer.
    let firstNorms: [[Double]]

    /// The weights of this step, as they are used, and the convolutions of them.
    var used: [[Float]] = []
    var forward: [ForwardConvolution?] = []
    var backward: [BackwardConvolution?] = []
    /// What normalization found in this batch, by layer.
    var found: [BatchStatistics?] = []
    /// What takes gradients back through normalizations, by layer.
    var undone: [NormalizationGradient?] = []
    /// The gradients of the parameters, by layer.
    var parameterGradients: [LayerParameters?] = []
    /// What a step that is to be recorded has recorded so far.
    var recorder: TelemetryRecorder?
    private var order: (epoch: Int, images: [Int])?

    /// A trainer that begins, or goes on from a state.
    ///
    /// - Throws: `TrainingError` if the images do not fit the net or the options.
    public init(
        _ net: Blueprint, options: TrainingOptions, images: TrainingImages, threads: Int, isa: InstructionSet,
        state: TrainingState? = nil, recordsNorms: Bool = false
    ) throws(TrainingError) {
        guard images.size == net.input else { throw .wrongImages(found: images.size, needed: net.input) }
        guard images.labels.allSatisfy({ (0..<net.classes).contains($0) }) else {
            throw .wrongLabel(classes: net.classes)
        }
        guard images.images.count >= options.batch else {
            throw .tooFewImages(found: images.images.count, batch: options.batch)
        }
        for layer in net.layers where layer.convolution?.end == .normalized {
            let count = options.batch * layer.output.height * layer.output.width
            guard count >= options.norm.minimumCount else {
                throw .tooFewValues(layer: layer.name, found: count, needed: options.norm.minimumCount)
            }
        }
        if let state, !state.fits(net, options) { throw .otherNet }
        let start = TrainingState(net, options)
        firstNorms = start.layers.map { $0?.squaredNorms ?? [] }
        self.state = state ?? start
        self.net = net
        self.options = options
        self.images = images
        self.isa = isa
        team = Team(threads: max(1, threads))
        workspaces = (0..<team.threads).map { _ in Workspace() }
        let maps = BatchMaps(
            net, count: options.batch, quantizesValues: (options.precision?.activations ?? 32) < 32)
        shards = stride(from: 0, to: options.batch, by: Shard.size).map {
            Shard(net, images: $0..<min($0 + Shard.size, options.batch), of: maps)
        }
        normRecord = recordsNorms ? NormRecord() : nil
    }

    /// Steps of an epoch: as many as there are whole batches.
    public var stepsPerEpoch: Int { images.images.count / options.batch }

    /// Steps of the run.
    public var stepCount: Int { stepsPerEpoch * options.epochs }

    /// Whether all steps are done.
    public var isDone: Bool { state.step >= stepCount }

    /// The learning rate of the next step, before what depends on weights.
    public var rate: Double {
        options.schedule.rate(step: min(state.step, stepCount - 1), of: stepCount)
    }

    var batchCount: Int { options.batch }

    /// Trains on the next batch.
    ///
    /// - Parameter request: has `telemetry` tell what the step did; what it does stays the same.
    /// - Throws: why an image cannot be read, or `TrainingError.notFinite`; the state is then as before.
    public func step(recording request: TelemetryRequest? = nil) throws -> StepResult {
        try team.together { try stepTogether(recording: request) }
    }

    private func stepTogether(recording request: TelemetryRequest?) throws -> StepResult {
        recorder = request.map { TelemetryRecorder(request: $0) }
        defer { recorder = nil }
        let result = try keepingState()
        if let recorded = recorded() { telemetry = recorded }
        update()
        state.step += 1
        state.lossSum += result.loss
        state.correct += result.correct
        return result
    }

    /// Runs the next batch forward and backward; the state is as before if that fails.
    private func keepingState() throws -> StepResult {
        let before = state
        do {
            return try computeGradients()
        } catch {
            state = before
            throw error
        }
    }

    /// Runs the next batch forward and backward.
    func computeGradients() throws -> StepResult {
        precondition(!isDone, "a step is left")
        prepareWeights()
        let labels = try loadBatch()
        runForward()
        let result = setOutputGradients(labels)
        guard result.loss.isFinite else { throw TrainingError.notFinite(step: state.step) }
        runBackward()
        return result
    }

    /// Whether the steps of an epoch are done and `endEpoch` is due.
    public var isEpochDone: Bool { state.step == (state.epochs.count + 1) * stepsPerEpoch }

    /// Adds what an epoch ended with; its norms are those of now.
    public func endEpoch(testAccuracy: Double?) {
        precondition(isEpochDone, "the epoch's steps are done")
        let last = max(0, state.step - 1)
        let norms = state.layers.compactMap { $0.map(usedSquaredNorms) }
        let rates = state.layers.indices.compactMap { layer in
            state.layers[layer].map { weightRates(layer, $0, inStep: last) }
        }
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }
        state.epochs.append(
            EpochResult(
                epoch: state.step / stepsPerEpoch, loss: state.lossSum / Double(stepsPerEpoch),
                trainAccuracy: Double(state.correct) / Double(stepsPerEpoch * options.batch),
                testAccuracy: testAccuracy, rate: options.schedule.rate(step: last, of: stepCount),
                norms: norms.map { mean($0.map { $0.squareRoot() }) },
                effectiveSteps: zip(norms, rates).map { mean(zip($0, $1).map { $0 > 0 ? $1 / $0 : 0 }) }))
        state.lossSum = 0
        state.correct = 0
    }

    /// The random numbers of one use in this step.
    func random(_ stream: Int) -> CounterGenerator {
        CounterGenerator(seed: options.seed, stream: UInt64(state.step) << 16 | UInt64(stream))
    }

    /// The weights as a layer uses them: normalized and rounded.
    func usedWeights(_ parameters: LayerParameters) -> [Float] {
        let weights = options.weightNorm.used(parameters.weights, gains: parameters.gains)
        guard let bits = options.precision?.weights, bits < 32 else { return weights }
        return TensorQuantizer(bits: bits, weights)(weights, .nearest, random(0))
    }

    /// Prepares the weights of this step, as they are used.
    func prepareWeights() {
        let prepared = concurrentMap(net.layers.count) { index -> PreparedWeights? in
            guard let parameters = state.layers[index], let convolution = net.layers[index].convolution else {
                return nil
            }
            let weights = usedWeights(parameters)
            let geometry = convolution.geometry
            return PreparedWeights(
                used: weights,
                forward: convolution.end == .normalized
                    ? .sums(geometry.sums(weights, isa)) : .whole(geometry.forward(weights)),
                backward: net.layers[index].input == 0 ? nil : geometry.backward(weights, isa))
        }
        used = prepared.map { $0?.used ?? [] }
        forward = prepared.map { $0?.forward }
        backward = prepared.map { $0?.backward }
    }

    /// `body` of each number, by all threads.
    func concurrentMap<Value>(_ count: Int, _ body: (Int) -> Value?) -> [Value?] {
        var values = [Value?](repeating: nil, count: count)
        values.withUnsafeMutableBufferPointer { values in
            // Each thread writes elements of its own.
            let results = values
            team.each(count) { index, _ in results[index] = body(index) }
        }
        return values
    }

    /// Has work done on all images, together with what waits and what follows until `finish`.
    ///
    /// - Parameter tensors: what it reads and writes.
    func later(_ tensors: [Int], _ job: @escaping (Stage.Piece) -> Void) {
        stage.add(floats: tensors.map { shards[0].values[$0].layout.imageStride }.max() ?? 1, job)
    }

    /// Does what waits.
    func finish() {
        let jobs = stage
        stage = jobs.next
        jobs.run(shards, team, workspaces)
    }

    /// Loads the next images, which the shards get when the first layer does, and gives their labels.
    func loadBatch() throws -> [Int] {
        let epoch = state.step / stepsPerEpoch
        if order?.epoch != epoch { order = (epoch, images.order(seed: options.seed, epoch: epoch)) }
        let first = state.step % stepsPerEpoch * options.batch
        let chosen = (order?.images ?? [])[first..<first + options.batch]
        let random = random(1)
        let loaded = concurrentMap(batchCount) { [images, options] place in
            Result { try images.load(chosen[first + place], options.augmentation, random, place: 4 * place) }
        }
        let planar = try loaded.map { try $0?.get() ?? [] }
        later([0]) { piece in
            for image in piece.images {
                piece.shard.values[0].load(
                    planar: planar[piece.shard.images.lowerBound + image], into: image..<image + 1)
            }
        }
        return chosen.map { images.labels[$0] }
    }
}

/// A convolution forward: its sums, which are normalized later, or all that the layer does.
enum ForwardConvolution: Sendable {
    case sums(SumConvolution)
    case whole(PreparedConvolution)
}

/// A layer's weights in a step.
private struct PreparedWeights {
    let used: [Float]
    let forward: ForwardConvolution
    let backward: BackwardConvolution?
}

/// What a batch gave before its step.
public struct StepResult: Hashable, Sendable {
    /// The mean cross-entropy.
    public let loss: Double
    /// Images of which the largest logit was the right one.
    public let correct: Int
    /// Images.
    public let count: Int
}

/// Why a run cannot begin or go on.
public enum TrainingError: Error, Equatable {
    /// Images of another size than the net reads.
    case wrongImages(found: MapSize, needed: MapSize)
    /// A label that is not one of the classes.
    case wrongLabel(classes: Int)
    /// Not even one batch.
    case tooFewImages(found: Int, batch: Int)
    /// A channel has fewer values in a batch than its normalization needs.
    case tooFewValues(layer: String, found: Int, needed: Int)
    /// The state is that of another net or of other options.
    case otherNet
    /// The loss is not a number any more.
    case notFinite(step: Int)
}

extension TrainingError: CustomStringConvertible {
    /// What is wrong and what to do about it, in one line.
    public var description: String {
        switch self {
        case .wrongImages(let found, let needed):
            "images are \(found.channels) x \(found.height) x \(found.width), the net reads "
                + "\(needed.channels) x \(needed.height) x \(needed.width)"
        case .wrongLabel(let classes): "a label is outside 0...\(classes - 1)"
        case .tooFewImages(let found, let batch):
            "\(found) images are less than one batch of \(batch): give more, or a smaller --batch"
        case .tooFewValues(let layer, let found, let needed):
            "a channel of \(layer) has \(found) values in a batch and its normalization needs \(needed): give a larger --batch"
        case .otherNet: "the checkpoint is that of another net or of other options"
        case .notFinite(let step): "the loss is not a number at step \(step): give a smaller --rate"
        }
    }
}

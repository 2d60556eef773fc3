internal import Glibc

/// The numbers of a convolution that training changes.
public struct LayerParameters: Hashable, Sendable {
    /// v, from which the weights that are used come: [outputs][inputs or 1][kernel height][kernel width].
    public var weights: [Float]
    /// g of `WeightNorm`, one for each output; empty without one.
    public var gains: [Float]
    /// γ of each output; empty where nothing is normalized.
    public var scale: [Float]
    /// β of each output, or its bias.
    public var shift: [Float]
    /// The running mean of each output; empty where nothing is normalized.
    public var mean: [Float]
    /// The running σ̂² of each output; empty where nothing is normalized.
    public var variance: [Float]

    /// Numbers read from a file.
    public init(
        weights: [Float], gains: [Float], scale: [Float], shift: [Float], mean: [Float], variance: [Float]
    ) {
        self.weights = weights
        self.gains = gains
        self.scale = scale
        self.shift = shift
        self.mean = mean
        self.variance = variance
    }

    /// The numbers a layer starts with.
    ///
    /// Weights are drawn from N(0, 2 / fan), the fan being that of the outputs for convolutions, of the inputs for depthwise and
    /// dense layers; of N(0, 1 / fan) for the last.
    ///
    /// Source: He et al. 2015, "Delving deep into rectifiers".
    init(_ blueprint: ConvolutionBlueprint, weightNorm: WeightNorm, random: inout SeededGenerator) {
        let geometry = blueprint.geometry
        let outputs = geometry.outputs
        let perOutput = geometry.weightCount / outputs
        let taps = geometry.window.kernel.height * geometry.window.kernel.width
        let fan = geometry.isDepthwise || blueprint.isDense ? perOutput : outputs * taps
        let isLast = blueprint.isDense && blueprint.activation == .open
        let deviation = ((isLast ? 1 : 2) / Double(fan)).squareRoot()
        weights = (0..<geometry.weightCount).map { _ in Float(random.gauss() * deviation) }
        gains = weightNorm.gains(of: weights, channels: outputs)
        let isNormalized = blueprint.end == .normalized
        scale = isNormalized ? [Float](repeating: 1, count: outputs) : []
        shift = [Float](repeating: 0, count: outputs)
        mean = isNormalized ? shift : []
        variance = scale
    }

    /// No numbers.
    static let none = LayerParameters(weights: [], gains: [], scale: [], shift: [], mean: [], variance: [])

    /// The same numbers, all 0: where velocities start.
    var zeros: LayerParameters {
        func zeros(_ values: [Float]) -> [Float] { [Float](repeating: 0, count: values.count) }
        return LayerParameters(
            weights: zeros(weights), gains: zeros(gains), scale: zeros(scale), shift: zeros(shift), mean: [],
            variance: [])
    }

    /// ‖v‖² of each output.
    var squaredNorms: [Double] {
        let size = weights.count / shift.count
        return shift.indices.map { channel in
            weights[channel * size..<(channel + 1) * size].reduce(0) { $0 + Double($1) * Double($1) }
        }
    }
}

/// What a run has come to: all that the next step depends on, beside the options and the images.
public struct TrainingState: Hashable, Sendable {
    /// The numbers of each layer; `nil` for pools.
    public internal(set) var layers: [LayerParameters?]
    /// What the momentum has gathered for each of them.
    public internal(set) var velocities: [LayerParameters?]
    /// The steps done.
    public internal(set) var step: Int
    /// The sum of the losses of the steps in the epoch that is not done yet.
    public internal(set) var lossSum: Double
    /// The images that were right in them.
    public internal(set) var correct: Int
    /// What each epoch that is done ended with.
    public internal(set) var epochs: [EpochResult]

    /// A state read from a file.
    public init(
        layers: [LayerParameters?], velocities: [LayerParameters?], step: Int, lossSum: Double, correct: Int,
        epochs: [EpochResult]
    ) {
        self.layers = layers
        self.velocities = velocities
        self.step = step
        self.lossSum = lossSum
        self.correct = correct
        self.epochs = epochs
    }

    /// Where a run starts.
    public init(_ net: Blueprint, _ options: TrainingOptions) {
        var random = SeededGenerator(seed: options.seed)
        layers = net.layers.map { layer in
            layer.convolution.map { LayerParameters($0, weightNorm: options.weightNorm, random: &random) }
        }
        velocities = layers.map { $0?.zeros }
        step = 0
        lossSum = 0
        correct = 0
        epochs = []
    }

    /// Whether it belongs to a net: the same layers with as many numbers.
    public func fits(_ net: Blueprint, _ options: TrainingOptions) -> Bool {
        func counts(_ layers: [LayerParameters?]) -> [[Int]?] {
            layers.map { layer in
                layer.map { [$0.weights.count, $0.gains.count, $0.scale.count, $0.shift.count] }
            }
        }
        let fresh = TrainingState(net, options)
        return counts(layers) == counts(fresh.layers) && counts(velocities) == counts(fresh.velocities)
    }
}

/// What an epoch ended with.
public struct EpochResult: Hashable, Sendable {
    /// Epochs done, this one included.
    public let epoch: Int
    /// The mean loss over the images that were trained on.
    public let loss: Double
    /// The share of them that was right when they were shown.
    public let trainAccuracy: Double
    /// The share of the test images that the net gets right, in evaluation mode; `nil` without test images.
    public let testAccuracy: Double?
    /// The learning rate of the last step.
    public let rate: Double
    /// For each convolution the mean over outputs of ‖w‖.
    public let norms: [Double]
    /// For each convolution the mean over outputs of the effective step, η / ‖w‖², η being what the last step multiplied that output's
    /// gradient with: the rate, corrected or kept at its peak where decay is replaced so (`WeightDecay`).
    public let effectiveSteps: [Double]

    /// A result from its parts.
    public init(
        epoch: Int, loss: Double, trainAccuracy: Double, testAccuracy: Double?, rate: Double, norms: [Double],
        effectiveSteps: [Double]
    ) {
        self.epoch = epoch
        self.loss = loss
        self.trainAccuracy = trainAccuracy
        self.testAccuracy = testAccuracy
        self.rate = rate
        self.norms = norms
        self.effectiveSteps = effectiveSteps
    }
}

internal import Glibc
public import Quant

/// What is wanted to be known of a step beside its result.
public struct TelemetryRequest: Hashable, Sendable {
    /// The width at which tensors that the run keeps as floats are compared, 1...16 bits: how far they would turn.
    public let hypotheticalBits: Int

    /// A request.
    public init(hypotheticalBits: Int = 4) {
        precondition((1...16).contains(hypotheticalBits), "1 to 16 bits")
        self.hypotheticalBits = hypotheticalBits
    }
}

/// What a step did in each convolution of the net, in their order; computed from what the step used, before its update.
public struct StepTelemetry: Hashable, Sendable {
    /// The steps done before.
    public let step: Int
    /// One for each convolution or dense layer.
    public let layers: [LayerTelemetry]
}

/// What a step did in one convolution or dense layer.
///
/// Norms are those of the weights as they are used. Activations and layer gradients are those of the first eight images of the
/// batch, weights and their gradients are whole.
public struct LayerTelemetry: Hashable, Sendable {
    /// The layer's name.
    public let name: String
    /// The mean over outputs of ‖w‖.
    public let weightNorm: Double
    /// The mean over outputs of ‖∂L/∂w‖.
    public let gradientNorm: Double
    /// The mean over outputs of η / ‖w‖², the length of a step where the size of weights does not matter (docs/training.md, section 5),
    /// η being the rate that the output's weights are stepped with.
    public let effectiveStep: Double
    /// How far quantization turns the weights.
    public let weights: Turn
    /// How far it turns what the layer reads.
    public let activations: Turn
    /// How far it turns the gradient of the layer's sums, ∂L/∂z, as it is handed on.
    public let gradients: Turn
    /// The values of ∂L/∂z, before any rounding.
    public let layerGradients: Histogram
    /// The values of ∂L/∂w.
    public let weightGradients: Histogram
    /// What each scheme of `NormScheme.standard` takes for the deviation of the layer's sums, as a share of it: the mean over the first
    /// channels; empty where nothing is normalized.
    public let sigmaRatios: [Double]

    /// The angle between a tensor and its quantized copy.
    public struct Turn: Hashable, Sendable {
        /// The copy's bits.
        public let bits: Int
        /// cos θ = ⟨x, x̂⟩ / (‖x‖ ‖x̂‖).
        public let cosine: Double
        /// Whether the run uses the copy; else it only tells what so many bits would do.
        public let isUsed: Bool

        /// θ in degrees.
        public var degrees: Double { acos(min(1, max(-1, cosine))) * 180 / Double.pi }
    }
}

/// What a step under way has recorded: a layer's gradient is there for a moment only.
struct TelemetryRecorder {
    let request: TelemetryRequest
    /// By layer.
    var gradients: [Int: (turn: LayerTelemetry.Turn, values: Histogram)] = [:]

    /// Bins of a histogram.
    static let bins = 512
    /// Channels whose deviation is estimated.
    static let channels = 4
}

extension Trainer {
    /// Records the gradient of a layer's sums, before it is rounded; does nothing in a step that is not recorded.
    ///
    /// - Parameter range: that of the batch, by which the step rounds it; `nil` in float steps.
    func recordGradient(of layer: Int, range: (low: Float, high: Float)? = nil) {
        guard let request = recorder?.request else { return }
        let values = sumsGradient(layer, ofShard: 0)
        let (bits, isUsed) = width(options.precision?.layerGradients, request)
        let quantizer =
            range.map { TensorQuantizer(bits: bits, low: $0.low, high: $0.high) }
            ?? TensorQuantizer(bits: bits, values)
        let copy = quantizer(values, options.precision?.rounding ?? .stochastic, random(16 + 2 * layer))
        recorder?.gradients[layer] = (
            LayerTelemetry.Turn(bits: bits, cosine: AngleTheory.cosine(values, copy), isUsed: isUsed),
            histogram(values)
        )
    }

    /// What the step under way has done so far, after its gradients and before its update; `nil` in a step that is not recorded.
    func recorded() -> StepTelemetry? {
        guard let recorder else { return nil }
        return StepTelemetry(
            step: state.step,
            layers: net.layers.indices.compactMap { layer in
                guard let parameters = state.layers[layer], let gradients = recorder.gradients[layer] else {
                    return nil
                }
                let squares = usedSquaredNorms(parameters)
                let changes = parameterGradients[layer]?.weights ?? []
                return LayerTelemetry(
                    name: net.layers[layer].name, weightNorm: mean(squares.map { $0.squareRoot() }),
                    gradientNorm: mean(
                        Trainer.squaredNorms(changes, outputs: squares.count).map { $0.squareRoot() }),
                    effectiveStep: mean(
                        zip(squares, weightRates(layer, parameters, inStep: state.step)).map {
                            $0 > 0 ? $1 / $0 : 0
                        }),
                    weights: turnOfWeights(parameters, recorder.request),
                    activations: turnOfActivations(layer, recorder.request), gradients: gradients.turn,
                    layerGradients: gradients.values, weightGradients: histogram(changes),
                    sigmaRatios: sigmaRatios(layer))
            })
    }

    /// ‖w‖² of each output, of weights as they are used but for their rounding.
    func usedSquaredNorms(_ parameters: LayerParameters) -> [Double] {
        Trainer.squaredNorms(
            options.weightNorm.used(parameters.weights, gains: parameters.gains), outputs: parameters.shift.count)
    }

    private static func squaredNorms(_ values: [Float], outputs: Int) -> [Double] {
        let size = values.count / max(1, outputs)
        return (0..<outputs).map { output in
            values[output * size..<(output + 1) * size].reduce(0) { $0 + Double($1) * Double($1) }
        }
    }

    /// The bits of a tensor's copy, and whether the run uses it.
    private func width(_ bits: Int?, _ request: TelemetryRequest) -> (bits: Int, isUsed: Bool) {
        if let bits, bits < 32 { (bits, true) } else { (request.hypotheticalBits, false) }
    }

    private func turnOfWeights(_ parameters: LayerParameters, _ request: TelemetryRequest) -> LayerTelemetry.Turn {
        let (bits, isUsed) = width(options.precision?.weights, request)
        let weights = options.weightNorm.used(parameters.weights, gains: parameters.gains)
        let copy = TensorQuantizer(bits: bits, weights)(weights, .nearest, random(0))
        return LayerTelemetry.Turn(bits: bits, cosine: AngleTheory.cosine(weights, copy), isUsed: isUsed)
    }

    private func turnOfActivations(_ layer: Int, _ request: TelemetryRequest) -> LayerTelemetry.Turn {
        let (bits, isUsed) = width(options.precision?.activations, request)
        let shard = shards[0]
        let tensor = net.layers[layer].input
        let values = shard.values[tensor].planar(shard.all)
        let copy =
            shard.rounded[tensor].map { $0.planar(shard.all) }
            ?? TensorQuantizer(bits: bits, values)(values, .nearest, random(0))
        return LayerTelemetry.Turn(bits: bits, cosine: AngleTheory.cosine(values, copy), isUsed: isUsed)
    }

    private func sigmaRatios(_ layer: Int) -> [Double] {
        guard let raw = shards[0].raw[layer] else { return [] }
        let (values, plane) = (raw.planar(shards[0].all), raw.layout.height * raw.layout.width)
        let channels = (0..<min(TelemetryRecorder.channels, raw.layout.channels)).map { channel in
            shards[0].all.flatMap { image in
                let start = (image * raw.layout.channels + channel) * plane
                return values[start..<start + plane].map { Double($0) }
            }
        }
        return NormScheme.standard.map { scheme in
            mean(
                channels.compactMap { channel in
                    guard let truth = try? ChannelNormalization(channel, scheme: .l2).sigma, truth > 0,
                        let estimate = try? ChannelNormalization(channel, scheme: scheme).sigma
                    else { return nil }
                    return estimate / truth
                })
        }
    }

    /// Counts over a range as wide on both sides of zero, so that zero stands in the middle.
    private func histogram(_ values: [Float]) -> Histogram {
        let largest = Double(values.reduce(0) { max($0, $1.isFinite ? abs($1) : 0) })
        var histogram = Histogram(lo: -largest, hi: largest, bins: TelemetryRecorder.bins)
        values.withUnsafeBufferPointer { histogram.add($0) }
        return histogram
    }

    private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }
}

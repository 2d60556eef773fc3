internal import Glibc
import Net

/// How one layer is quantized: everything the engine needs, and the errors the screens show.
public struct LayerPlan: Sendable {
    /// The weights as they will be used.
    public enum Weights: Sendable {
        case float
        case quantized(QuantizedWeights)
    }

    /// The layer's weights.
    public let weights: Weights
    /// The grid of the layer's copy of the tensor it reads.
    public let input: ActivationGrid
    /// The clipping ranges behind `input`: one, or one per channel; empty for real values.
    public let ranges: [ClippingRange]
    /// How the weights' bits were allocated, if they were.
    public let weightAllocation: BitAllocation?
    /// How the activations' bits were allocated, if they were.
    public let inputAllocation: BitAllocation?
    /// Signal to quantization noise of the weights in dB; `nil` for real weights or no error.
    public let weightSQNR: Double?
    /// Signal to quantization noise of the input in dB, measured on the histogram; `nil` for real values.
    public let inputSQNR: Double?

    /// Plans a layer: a pure function of the layer, what it reads, and the settings.
    public init(
        layer: Layer, observation: TensorObservation, settings: LayerSettings, budget: AllocationBudget,
        rule: AllocationRule
    ) {
        let weights = WeightPlanning(layer: layer, settings: settings, budget: budget, rule: rule)
        self.weights = weights.result
        weightAllocation = weights.allocation
        weightSQNR = weights.sqnr
        let input = InputPlanning(observation: observation, settings: settings, budget: budget, rule: rule)
        self.input = input.grid
        ranges = input.ranges
        inputAllocation = input.allocation
        inputSQNR = input.sqnr
    }

    /// The bits of each output channel's weights.
    public var weightChannelBits: [Int]? {
        if case .quantized(let weights) = weights { weights.bits } else { nil }
    }
}

/// 10 log10(signal / noise); `nil` where either is zero or not finite.
func decibels(signal: Double, noise: Double) -> Double? {
    guard signal > 0, noise > 0, signal.isFinite, noise.isFinite else { return nil }
    return 10 * log10(signal / noise)
}

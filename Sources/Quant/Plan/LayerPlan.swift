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

    /// An earlier plan of a layer, and what it was derived from.
    struct Previous {
        let settings: LayerSettings
        let plan: LayerPlan
        /// Whether bits are still divided in the same way.
        let isSamePolicy: Bool
    }

    /// Plans a layer: a pure function of the layer, what it reads, and the settings.
    ///
    /// - Parameter previous: an earlier plan of the same layer; what a change does not concern, weights or input, is
    ///   taken from it.
    init(
        layer: Layer, observation: TensorObservation, settings: LayerSettings, policy: AllocationPolicy,
        reusing previous: Previous? = nil
    ) {
        if let previous, previous.settings.sameForWeights(as: settings),
            previous.isSamePolicy || !settings.allocation.coversWeights
        {
            weights = previous.plan.weights
            weightAllocation = previous.plan.weightAllocation
            weightSQNR = previous.plan.weightSQNR
        } else {
            let planning = WeightPlanning(layer: layer, settings: settings, policy: policy)
            weights = planning.result
            weightAllocation = planning.allocation
            weightSQNR = planning.sqnr
        }
        if let previous, previous.settings.sameForInput(as: settings),
            previous.isSamePolicy || !settings.allocation.coversActivations
        {
            input = previous.plan.input
            ranges = previous.plan.ranges
            inputAllocation = previous.plan.inputAllocation
            inputSQNR = previous.plan.inputSQNR
        } else {
            let planning = InputPlanning(observation: observation, settings: settings, policy: policy)
            input = planning.grid
            ranges = planning.ranges
            inputAllocation = planning.allocation
            inputSQNR = planning.sqnr
        }
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

extension LayerSettings {
    /// Whether the plan of the weights is the same under other settings.
    fileprivate func sameForWeights(as other: LayerSettings) -> Bool {
        weights == other.weights && weightClipping == other.weightClipping && correction == other.correction
            && weightChannelBits == other.weightChannelBits
            && allocation.coversWeights == other.allocation.coversWeights
    }

    /// Whether the plan of the input is the same under other settings.
    fileprivate func sameForInput(as other: LayerSettings) -> Bool {
        activations == other.activations && clipping == other.clipping && threshold == other.threshold
            && granularity == other.granularity && activationChannelBits == other.activationChannelBits
            && allocation.coversActivations == other.allocation.coversActivations
    }
}

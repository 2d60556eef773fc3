public import Quant

/// The tensor of a layer that a change concerns.
public enum Target: Hashable, Sendable, CaseIterable {
    case weights, activations
}

/// One change of a configuration, as a user asks for it.
public enum Change: Hashable, Sendable {
    /// Sets a width.
    case precision(Target, Precision)
    /// Raises or lowers a width by so many bits, within 0...8 and then float.
    case step(Target, Int)
    /// Chooses how clipping ranges are found, and drops a threshold set by hand.
    case clipping(Target, ClippingMethod)
    /// Sets the clipping threshold by hand; `nil` gives it back to the method.
    case threshold(Double?)
    /// Chooses one range per tensor or one per channel.
    case granularity(Granularity)
    /// Chooses what gets its bits per channel.
    case allocation(AllocationChoice)
    /// Chooses what is corrected in quantized weights.
    case correction(BiasCorrection)
    /// Sets one channel's bits by hand; `nil` gives them back to the layer.
    case channelBits(Target, channel: Int, bits: Int?)
    /// Takes over all settings of another layer.
    case settings(LayerSettings)
}

/// A change of the choices that hold for the whole net.
public enum NetChange: Hashable, Sendable {
    /// What the bits per channel must add up to.
    case budget(AllocationBudget)
    /// The rule of the allocation.
    case rule(AllocationRule)
    /// What the two-thirds rule divides by.
    case measure(AllocationMeasure)
    /// What readers other than layers see.
    case residual(ResidualStorage)
}

extension LayerSettings {
    /// The settings after a change.
    ///
    /// Bits allocated to activations need a range per channel: asking for them changes the granularity, and asking
    /// for one range per tensor takes them back.
    public func applying(_ change: Change) -> LayerSettings {
        var result = self
        switch change {
        case .precision(.weights, let precision):
            result.weights = precision
        case .precision(.activations, let precision):
            result.activations = precision
        case .step(.weights, let bits):
            result.weights = weights.stepped(by: bits)
        case .step(.activations, let bits):
            result.activations = activations.stepped(by: bits)
        case .clipping(.weights, let method):
            result.weightClipping = method
        case .clipping(.activations, let method):
            result.clipping = method
            result.threshold = nil
        case .threshold(let threshold):
            result.threshold = threshold
        case .granularity(let granularity):
            result.granularity = granularity
            if granularity == .tensor {
                if allocation.coversActivations { result.allocation = allocation.coversWeights ? .weights : .none }
                result.activationChannelBits = [:]
            }
        case .allocation(let choice):
            result.allocation = choice
            result.granularity = granularity.covering(choice)
        case .correction(let correction):
            result.correction = correction
        case .channelBits(.weights, let channel, let bits):
            result.weightChannelBits[channel] = bits
        case .channelBits(.activations, let channel, let bits):
            result.activationChannelBits[channel] = bits
            if !granularity.isPerChannel { result.granularity = .channel }
        case .settings(let settings):
            result = settings
            // Bits by hand belong to the channels of their own layer.
            result.weightChannelBits = weightChannelBits
            result.activationChannelBits = activationChannelBits
            result.threshold = threshold
        }
        return result
    }

    /// The width chosen for a tensor of the layer.
    public func precision(of target: Target) -> Precision { target == .weights ? weights : activations }
}

extension Precision {
    /// The width so many bits higher or lower; above 8 bits comes float, and nothing above it or below 0 bits.
    func stepped(by count: Int) -> Precision {
        let bits =
            switch self {
            case .float: 9
            case .bits(let bits): bits
            }
        let next = min(9, max(0, bits + count))
        return next == 9 ? .float : .bits(next)
    }

    /// `float`, or the number of bits.
    public var label: String {
        switch self {
        case .float: "float"
        case .bits(let bits): "\(bits)"
        }
    }
}

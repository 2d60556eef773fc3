/// A width chosen for weights or activations: real values or a number of bits.
public enum Precision: Hashable, Sendable {
    /// 32-bit floats, not quantized.
    case float
    /// 0...8 bits; 0 bits leave one value per channel.
    case bits(Int)

    /// The bits of one stored value: 32 for floats.
    public var storedBits: Int {
        switch self {
        case .float: 32
        case .bits(let bits): bits
        }
    }
}

/// Whether activations share one range per tensor or have one per channel.
public enum Granularity: String, Hashable, Sendable, CaseIterable {
    case tensor, channel
    /// One range per channel, whose steps are powers of two times a common one: integer arithmetic stays possible.
    case powerOfTwo = "power-of-two"

    /// Whether each channel has a range of its own.
    public var isPerChannel: Bool { self != .tensor }

    /// The granularity that an allocation needs: bits per channel of the activations need a range per channel.
    public func covering(_ allocation: AllocationChoice) -> Granularity {
        allocation.coversActivations && !isPerChannel ? .channel : self
    }
}

/// Which tensors get their bits channel by channel.
public enum AllocationChoice: String, Hashable, Sendable, CaseIterable {
    case none, weights, activations, both

    /// Whether weights are allocated.
    public var coversWeights: Bool { self == .weights || self == .both }
    /// Whether activations are allocated.
    public var coversActivations: Bool { self == .activations || self == .both }
}

/// What readers other than layers see of a tensor.
public enum ResidualStorage: String, Hashable, Sendable, CaseIterable {
    /// Real values: only the layers' own copies are quantized.
    case float
    /// 8 bits, min-max; a layer reads a requantized copy.
    case eightBits = "8"
    /// The grid of the layer that reads the tensor.
    case same
}

/// The choices made for one layer: its weights and the tensor it reads.
public struct LayerSettings: Hashable, Sendable {
    /// The width of the weights.
    public var weights: Precision
    /// The width of the tensor the layer reads.
    public var activations: Precision
    /// How the clipping range of the activations is found.
    public var clipping: ClippingMethod
    /// How the range of each output channel's weights is found; clipping them helps little at 4 bits.
    public var weightClipping: ClippingMethod
    /// A threshold set by hand; it takes the place of `clipping` on the whole tensor.
    public var threshold: Double?
    /// One range for the tensor or one per channel.
    public var granularity: Granularity
    /// Which bits are allocated per channel.
    public var allocation: AllocationChoice
    /// What is corrected in the quantized weights.
    public var correction: BiasCorrection
    /// Bits set by hand for output channels of the weights.
    public var weightChannelBits: [Int: Int]
    /// Bits set by hand for channels of the activations.
    public var activationChannelBits: [Int: Int]

    /// Settings from their parts.
    public init(
        weights: Precision, activations: Precision, clipping: ClippingMethod,
        weightClipping: ClippingMethod = .minMax,
        threshold: Double? = nil, granularity: Granularity, allocation: AllocationChoice,
        correction: BiasCorrection,
        weightChannelBits: [Int: Int] = [:], activationChannelBits: [Int: Int] = [:]
    ) {
        self.weights = weights
        self.activations = activations
        self.clipping = clipping
        self.weightClipping = weightClipping
        self.threshold = threshold
        self.granularity = granularity
        self.allocation = allocation
        self.correction = correction
        self.weightChannelBits = weightChannelBits
        self.activationChannelBits = activationChannelBits
    }
}

/// Everything a user chooses about the quantization of one net: the only thing saved, and what a plan derives from.
public struct Configuration: Hashable, Sendable {
    /// One entry per layer, in the order of `LayerGraph.layers`.
    public var layers: [LayerSettings]
    /// How bits are divided among channels.
    public var policy: AllocationPolicy
    /// What readers other than layers see.
    public var residual: ResidualStorage

    /// A configuration from its parts.
    public init(layers: [LayerSettings], policy: AllocationPolicy, residual: ResidualStorage) {
        self.layers = layers
        self.policy = policy
        self.residual = residual
    }
}

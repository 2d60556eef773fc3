import Net

/// One choice for all layers, as the command line gives it; expands to a `Configuration`.
public struct PlanOptions: Hashable, Sendable {
    /// The width of the weights (`--weights`).
    public var weights: Precision
    /// The width of the activations (`--activations`).
    public var activations: Precision
    /// How clipping ranges of the activations are found (`--clip`).
    public var clipping: ClippingMethod
    /// How ranges of the weights are found (`--clip-weights`).
    public var weightClipping: ClippingMethod
    /// Which bits are allocated per channel (`--allocate`).
    public var allocation: AllocationChoice
    /// How they are divided (`--budget`, `--rule`, `--measure`).
    public var policy: AllocationPolicy
    /// The correction of quantized weights (`--correct`).
    public var correction: BiasCorrection
    /// The width of first and last layers and their inputs (`--first-last`).
    public var firstLast: Precision
    /// What readers other than layers see (`--residual`).
    public var residual: ResidualStorage
    /// One range per tensor or per channel (`--granularity`).
    public var granularity: Granularity

    /// The defaults of the command line and of the explorer.
    public static let standard = PlanOptions(
        weights: .bits(4), activations: .bits(4), clipping: .auto, weightClipping: .minMax, allocation: .none,
        policy: AllocationPolicy(), correction: .both, firstLast: .bits(8), residual: .eightBits,
        granularity: .tensor)

    /// Options from their parts.
    public init(
        weights: Precision, activations: Precision, clipping: ClippingMethod, weightClipping: ClippingMethod,
        allocation: AllocationChoice, policy: AllocationPolicy, correction: BiasCorrection, firstLast: Precision,
        residual: ResidualStorage, granularity: Granularity
    ) {
        self.weights = weights
        self.activations = activations
        self.clipping = clipping
        self.weightClipping = weightClipping
        self.allocation = allocation
        self.policy = policy
        self.correction = correction
        self.firstLast = firstLast
        self.residual = residual
        self.granularity = granularity
    }
}

extension Configuration {
    /// The configuration that gives every layer of `net` the same options.
    ///
    /// First and last layers get their own width and no allocation; a net input is clipped at its minimum and maximum.
    /// Allocated activations have a range per channel.
    public init(_ options: PlanOptions, for net: LayerGraph) {
        let layers = net.layers.indices.map { index in
            let isEdge = net.firstLayers.contains(index) || net.lastLayers.contains(index)
            let readsInput = net.graph.inputs.contains(net.layers[index].input)
            return LayerSettings(
                weights: isEdge ? options.firstLast : options.weights,
                activations: isEdge ? options.firstLast : options.activations,
                clipping: readsInput ? .minMax : options.clipping,
                weightClipping: isEdge ? .minMax : options.weightClipping,
                granularity: readsInput
                    ? .tensor : options.granularity.covering(options.allocation),
                allocation: isEdge ? .none : options.allocation, correction: options.correction)
        }
        self.init(layers: layers, policy: options.policy, residual: options.residual)
    }
}

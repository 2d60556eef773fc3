/// The weights' part of a layer's plan.
struct WeightPlanning {
    let result: LayerPlan.Weights
    let allocation: BitAllocation?
    let sqnr: Double?

    init(layer: Layer, settings: LayerSettings, budget: AllocationBudget, rule: AllocationRule) {
        guard case .bits(let bits) = settings.weights else {
            result = .float
            allocation = nil
            sqnr = nil
            return
        }
        let channels = layer.outputChannels
        var channelBits = [Int](repeating: bits, count: channels)
        let fixed = (0..<channels).map { settings.weightChannelBits[$0] }
        if settings.allocation.coversWeights, bits < 8 {
            let statistics = WeightPlanning.channelRanges(layer)
            let allocated = BitAllocation.allocate(
                halfRanges: statistics, errors: WeightPlanning.errors(layer, rule: rule), goal: bits, rule: rule,
                budget: budget, fixed: fixed)
            channelBits = allocated.bits
            allocation = allocated
        } else {
            for (channel, chosen) in settings.weightChannelBits where channelBits.indices.contains(channel) {
                channelBits[channel] = chosen
            }
            allocation = nil
        }
        let quantized = QuantizedWeights(
            layer.weights.values, outputChannels: channels, bits: channelBits,
            correction: bits < 8 ? settings.correction : .none)
        result = .quantized(quantized)
        sqnr = decibels(signal: quantized.signalPower, noise: quantized.squaredError)
    }

    /// Half the range of each output channel.
    private static func channelRanges(_ layer: Layer) -> [Double] {
        let length = layer.weightsPerChannel
        return (0..<layer.outputChannels).map { channel in
            let values = layer.weights.values[channel * length..<(channel + 1) * length]
            return Double((values.max() ?? 0) - (values.min() ?? 0)) / 2
        }
    }

    /// The squared error of each output channel at 0...8 bits, which the exact rule needs.
    private static func errors(_ layer: Layer, rule: AllocationRule) -> [[Double]] {
        let length = layer.weightsPerChannel
        let widths = (0...8).map { bits in
            QuantizedWeights(
                layer.weights.values, outputChannels: layer.outputChannels,
                bits: [Int](repeating: bits, count: layer.outputChannels), correction: .none
            ).channelSquaredErrors
        }
        return (0..<layer.outputChannels).map { channel in
            widths.map { $0[channel] / Double(max(1, length)) }
        }
    }
}

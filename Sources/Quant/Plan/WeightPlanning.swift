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
                halfRanges: statistics, goal: bits, rule: rule, budget: budget, fixed: fixed
            ) { WeightPlanning.error(of: layer, channel: $0, bits: $1) }
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

    /// The mean squared error of one output channel at a number of bits, uncorrected; at 0 bits its variance.
    private static func error(of layer: Layer, channel: Int, bits: Int) -> Double {
        let length = layer.weightsPerChannel
        let values = layer.weights.values[channel * length..<(channel + 1) * length]
        return values.withUnsafeBufferPointer { weights in
            guard bits > 0 else {
                let (sum, squares) = weights.reduce((0.0, 0.0)) {
                    ($0.0 + Double($1), $0.1 + Double($1) * Double($1))
                }
                let count = Double(max(1, length))
                return max(0, squares - sum * sum / count) / count
            }
            let quantizer = AffineQuantizer(
                bits: bits, lo: Double(weights.min() ?? 0), hi: Double(weights.max() ?? 0))
            return quantizer.squaredError(of: weights) / Double(max(1, length))
        }
    }
}

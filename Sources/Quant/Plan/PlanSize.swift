import Net

/// The size of a quantized net and its mean widths.
public struct PlanSize: Hashable, Sendable {
    /// The mean bits of a weight, over all weights of all layers (32 for real ones).
    public let meanWeightBits: Double
    /// The mean bits of an activation, over all elements of all quantized layer inputs; `nil` without any.
    public let meanActivationBits: Double?
    /// Bytes of weights and biases as 32-bit floats.
    public let floatBytes: Int
    /// Bytes quantized: packed weights, 5 per scale and zero point, 4 per bias.
    public let quantizedBytes: Int
    /// Bytes of all tensors stored between units for one image, as floats.
    public let floatActivationBytes: Int
    /// The same, quantized.
    public let quantizedActivationBytes: Int

    /// The size of `net` under `plan`.
    public init(net: LayerGraph, plan: QuantizationPlan) {
        var weightBits = 0
        var weightCount = 0
        var bytes = 0
        var activationBits = 0.0
        var activationCount = 0
        for (layer, planned) in zip(net.layers, plan.layers) {
            let length = layer.weightsPerChannel
            let bits = planned.weightChannelBits.map { $0.reduce(0, +) * length } ?? 32 * layer.weights.shape.count
            weightBits += bits
            weightCount += layer.weights.shape.count
            bytes += (bits + 7) / 8 + 4 * layer.outputChannels + 5 * planned.input.scaleCount
            if planned.weightChannelBits != nil { bytes += 5 * layer.outputChannels }
            if planned.input != .real {
                let count = net.graph[layer.input].shape.count
                activationBits += planned.input.meanBits * Double(count)
                activationCount += count
            }
        }
        bytes += plan.stored.values.reduce(0) { $0 + 5 * $1.scaleCount }
        meanWeightBits = Double(weightBits) / Double(max(1, weightCount))
        meanActivationBits = activationCount > 0 ? activationBits / Double(activationCount) : nil
        floatBytes = net.layers.reduce(0) { $0 + 4 * ($1.weights.shape.count + $1.outputChannels) }
        quantizedBytes = bytes

        var floatActivations = 0
        var quantizedActivations = 0.0
        var tensors: Set<TensorID> = []
        for unit in net.units {
            switch unit {
            case .layer(let index): tensors.formUnion([net.layers[index].input, net.layers[index].output])
            case .operation(let node): tensors.formUnion(node.outputs)
            }
        }
        for tensor in tensors {
            let count = net.graph[tensor].shape.count
            floatActivations += 4 * count
            let readers = net.layers.indices.filter { net.layers[$0].input == tensor }
            let bits =
                plan.stored[tensor]?.meanBits ?? readers.map { plan.layers[$0].input.meanBits }.max() ?? 32
            quantizedActivations += bits * Double(count) / 8
        }
        floatActivationBytes = floatActivations
        quantizedActivationBytes = Int(quantizedActivations.rounded(.up))
    }
}

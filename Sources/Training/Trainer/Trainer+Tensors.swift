internal import Engine

extension Trainer {
    /// What a step in floats works with at one convolution: its weights, what it reads, the gradient of its sums, and the gradient of its
    /// weights, on the next batch.
    ///
    /// The state stays as it is, but for the running statistics.
    public func tensors(ofConvolution index: Int) throws -> [AngleExperiment.Tensor] {
        precondition(options.precision == nil, "gradients that are not rounded")
        let convolutions = net.layers.indices.filter { net.layers[$0].convolution != nil }
        let layer = convolutions[min(max(0, index), convolutions.count - 1)]
        _ = try computeGradients()
        let name = "\(net.name) \(net.layers[layer].name)"
        let gradients = shards.indices.flatMap { sumsGradient(layer, ofShard: $0) }
        return [
            AngleExperiment.Tensor(name: "\(name) weights", values: used[layer]),
            AngleExperiment.Tensor(
                name: "\(name) input", values: shards.flatMap { $0.values[net.layers[layer].input].planar($0.all) }),
            AngleExperiment.Tensor(name: "\(name) gradient", values: gradients),
            AngleExperiment.Tensor(
                name: "\(name) weights' gradient", values: parameterGradients[layer]?.weights ?? []),
        ]
    }
}

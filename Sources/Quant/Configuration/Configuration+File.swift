public import Net

extension LayerGraph {
    /// What the file says of a layer's weights, if they were stored as codes.
    public func storedWeights(of layer: Layer) -> StoredQuantizer? {
        guard let node = graph.nodes.first(where: { $0.name == layer.name }), node.inputs.count > 1 else {
            return nil
        }
        return node.inputs[1].flatMap { graph.quantizers[$0] }
    }

    /// What the file says of the tensor that a layer reads, if it rounds it.
    public func storedInput(of layer: Layer) -> StoredQuantizer? { graph.quantizers[layer.input] }

    /// How many layers the file quantizes: their weights, and what they read.
    public var quantizedInFile: (weights: Int, inputs: Int) {
        (layers.count { storedWeights(of: $0) != nil }, layers.count { storedInput(of: $0) != nil })
    }
}

extension Configuration {
    /// The same choices, with those of a file that is already quantized in their place where it makes any.
    ///
    /// Its layers have the file's widths and ranges, one per tensor, uncorrected; what it leaves real stays real.
    public func starting(from net: LayerGraph) -> Configuration {
        let counts = net.quantizedInFile
        guard counts.weights + counts.inputs > 0 else { return self }
        var result = self
        for (index, layer) in net.layers.enumerated() {
            var settings = result.layers[index]
            settings.weights = Configuration.precision(net.storedWeights(of: layer))
            let input = net.storedInput(of: layer)
            settings.activations = Configuration.precision(input)
            if let input { settings.clipping = .range(Double(input.smallest), Double(input.largest)) }
            settings.weightClipping = .minMax
            settings.granularity = .tensor
            settings.allocation = .none
            settings.correction = .none
            result.layers[index] = settings
        }
        return result
    }

    /// More than 8 bits are as good as real values.
    private static func precision(_ quantizer: StoredQuantizer?) -> Precision {
        quantizer.map { $0.bits <= 8 ? .bits($0.bits) : .float } ?? .float
    }
}

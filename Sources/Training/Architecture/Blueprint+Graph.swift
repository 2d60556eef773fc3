public import Net

/// Trained nets as graphs: what files hold and the engine runs.
extension Blueprint {
    /// The net with weights as they are used; normalization as batch normalization with σ̂² in the place of the variance.
    ///
    /// - Parameters:
    ///   - layers: the numbers of each layer.
    ///   - used: the weights as a layer uses them.
    func graph(_ layers: [LayerParameters?], used: (LayerParameters) -> [Float]) throws(GraphError) -> Graph {
        var builder = GraphBuilder(input: input)
        var tensors = [builder.input]
        for (index, layer) in self.layers.enumerated() {
            let isLast = index == self.layers.count - 1
            let size = layer.output
            switch layer.kind {
            case .convolution(let convolution):
                guard let parameters = layers[index] else { preconditionFailure("convolutions have parameters") }
                tensors.append(
                    builder.append(
                        layer, convolution, parameters, used(parameters), from: tensors[layer.input],
                        addend: convolution.addend.map { tensors[$0] }, output: isLast ? "logits" : nil))
            case .maxPool(let side), .averagePool(let side):
                let window = Window(kernel: Window.Pair(side, side), strides: Window.Pair(side, side))
                let isMaximum = if case .maxPool = layer.kind { true } else { false }
                tensors.append(
                    builder.append(
                        layer.name, isMaximum ? .maxPool(window) : .averagePool(window, countsPadding: false),
                        [tensors[layer.input]], [1, size.channels, size.height, size.width]))
            case .globalAveragePool:
                tensors.append(
                    builder.append(
                        layer.name, .globalAveragePool, [tensors[layer.input]], [1, size.channels, 1, 1]))
            }
        }
        return try builder.graph(named: name, output: tensors[self.layers.count])
    }
}

/// Adds nodes one after the other.
private struct GraphBuilder {
    let input: TensorID
    private var tensors: [TensorDescription]
    private var constants: [TensorID: Tensor] = [:]
    private var nodes: [Node] = []

    init(input: MapSize) {
        tensors = [
            TensorDescription(
                name: "input", shape: Shape([1, input.channels, input.height, input.width]), isBatched: true)
        ]
        self.input = TensorID(0)
    }

    private mutating func constant(_ name: String, _ shape: [Int], _ values: [Float]) -> TensorID {
        let tensor = Tensor(shape: Shape(shape), values: values)
        tensors.append(TensorDescription(name: name, shape: tensor.shape, isBatched: false))
        let id = TensorID(tensors.count - 1)
        constants[id] = tensor
        return id
    }

    mutating func append(
        _ name: String, _ operation: Operator, _ inputs: [TensorID], _ shape: [Int], output: String? = nil
    ) -> TensorID {
        tensors.append(TensorDescription(name: output ?? name, shape: Shape(shape), isBatched: true))
        let id = TensorID(tensors.count - 1)
        nodes.append(Node(name: name, operation: operation, inputs: inputs, outputs: [id]))
        return id
    }

    /// A convolution or dense layer, its normalization, its addend and its activation, as far as they are there.
    mutating func append(
        _ layer: LayerBlueprint, _ convolution: ConvolutionBlueprint, _ parameters: LayerParameters,
        _ weights: [Float], from source: TensorID, addend: TensorID?, output: String?
    ) -> TensorID {
        let (name, geometry, size) = (layer.name, convolution.geometry, layer.output)
        let shape = convolution.isDense ? [1, size.channels] : [1, size.channels, size.height, size.width]
        let kernel = geometry.window.kernel
        // What stands behind "conv" is the layer's place, by which its other nodes are named too.
        let place = name.hasPrefix("conv") ? String(name.dropFirst(4)) : "_" + name
        let isNormalized = convolution.end == .normalized
        let isEnd = !isNormalized && addend == nil && convolution.activation == .open
        var inputs = [source]
        if convolution.isDense {
            inputs = [append("flatten\(place)", .reshape, [source], [1, geometry.weightCount / size.channels])]
            inputs.append(
                constant("\(name).weight", [size.channels, geometry.weightCount / size.channels], weights))
        } else {
            let perOutput = geometry.isDepthwise ? 1 : geometry.inputs
            inputs.append(
                constant("\(name).weight", [size.channels, perOutput, kernel.height, kernel.width], weights))
        }
        if !isNormalized { inputs.append(constant("\(name).bias", [size.channels], parameters.shift)) }
        var result = append(
            name,
            convolution.isDense
                ? .gemm(alpha: 1, beta: 1, transposeA: false, transposeB: true)
                : .convolution(geometry.window, groups: geometry.isDepthwise ? geometry.inputs : 1),
            inputs, shape, output: isEnd ? output : nil)
        if isNormalized {
            let parts = [
                ("weight", parameters.scale), ("bias", parameters.shift), ("running_mean", parameters.mean),
                ("running_var", parameters.variance),
            ].map { constant("bn\(place).\($0)", [size.channels], $1) }
            result = append(
                "bn\(place)", .batchNormalization(epsilon: Float(Trainer.epsilon)), [result] + parts, shape)
        }
        if let addend { result = append("add\(place)", .elementwise(.add), [result, addend], shape) }
        switch convolution.activation {
        case .open: break
        case .relu: result = append("relu\(place)", .unary(.relu), [result], shape)
        case .relu6: result = append("clip\(place)", .unary(.clip(minimum: 0, maximum: 6)), [result], shape)
        }
        return result
    }

    func graph(named name: String, output: TensorID) throws(GraphError) -> Graph {
        try Graph(
            name: name, tensors: tensors, constants: constants, inputs: [input], outputs: [output], nodes: nodes)
    }
}

extension Trainer {
    /// The net as it stands: weights as they are used, running statistics.
    public func graph() throws(GraphError) -> Graph { try net.graph(state.layers, used: usedWeights) }
}

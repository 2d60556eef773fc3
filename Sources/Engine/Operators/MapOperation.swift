internal import Net

/// One node other than a layer, run on feature maps: by a kernel or a loop over blocks where there is one, by its
/// plain definition otherwise.
struct MapOperation {
    let node: Node
    let graph: Graph
    let isa: InstructionSet

    func run(_ inputs: [FeatureMap?], into outputs: [FeatureMap], images: Range<Int>) {
        guard let output = outputs.first, isOneImage else {
            runPlanar(inputs, into: outputs, images: images)
            return
        }
        guard let x = inputs.first ?? nil else {
            if runElementwise(inputs, into: output, images: images) { return }
            runPlanar(inputs, into: outputs, images: images)
            return
        }
        if let movement = Movement(node, graph) {
            movement.run(inputs, into: outputs, images: images)
            return
        }
        switch node.operation {
        case .unary(let function) where Activation.covers(function) && !x.layout.isFlat:
            apply(x, Epilogue(channels: x.layout.channels, activation: Activation(function)), output, images)
        case .batchNormalization(let epsilon):
            let parameters = node.inputs.dropFirst().map { $0.flatMap { graph.constants[$0]?.values } ?? [] }
            guard graph[node.outputs[0]].shape.rank == 4, parameters.count == 4 else {
                runReference(inputs, into: outputs, images: images)
                return
            }
            let scale = zip(parameters[0], parameters[3]).map { gamma, variance in
                Float(Double(gamma) / (Double(variance) + Double(epsilon)).squareRoot())
            }
            let bias = parameters[1].indices.map { parameters[1][$0] - parameters[2][$0] * scale[$0] }
            apply(x, Epilogue(channels: scale.count, scale: scale, bias: bias), output, images)
        case .elementwise(.add) where inputs.count == 2 && sameExtent(inputs[1], x) && !x.layout.isFlat:
            Epilogue(channels: x.layout.channels).apply(
                to: x, images: images, maps: EpilogueMaps(outputs: [output], addend: inputs[1]), isa: isa)
        case .maxPool(let window): Pooling(window: window).maximum(x, into: output, images: images)
        case .averagePool(let window, let counts):
            Pooling(window: window).average(x, into: output, images: images, countsPadding: counts)
        case .globalAveragePool:
            let whole = Window(kernel: .init(x.layout.height, x.layout.width))
            Pooling(window: whole).average(x, into: output, images: images, countsPadding: false)
        case .reshape where sameExtent(output, x): BlockArithmetic(output: output, images: images).copy(x)
        default:
            if runOnBlocks(inputs, x, into: output, images: images) { return }
            runPlanar(inputs, into: outputs, images: images)
        }
    }

    /// Runs what works on blocks of channels; false for anything else.
    private func runOnBlocks(
        _ inputs: [FeatureMap?], _ x: FeatureMap, into output: FeatureMap, images: Range<Int>
    ) -> Bool {
        let arithmetic = BlockArithmetic(output: output, images: images)
        switch node.operation {
        case .unary(let function): arithmetic.apply(function, x)
        case .elementwise: return runElementwise(inputs, into: output, images: images)
        case .resample(let axes):
            guard isMap(node.inputs[0]), let resampling = BlockResampling(axes) else { return false }
            resampling.run(x, into: output, images: images)
        case .pad(let before, _, let mode):
            guard isMap(node.inputs[0]), let input = node.inputs[0],
                let padding = BlockPadding(
                    before: before, mode: mode, input: graph[input].shape, output: graph[node.outputs[0]].shape)
            else { return false }
            padding.run(x, into: output, images: images)
        case .instanceNormalization(let epsilon):
            guard isMap(node.inputs[0]), let normalization = normalization(epsilon) else { return false }
            normalization.instances(x, into: output, images: images)
        case .channelNormalization(let epsilon):
            guard isMap(node.inputs[0]), let normalization = normalization(epsilon) else { return false }
            normalization.pixels(x, into: output, images: images)
        case .transposedConvolution(let window, let groups):
            let constants = node.inputs.dropFirst().map { $0.flatMap { graph.constants[$0] } }
            guard isMap(node.inputs[0]), let weights = constants.first ?? nil,
                constants.count < 2 || (constants[1] == nil) == (node.inputs[2] == nil),
                let convolution = TransposedConvolution(
                    window, groups: groups, weights: weights, bias: constants.count > 1 ? constants[1] : nil)
            else { return false }
            convolution.run(x, into: output, images: images, isa: isa)
        case .reduce(.mean, axes: [2, 3], _):
            guard isMap(node.inputs[0]) else { return false }
            let whole = Window(kernel: .init(x.layout.height, x.layout.width))
            Pooling(window: whole).average(x, into: output, images: images, countsPadding: false)
        case .globalMaxPool, .reduce(.maximum, axes: [2, 3], _):
            guard isMap(node.inputs[0]) else { return false }
            let whole = Window(kernel: .init(x.layout.height, x.layout.width))
            Pooling(window: whole).maximum(x, into: output, images: images)
        default: return false
        }
        return true
    }

    private func runElementwise(
        _ inputs: [FeatureMap?], into output: FeatureMap, images: Range<Int>
    ) -> Bool {
        guard case .elementwise(let function) = node.operation else { return false }
        let operands = zip(node.inputs, inputs).compactMap { id, map in
            id.flatMap { BlockArithmetic.Operand(map, graph.constants[$0], graph[$0].shape, to: output.layout) }
        }
        guard operands.count == inputs.count, operands.count > 1 else { return false }
        BlockArithmetic(output: output, images: images).apply(function, operands)
        return true
    }

    /// Whether a tensor's map has rows and columns of its own.
    private func isMap(_ tensor: TensorID?) -> Bool { tensor.map { graph[$0].shape.rank == 4 } ?? false }

    private func normalization(_ epsilon: Float) -> BlockNormalization? {
        let parameters = node.inputs.dropFirst().map { $0.flatMap { graph.constants[$0]?.values } }
        guard let scale = parameters.first ?? nil else { return nil }
        let bias = parameters.count > 1 ? parameters[1] : [Float](repeating: 0, count: scale.count)
        return bias.map { BlockNormalization(epsilon: epsilon, scale: scale, bias: $0) }
    }

    /// Runs what works on tensors in row-major order; the plain definition is left for what does not.
    private func runPlanar(_ inputs: [FeatureMap?], into outputs: [FeatureMap], images: Range<Int>) {
        guard let operation = PlanarOperation(node, graph) else {
            runReference(inputs, into: outputs, images: images)
            return
        }
        for image in images {
            let operands = zip(node.inputs, inputs).map { id, map in
                PlanarValues(map, id.flatMap { graph.constants[$0] }, image: image)
            }
            let results = outputs.map { PlanarResult($0, image: image) }
            operation.run(operands.map(\.base), results.map(\.base))
            for result in results { result.store() }
            withExtendedLifetime((operands, results)) {}
        }
    }

    /// Whether every tensor of rank 4 is one image: maps of others have no rows and columns.
    private var isOneImage: Bool {
        (node.inputs.compactMap { $0 } + node.outputs).allSatisfy { id in
            let shape = graph[id].shape
            return graph.constants[id] != nil || shape.rank != 4 || shape[0] == 1
        }
    }

    private func apply(_ x: FeatureMap, _ epilogue: Epilogue, _ output: FeatureMap, _ images: Range<Int>) {
        epilogue.apply(to: x, images: images, maps: EpilogueMaps(outputs: [output]), isa: isa)
    }

    private func sameExtent(_ map: FeatureMap?, _ other: FeatureMap) -> Bool {
        guard let layout = map?.layout else { return false }
        return layout.channels == other.layout.channels && layout.height == other.layout.height
            && layout.width == other.layout.width
    }

    private func runReference(_ inputs: [FeatureMap?], into outputs: [FeatureMap], images: Range<Int>) {
        let shapes = node.outputs.map { graph[$0].shape }
        for image in images {
            let operands = zip(node.inputs, inputs).map { id, map -> Tensor? in
                guard let id else { return nil }
                if let constant = graph.constants[id] { return constant }
                return map.map { map in
                    let shape = graph[id].shape
                    // A map has at least one element, whatever the tensor has.
                    return Tensor(shape: shape, values: shape.count == 0 ? [] : map.planar(image..<image + 1))
                }
            }
            let results = Reference.evaluate(node.operation, operands, shapes: shapes)
            for (result, output) in zip(results, outputs) where result.shape.count > 0 {
                output.load(planar: result.values, into: image..<image + 1)
            }
        }
    }
}

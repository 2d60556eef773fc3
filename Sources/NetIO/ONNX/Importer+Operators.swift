import Net
import OnnxProto

/// Nodes that run: ONNX operators to `Operator`, with attributes and shapes resolved.
extension Importer {
    /// Imports a node whose result depends on the net's input.
    mutating func importRuntime(_ context: NodeContext) throws(OnnxError) {
        let type = context.proto.opType
        if let function = try unary(context) {
            try emit(context, .unary(function), inputs: [0], shapes: [try inputShape(context)])
            return
        }
        switch type {
        case "Conv": try importConvolution(context)
        case "Gemm": try importGemm(context)
        case "MatMul": try importMatrixProduct(context)
        case "BatchNormalization": try importBatchNormalization(context)
        case "Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mean", "Sum", "Equal", "Less", "Greater", "And",
            "Or":
            try importElementwise(context)
        case "PRelu":
            let shape = try inputShape(context)
            guard context.has(1), let slope = context.values[1], let input = context.values[0] else {
                throw context.attributes.malformed("it has no slope")
            }
            let own = self.shape(of: slope)
            if broadcast(shape, own) == shape {
                try emit(context, .prelu, inputs: [0, 1], shapes: [shape])
            } else if own.rank == 1, shape.rank > 1, own[0] == shape[1] {
                // Before opset 7: one slope per channel.
                let aligned = aligned(context, input: 1, at: 1, rank: shape.rank)
                emit(
                    context, .prelu, ids: [id(of: input, named: context.proto.input[0]), aligned], shapes: [shape])
            } else {
                throw context.attributes.malformed("its slope does not fit \(shape)")
            }
        case "Softmax", "LogSoftmax": try importSoftmax(context)
        case "MaxPool", "AveragePool": try importPool(context)
        case "GlobalAveragePool", "GlobalMaxPool":
            let shape = try spatial(context)
            guard shape.rank == 4 else {
                let window = SpatialWindow.whole(shape.dimensions.dropFirst(2))
                try emit(
                    context,
                    .spatialPool(window, type == "GlobalMaxPool" ? .maximum : .average(countsPadding: false)),
                    inputs: [0], shapes: [Shape(shape.dimensions.enumerated().map { $0 < 2 ? $1 : 1 })])
                return
            }
            try emit(
                context, type == "GlobalMaxPool" ? .globalMaxPool : .globalAveragePool, inputs: [0],
                shapes: [Shape([shape[0], shape[1], 1, 1])])
        case "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin": try importReduction(context)
        case "LRN":
            let attributes = context.attributes
            let size = attributes.int("size", default: 0)
            guard size > 0 else { throw attributes.malformed("size \(size)") }
            try emit(
                context,
                .localResponseNormalization(
                    size: size, alpha: attributes.float("alpha", default: 1e-4),
                    beta: attributes.float("beta", default: 0.75), bias: attributes.float("bias", default: 1)),
                inputs: [0], shapes: [try image(context)])
        case "ConvTranspose": try importTransposedConvolution(context)
        case "InstanceNormalization": try importInstanceNormalization(context)
        case "LayerNormalization": try importLayerNormalization(context)
        case "LpNormalization": try importNormNormalization(context)
        case "Resize", "Upsample": try importResize(context)
        case "DepthToSpace", "SpaceToDepth": try importBlocks(context)
        case "Gather": try importGather(context)
        case "Expand": try importExpand(context)
        case "Tile": try importTile(context)
        case "Where": try importWhere(context)
        case "ArgMax": try importArgumentOfMaximum(context)
        case "Range": try importRange(context)
        case "Cast": try importCast(context)
        case "QuantizeLinear", "DequantizeLinear": try importQuantization(context)
        case "Concat": try importConcatenation(context)
        case "Split": try importSplit(context)
        case "Slice":
            let bounds = try SliceBounds(context: context, shape: try inputShape(context))
            guard bounds.outputShape.count > 0 || allowsEmpty else {
                throw context.attributes.malformed("it leaves nothing")
            }
            try emit(
                context, .slice(starts: bounds.starts, steps: bounds.steps), inputs: [0],
                shapes: [bounds.outputShape])
        case "Pad": try importPad(context)
        case "Reshape", "Flatten", "Squeeze", "Unsqueeze":
            let shape = try ReshapeTarget(context: context, batch: declaredBatch).shape(
                for: try inputShape(context))
            try emit(context, .reshape, inputs: [0], shapes: [shape])
        case "Transpose":
            let shape = try inputShape(context)
            let order = context.attributes.ints("perm") ?? Array((0..<shape.rank).reversed())
            guard order.sorted() == Array(0..<shape.rank) else {
                throw context.attributes.malformed("its permutation \(order)")
            }
            try emit(
                context, .transpose(permutation: order), inputs: [0], shapes: [Shape(order.map { shape[$0] })])
        default:
            throw .unsupportedOperator(node: context.name, type: type, domain: context.proto.domain, opset: opset)
        }
    }

    /// The shape of the first input.
    func inputShape(_ context: NodeContext) throws(OnnxError) -> Shape {
        guard let value = context.values.first ?? nil else { throw context.attributes.malformed("it has no input") }
        return shape(of: value)
    }

    /// The shape of the first input, which must be one image [1, C, H, W].
    func image(_ context: NodeContext) throws(OnnxError) -> Shape {
        let shape = try inputShape(context)
        guard shape.rank == 4 else {
            throw context.attributes.unsupported(
                "its input \(shape) is not an image [N, C, H, W]; only 2-D nets run")
        }
        return shape
    }

    private mutating func importBatchNormalization(_ context: NodeContext) throws(OnnxError) {
        let shape = try inputShape(context)
        guard context.attributes.int("training_mode", default: 0) == 0,
            context.attributes.int("spatial", default: 1) == 1
        else { throw context.attributes.unsupported("training mode and non-spatial statistics") }
        guard shape.rank >= 2,
            (1...4).allSatisfy({ index in context.constant(index)?.shape.count == shape[1] })
        else { throw context.attributes.malformed("its parameters do not fit \(shape)") }
        try emit(
            context, .batchNormalization(epsilon: context.attributes.float("epsilon", default: 1e-5)),
            inputs: [0, 1, 2, 3, 4], shapes: [shape])
    }

    private mutating func importSoftmax(_ context: NodeContext) throws(OnnxError) {
        let shape = try inputShape(context)
        // Before opset 13 everything from the axis on is one row; since then one axis alone.
        let axis = try context.axis(
            context.attributes.int("axis", default: opset < 13 ? 1 : -1), rank: max(1, shape.rank))
        try emit(
            context,
            .softmax(
                axes: opset < 13 ? Array(axis..<shape.rank) : [axis],
                logarithmic: context.proto.opType == "LogSoftmax"),
            inputs: [0], shapes: [shape])
    }

    private mutating func importReduction(_ context: NodeContext) throws(OnnxError) {
        let shape = try inputShape(context)
        guard let reduction = Reduction(rawValue: context.proto.opType) else {
            throw context.attributes.unsupported("this form")
        }
        let listed = try context.integers(attribute: "axes", input: 1) ?? []
        if listed.isEmpty, context.attributes.int("noop_with_empty_axes", default: 0) != 0,
            let value = context.values[0]
        {
            alias(context, to: value)
            return
        }
        var axes: Set<Int> = []
        for axis in listed { axes.insert(try context.axis(axis, rank: shape.rank)) }
        if axes.isEmpty { axes = Set(0..<shape.rank) }
        let keeps = context.attributes.int("keepdims", default: 1) != 0
        let dimensions = (0..<shape.rank).compactMap { axis in
            axes.contains(axis) ? (keeps ? 1 : nil) : shape[axis]
        }
        try emit(
            context, .reduce(reduction, axes: axes.sorted(), keepsDimensions: keeps), inputs: [0],
            shapes: [Shape(dimensions)])
    }
}

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

    private mutating func unary(_ context: NodeContext) throws(OnnxError) -> Unary? {
        let attributes = context.attributes
        switch context.proto.opType {
        case "Relu": return .relu
        case "Clip":
            let function = try clip(context)
            if case .clip(let minimum, let maximum) = function { noteClippedCodes(context, minimum, maximum) }
            return function
        case "LeakyRelu": return .leakyRelu(slope: attributes.float("alpha", default: 0.01))
        case "Sigmoid": return .sigmoid
        case "HardSigmoid":
            return .hardSigmoid(
                alpha: attributes.float("alpha", default: 0.2), beta: attributes.float("beta", default: 0.5))
        case "HardSwish": return .hardSwish
        case "Tanh": return .tanh
        case "Softplus": return .softplus
        case "Mish": return .mish
        case "Erf": return .erf
        case "Elu": return .elu(alpha: attributes.float("alpha", default: 1))
        case "Selu":
            return .selu(
                alpha: attributes.float("alpha", default: 1.67326319),
                gamma: attributes.float("gamma", default: 1.05070102))
        case "Gelu": return .gelu(approximate: attributes.string("approximate", default: "none") == "tanh")
        case "Sqrt": return .sqrt
        case "Exp": return .exp
        case "Log": return .log
        case "Neg": return .negate
        case "Abs": return .absolute
        case "Reciprocal": return .reciprocal
        case "Floor": return .floor
        case "Ceil": return .ceil
        case "Round": return .round
        case "Sign": return .sign
        case "Not": return .not
        default: return nil
        }
    }

    /// The bounds were attributes before opset 11 and are inputs since.
    private func clip(_ context: NodeContext) throws(OnnxError) -> Unary {
        let attributes = context.attributes
        var bounds: [Float] = [
            attributes.float("min", default: -.infinity), attributes.float("max", default: .infinity),
        ]
        for (index, input) in [1, 2].enumerated() where context.has(input) {
            guard let value = context.constant(input)?.real.values.first else {
                throw attributes.unsupported("bounds that are not known at load")
            }
            bounds[index] = value
        }
        guard bounds[0] <= bounds[1] else { throw attributes.malformed("bounds \(bounds[0]) and \(bounds[1])") }
        return .clip(minimum: bounds[0], maximum: bounds[1])
    }

    private mutating func importGemm(_ context: NodeContext) throws(OnnxError) {
        let attributes = context.attributes
        let (transposeA, transposeB) = (
            attributes.int("transA", default: 0) != 0, attributes.int("transB", default: 0) != 0
        )
        let a = try inputShape(context)
        guard context.has(1), let weights = context.values[1] else { throw attributes.malformed("it has no B") }
        let b = shape(of: weights)
        guard a.rank == 2, b.rank == 2, a[transposeA ? 0 : 1] == b[transposeB ? 1 : 0] else {
            throw attributes.malformed("shapes \(a) and \(b) do not multiply")
        }
        let output: Shape = [a[transposeA ? 1 : 0], b[transposeB ? 0 : 1]]
        if context.has(2), let bias = context.values[2], broadcast(shape(of: bias), output) != output {
            throw attributes.malformed("its C does not fit \(output)")
        }
        try emit(
            context,
            .gemm(
                alpha: attributes.float("alpha", default: 1), beta: attributes.float("beta", default: 1),
                transposeA: transposeA, transposeB: transposeB), inputs: [0, 1, context.has(2) ? 2 : nil],
            shapes: [output])
    }

    private mutating func importMatrixProduct(_ context: NodeContext) throws(OnnxError) {
        guard context.has(0), context.has(1), let left = context.values[0], let right = context.values[1] else {
            throw context.attributes.malformed("it needs two inputs")
        }
        let (a, b) = (shape(of: left), shape(of: right))
        if a.rank == 1 || b.rank == 1 {
            try importVectorProduct(context, left, right)
            return
        }
        guard a.rank >= 2, b.rank >= 2, a[a.rank - 1] == b[b.rank - 2],
            let outer = broadcast(Shape(Array(a.dimensions.dropLast(2))), Shape(Array(b.dimensions.dropLast(2))))
        else { throw context.attributes.unsupported("shapes \(a) and \(b)") }
        try emit(
            context, .matrixProduct, inputs: [0, 1],
            shapes: [Shape(outer.dimensions + [a[a.rank - 2], b[b.rank - 1]])])
    }

    /// A vector counts as one row on the left and one column on the right; the result loses that axis again.
    private mutating func importVectorProduct(
        _ context: NodeContext, _ left: Value, _ right: Value
    ) throws(OnnxError) {
        let (a, b) = (shape(of: left), shape(of: right))
        let rows = a.rank == 1 ? Shape([1] + a.dimensions) : a
        let columns = b.rank == 1 ? Shape(b.dimensions + [1]) : b
        guard rows.rank >= 2, columns.rank >= 2, rows[rows.rank - 1] == columns[columns.rank - 2],
            let outer = broadcast(
                Shape(Array(rows.dimensions.dropLast(2))), Shape(Array(columns.dimensions.dropLast(2))))
        else { throw context.attributes.unsupported("shapes \(a) and \(b)") }
        let first = intermediate(context, .reshape, [id(of: left, named: context.proto.input[0])], rows)
        let second = intermediate(context, .reshape, [id(of: right, named: context.proto.input[1])], columns)
        let product = outer.dimensions + [rows[rows.rank - 2], columns[columns.rank - 1]]
        let result = intermediate(context, .matrixProduct, [first, second], Shape(product))
        let kept =
            outer.dimensions + (a.rank == 1 ? [] : [rows[rows.rank - 2]]) + (b.rank == 1 ? [] : [product.last ?? 1])
        emit(context, .reshape, ids: [result], shapes: [Shape(kept)])
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

    private mutating func importElementwise(_ context: NodeContext) throws(OnnxError) {
        let function: Elementwise
        switch context.proto.opType {
        case "Sum": function = .add
        case let type:
            guard let known = Elementwise(rawValue: type) else { throw context.attributes.unsupported("this form") }
            function = known
        }
        var shape = try inputShape(context)
        if opset < 7, context.values.count == 2, try importLegacyBroadcast(context, function, shape) { return }
        for value in context.values.dropFirst() {
            guard let value, let common = broadcast(shape, self.shape(of: value)) else {
                throw context.attributes.malformed("shapes that do not broadcast")
            }
            shape = common
        }
        if context.values.count == 1, let value = context.values[0] {
            alias(context, to: value)
            return
        }
        try emit(context, .elementwise(function), inputs: Array(context.values.indices), shapes: [shape])
    }

    /// Before opset 7 the second operand is placed along the axes from `axis` on.
    private mutating func importLegacyBroadcast(
        _ context: NodeContext, _ function: Elementwise, _ shape: Shape
    ) throws(OnnxError) -> Bool {
        guard context.attributes.int("broadcast", default: 0) != 0, context.attributes.has("axis"),
            let left = context.values[0], let right = context.values[1]
        else { return false }
        let own = self.shape(of: right)
        let axis = try context.axis(context.attributes.int("axis", default: 0), rank: max(1, shape.rank))
        guard axis + own.rank <= shape.rank else { throw context.attributes.malformed("its axis") }
        let operand = aligned(context, input: 1, at: axis, rank: shape.rank)
        guard broadcast(shape, tensors[operand.index].shape) == shape else {
            throw context.attributes.malformed("shapes that do not broadcast")
        }
        emit(
            context, .elementwise(function), ids: [id(of: left, named: context.proto.input[0]), operand],
            shapes: [shape])
        return true
    }

    /// An input with axes of 1 behind its own, so that these come to lie at `axis` of a tensor of `rank` axes.
    private mutating func aligned(_ context: NodeContext, input: Int, at axis: Int, rank: Int) -> TensorID {
        guard let value = context.values[input] else { preconditionFailure("the input was checked") }
        let own = shape(of: value)
        let dimensions = own.dimensions + [Int](repeating: 1, count: max(0, rank - axis - own.rank))
        if case .constant(let constant) = value {
            let name = "\(context.proto.input[input]) at \(axis) of \(rank)"
            return id(
                of: .constant(.real(Tensor(shape: Shape(dimensions), values: constant.real.values))), named: name)
        }
        return intermediate(
            context, .reshape, [id(of: value, named: context.proto.input[input])], Shape(dimensions))
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

    private mutating func importConcatenation(_ context: NodeContext) throws(OnnxError) {
        let first = try inputShape(context)
        let axis = try context.axis(context.attributes.int("axis", default: 1), rank: first.rank)
        var extent = 0
        for value in context.values {
            guard let value else { throw context.attributes.malformed("an input is missing") }
            let part = shape(of: value)
            guard part.rank == first.rank,
                (0..<first.rank).allSatisfy({ $0 == axis || part[$0] == first[$0] })
            else { throw context.attributes.malformed("shapes \(first) and \(part) do not join on axis \(axis)") }
            extent += part[axis]
        }
        var dimensions = first.dimensions
        dimensions[axis] = extent
        try emit(
            context, .concatenate(axis: axis), inputs: Array(context.values.indices), shapes: [Shape(dimensions)])
    }

    private mutating func importSplit(_ context: NodeContext) throws(OnnxError) {
        let shape = try inputShape(context)
        let axis = try context.axis(context.attributes.int("axis", default: 0), rank: shape.rank)
        let parts = context.proto.output.count
        let sizes: [Int]
        if let listed = try context.integers(attribute: "split", input: 1) {
            sizes = listed
        } else {
            let length = (shape[axis] + parts - 1) / max(1, parts)
            sizes = (0..<parts).map { min(length, shape[axis] - $0 * length) }
        }
        guard sizes.count == parts, sizes.allSatisfy({ $0 > 0 || $0 == 0 && allowsEmpty }),
            sizes.reduce(0, +) == shape[axis]
        else {
            throw context.attributes.malformed("sizes \(sizes) of \(shape[axis])")
        }
        let shapes = sizes.map { size in
            var dimensions = shape.dimensions
            dimensions[axis] = size
            return Shape(dimensions)
        }
        try emit(context, .split(axis: axis, sizes: sizes), inputs: [0], shapes: shapes)
    }

    private mutating func importPad(_ context: NodeContext) throws(OnnxError) {
        var shape = try inputShape(context)
        let attributes = context.attributes
        guard let value = context.values[0], let listed = try context.integers(attribute: "pads", input: 1) else {
            throw attributes.malformed("it names no pads")
        }
        var fill = attributes.float("value", default: 0)
        if context.has(2) {
            guard let constant = context.constant(2)?.real.values.first else {
                throw attributes.unsupported("a value that is not known at load")
            }
            fill = constant
        }
        var axes = Array(0..<shape.rank)
        if context.has(3) {
            guard let named = context.constant(3)?.integers else {
                throw attributes.unsupported("axes that are not known at load")
            }
            axes = []
            for axis in named { axes.append(try context.axis(Int(clamping: axis), rank: shape.rank)) }
        }
        guard listed.count == 2 * axes.count, listed.allSatisfy({ (-(1 << 24)...1 << 24).contains($0) }) else {
            throw attributes.malformed("pads \(listed) for \(shape)")
        }
        var before = [Int](repeating: 0, count: shape.rank)
        var after = before
        for (entry, axis) in axes.enumerated() {
            before[axis] = listed[entry]
            after[axis] = listed[entry + axes.count]
        }
        // Negative pads cut off.
        let cut = (before: before.map { max(0, -$0) }, after: after.map { max(0, -$0) })
        var source = id(of: value, named: context.proto.input[0])
        if listed.contains(where: { $0 < 0 }) {
            let rest = (0..<shape.rank).map { shape[$0] - cut.before[$0] - cut.after[$0] }
            guard rest.allSatisfy({ $0 > 0 }) else { throw attributes.malformed("pads \(listed) for \(shape)") }
            source = intermediate(
                context, .slice(starts: cut.before, steps: rest.map { _ in 1 }), [source], Shape(rest))
            (shape, before, after) = (Shape(rest), before.map { max(0, $0) }, after.map { max(0, $0) })
        }
        let mode: PadMode
        switch attributes.string("mode", default: "constant") {
        case "constant": mode = .constant(fill)
        case "edge": mode = .edge
        case "wrap": mode = .wrap
        case "reflect":
            guard (0..<shape.rank).allSatisfy({ max(before[$0], after[$0]) < shape[$0] }) else {
                throw attributes.malformed("a reflection wider than its input")
            }
            mode = .reflect
        case let other: throw attributes.unsupported("mode '\(other)'")
        }
        guard let output = Shape(validating: (0..<shape.rank).map { before[$0] + shape[$0] + after[$0] }) else {
            throw attributes.malformed("pads \(listed)")
        }
        emit(context, .pad(before: before, after: after, mode: mode), ids: [source], shapes: [output])
    }
}

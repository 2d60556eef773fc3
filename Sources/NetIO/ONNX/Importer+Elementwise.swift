import Net
import OnnxProto

/// Functions of each element, of one input or of several.
extension Importer {
    /// The function that a node applies to each element, if it is one.
    mutating func unary(_ context: NodeContext) throws(OnnxError) -> Unary? {
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

    mutating func importElementwise(_ context: NodeContext) throws(OnnxError) {
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
    mutating func aligned(_ context: NodeContext, input: Int, at axis: Int, rank: Int) -> TensorID {
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
}

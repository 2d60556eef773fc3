import Net
import OnnxProto

/// Nodes whose result is known at load: constants, names, shape arithmetic.
extension Importer {
    /// Resolves a node at load if that is possible; false if it has to run.
    mutating func fold(_ context: NodeContext) throws(OnnxError) -> Bool {
        switch context.proto.opType {
        case "Constant":
            define(context, try constantNode(context))
            return true
        case "Identity", "Dropout":
            guard let value = context.values.first ?? nil else {
                throw context.attributes.malformed("it has no input")
            }
            if context.proto.output.count > 1, isRead(context.proto.output[1]) {
                // Nothing is dropped, so the mask keeps everything.
                let shape = shape(of: value)
                values(context.proto.output[1], are: .integer(shape, [Int64](repeating: 1, count: shape.count)))
            }
            alias(context, to: value)
            return true
        case "Shape":
            guard let value = context.values.first ?? nil else {
                throw context.attributes.malformed("it has no input")
            }
            let dimensions = shape(of: value).dimensions
            let start = clamp(context.attributes.int("start", default: 0), dimensions.count)
            let end = clamp(context.attributes.int("end", default: dimensions.count), dimensions.count)
            let part = start < end ? dimensions[start..<end].map(Int64.init) : []
            define(context, .integer([part.count], part))
            return true
        case "Size":
            guard let value = context.values.first ?? nil else {
                throw context.attributes.malformed("it has no input")
            }
            define(context, .integer([], [Int64(shape(of: value).count)]))
            return true
        case "Cast":
            guard let value = context.values.first ?? nil else {
                throw context.attributes.malformed("it has no input")
            }
            return try cast(context, value)
        default: break
        }
        guard context.values.allSatisfy({ if case .runtime? = $0 { false } else { true } }) else { return false }
        var result = try ConstantFolding(context: context).result()
        if result == nil { result = try foldedCodes(context) }
        guard let result else { return false }
        define(context, result)
        return true
    }

    /// Constants that become codes, codes that become real, and clipped codes.
    private func foldedCodes(_ context: NodeContext) throws(OnnxError) -> Constant? {
        switch context.proto.opType {
        case "QuantizeLinear":
            let range = try codeRange(context)
            return try BlockScales(context).map { (value: Double, scale: Double, zero: Double) in
                Int64(
                    min(
                        max((value / scale).rounded(.toNearestOrEven) + zero, Double(range.lowerBound)),
                        Double(range.upperBound)))
            }
        case "DequantizeLinear":
            return try BlockScales(context).map { (value: Double, scale: Double, zero: Double) in
                Float((value - zero) * scale)
            }
        case "Clip":
            guard case .integer(let shape, let values)? = context.constant(0) else { return nil }
            let low = context.constant(1)?.integers?.first ?? .min
            let high = context.constant(2)?.integers?.first ?? .max
            guard low <= high else { throw context.attributes.malformed("its bounds") }
            return .integer(shape, values.map { min(max($0, low), high) })
        default: return nil
        }
    }

    private func clamp(_ index: Int, _ count: Int) -> Int { min(max(index < 0 ? index + count : index, 0), count) }

    private func constantNode(_ context: NodeContext) throws(OnnxError) -> Constant {
        let attributes = context.attributes
        if let tensor = attributes.tensor("value"), attributes.has("value") { return try decode(tensor) }
        if attributes.has("value_int") { return .integer([], [Int64(attributes.int("value_int", default: 0))]) }
        if attributes.has("value_float") {
            return .real(Tensor(shape: [], values: [attributes.float("value_float", default: 0)]))
        }
        if let values = attributes.ints("value_ints") { return .integer([values.count], values.map(Int64.init)) }
        if let values = attributes.floats("value_floats"), attributes.has("value_floats") {
            return .real(Tensor(shape: [values.count], values: values))
        }
        throw attributes.unsupported("only tensor, integer and real constants are supported")
    }

    /// Real types are one type here; integers become real and back only for values known at load.
    private mutating func cast(_ context: NodeContext, _ value: Value) throws(OnnxError) -> Bool {
        guard let target = context.targetType else { throw context.attributes.unsupported("its target type") }
        switch value {
        case .runtime:
            guard target == .real else { return false }
            alias(context, to: value)
        case .constant(let constant):
            switch (constant, target) {
            case (_, .truth):
                define(context, .integer(constant.shape, constant.doubles.map { $0 == 0 ? 0 : 1 }))
            case (.integer, .integer): define(context, constant)
            case (.integer, _): define(context, .real(constant.real))
            case (.real(let tensor), .integer):
                guard tensor.values.allSatisfy({ abs($0) < 0x1p62 }) else {
                    throw context.attributes.malformed("a value too large for an integer")
                }
                define(context, .integer(tensor.shape, tensor.values.map { Int64($0) }))
            case (.real, _): define(context, constant)
            }
        }
        return true
    }
}

/// What a cast makes: double precision counts as single.
enum CastTarget {
    case real, half, brain, integer, truth
}

extension NodeContext {
    /// The type that a Cast node names, by number or, before opset 6, by name.
    var targetType: CastTarget? {
        let names = ["FLOAT": 1, "DOUBLE": 11, "FLOAT16": 10, "BFLOAT16": 16, "BOOL": 9, "INT32": 6, "INT64": 7]
        let named = names[attributes.string("to", default: "")]
        switch named ?? attributes.int("to", default: 0) {
        case 1, 11: return .real
        case 10: return .half
        case 16: return .brain
        case 9: return .truth
        case 2...7, 12, 13: return .integer
        default: return nil
        }
    }
}

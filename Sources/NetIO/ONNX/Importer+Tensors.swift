import Net
import OnnxProto

/// Operators that pick, repeat, choose or cast elements.
extension Importer {
    mutating func importGather(_ context: NodeContext) throws(OnnxError) {
        let data = try inputShape(context)
        guard context.has(1), let value = context.values[1] else {
            throw context.attributes.malformed("no indices")
        }
        let axis = try context.axis(context.attributes.int("axis", default: 0), rank: data.rank)
        let indices = shape(of: value)
        if let known = context.constant(1)?.integers {
            let extent = Int64(data[axis])
            guard known.allSatisfy({ (-extent..<extent).contains($0) }) else {
                throw context.attributes.malformed("an index outside 0..<\(extent)")
            }
        }
        let dimensions =
            Array(data.dimensions[..<axis]) + indices.dimensions + Array(data.dimensions[(axis + 1)...])
        guard let shape = Shape(validating: dimensions), shape.count < 1 << 32, data[axis] > 0 else {
            throw context.attributes.malformed("its result is too large")
        }
        try emit(context, .gather(axis: axis), inputs: [0, 1], shapes: [shape])
    }

    mutating func importExpand(_ context: NodeContext) throws(OnnxError) {
        let shape = try inputShape(context)
        guard let listed = context.constant(1)?.integers,
            let wanted = Shape(validating: listed.map { Int(clamping: $0) }),
            let result = broadcast(shape, wanted), result.count < 1 << 32
        else { throw context.attributes.unsupported("its shape has to be known at load and to fit \(shape)") }
        try emit(context, .expand, inputs: [0], shapes: [result])
    }

    mutating func importTile(_ context: NodeContext) throws(OnnxError) {
        let shape = try inputShape(context)
        var repeats = [Int](repeating: 1, count: shape.rank)
        guard let listed = context.constant(1)?.integers else {
            throw context.attributes.unsupported("its repeats have to be known at load")
        }
        if opset < 6, let axis = context.constant(2)?.integers?.first, listed.count == 1 {
            repeats[try context.axis(Int(clamping: axis), rank: shape.rank)] = Int(clamping: listed[0])
        } else {
            guard listed.count == shape.rank else { throw context.attributes.malformed("one repeat per axis") }
            repeats = listed.map { Int(clamping: $0) }
        }
        guard repeats.allSatisfy({ (0...1 << 24).contains($0) }),
            let result = Shape(validating: zip(shape.dimensions, repeats).map(*)), result.count < 1 << 32
        else { throw context.attributes.malformed("repeats \(repeats)") }
        try emit(context, .tile(repeats: repeats), inputs: [0], shapes: [result])
    }

    mutating func importArgumentOfMaximum(_ context: NodeContext) throws(OnnxError) {
        let shape = try inputShape(context)
        let axis = try context.axis(context.attributes.int("axis", default: 0), rank: shape.rank)
        let keeps = context.attributes.int("keepdims", default: 1) != 0
        guard shape[axis] > 0 else { throw context.attributes.malformed("an empty axis") }
        let dimensions = shape.dimensions.indices.compactMap { $0 == axis ? (keeps ? 1 : nil) : shape[$0] }
        try emit(
            context,
            .argumentOfMaximum(
                axis: axis, keepsDimensions: keeps,
                selectsLast: context.attributes.int("select_last_index", default: 0) != 0),
            inputs: [0], shapes: [Shape(dimensions)])
    }

    mutating func importWhere(_ context: NodeContext) throws(OnnxError) {
        var shape = try inputShape(context)
        guard context.values.count == 3 else { throw context.attributes.malformed("it needs three inputs") }
        for value in context.values.dropFirst() {
            guard let value, let common = broadcast(shape, self.shape(of: value)) else {
                throw context.attributes.malformed("shapes that do not broadcast")
            }
            shape = common
        }
        try emit(context, .choose, inputs: [0, 1, 2], shapes: [shape])
    }

    /// Casts of computed values; integers and truth values are held as floats.
    mutating func importCast(_ context: NodeContext) throws(OnnxError) {
        let shape = try inputShape(context)
        let function: Unary
        switch context.targetType {
        case .half: function = .half
        case .brain: function = .brain
        case .truth: function = .isNonzero
        case .integer: function = .truncate
        case .real, nil: throw context.attributes.unsupported("its target type")
        }
        try emit(context, .unary(function), inputs: [0], shapes: [shape])
    }

    /// Blocks of channels become blocks of pixels, or the other way round: a change of shape around a transposition.
    mutating func importBlocks(_ context: NodeContext) throws(OnnxError) {
        let input = try inputShape(context)
        let size = context.attributes.int("blocksize", default: 0)
        guard input.rank == 4, (1...1 << 12).contains(size) else {
            throw context.attributes.malformed("its blocks")
        }
        let (images, channels, height, width) = (input[0], input[1], input[2], input[3])
        let (split, order, merged): ([Int], [Int], [Int])
        if context.proto.opType == "DepthToSpace" {
            guard channels % (size * size) == 0 else { throw context.attributes.malformed("\(channels) channels") }
            let depth = channels / (size * size)
            let isColumnRow = context.attributes.string("mode", default: "DCR") == "CRD"
            split =
                isColumnRow
                ? [images, depth, size, size, height, width] : [images, size, size, depth, height, width]
            order = isColumnRow ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]
            merged = [images, depth, height * size, width * size]
        } else {
            guard height % size == 0, width % size == 0 else { throw context.attributes.malformed("its \(input)") }
            split = [images, channels, height / size, size, width / size, size]
            order = [0, 3, 5, 1, 2, 4]
            merged = [images, channels * size * size, height / size, width / size]
        }
        guard let value = context.values[0] else { throw context.attributes.malformed("it has no input") }
        let source = id(of: value, named: context.proto.input[0])
        let apart = intermediate(context, .reshape, [source], Shape(split))
        let moved = intermediate(
            context, .transpose(permutation: order), [apart], Shape(order.map { split[$0] }))
        emit(context, .reshape, ids: [moved], shapes: [Shape(merged)])
    }

    mutating func importRange(_ context: NodeContext) throws(OnnxError) {
        guard let bounds = RangeBounds(context) else {
            throw context.attributes.unsupported("its bounds have to be known at load")
        }
        define(context, try bounds.constant())
    }
}

/// Start, limit and step of a Range.
struct RangeBounds {
    private let bounds: [Constant]
    private let attributes: Attributes

    /// The bounds, if they are known.
    init?(_ context: NodeContext) {
        bounds = (0..<3).compactMap(context.constant)
        attributes = context.attributes
        guard bounds.count == 3, bounds.allSatisfy({ $0.shape.count == 1 }) else { return nil }
    }

    /// All the values.
    func constant() throws(OnnxError) -> Constant {
        let values = bounds.map { $0.doubles[0] }
        let count = ((values[1] - values[0]) / values[2]).rounded(.up)
        guard count.isFinite, count < 0x1p24 else { throw attributes.malformed("a range of \(count) values") }
        let length = max(0, Int(count))
        let whole = bounds.compactMap { $0.integers?.first }
        if whole.count == 3 { return .integer([length], (0..<length).map { whole[0] &+ Int64($0) &* whole[2] }) }
        return .real(
            Tensor(shape: [length], values: (0..<length).map { Float(values[0] + Double($0) * values[2]) }))
    }
}

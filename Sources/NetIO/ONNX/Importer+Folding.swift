import Glibc
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

/// The evaluation of one node whose inputs are all known.
struct ConstantFolding {
    let context: NodeContext

    /// Results of more elements than this are refused: shape arithmetic is small.
    private static let largestResult = 1 << 26

    /// The result, or `nil` for an operator that is not evaluated at load.
    func result() throws(OnnxError) -> Constant? {
        let first = context.constant(0)
        switch context.proto.opType {
        case "Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Equal", "Less", "Greater", "And", "Or":
            return try elementwise()
        case "Not":
            return first.map { .integer($0.shape, $0.doubles.map { $0 == 0 ? 1 : 0 }) }
        case "Where": return try choose()
        case "Expand":
            guard let first, let listed = context.constant(1)?.integers,
                let wanted = Shape(validating: listed.map { Int(clamping: $0) }),
                let shape = broadcast(first.shape, wanted), shape.count <= ConstantFolding.largestResult
            else { throw context.attributes.malformed("its shape") }
            return select(first, shape) { index in
                first.shape.dimensions.indices.map { axis in
                    first.shape[axis] == 1 ? 0 : index[axis + shape.rank - first.shape.rank]
                }
            }
        case "Range": return try RangeBounds(context)?.constant()
        case "Neg", "Sqrt", "Floor", "Ceil", "Exp", "Abs", "Reciprocal": return first.map(unary)
        case "Reshape", "Flatten", "Squeeze", "Unsqueeze":
            guard let first else { return nil }
            let shape = try ReshapeTarget(context: context, batch: nil).shape(for: first.shape)
            return reshaped(first, shape)
        case "Gather": return try gather()
        case "Concat": return try concatenate()
        case "Slice": return try slice()
        case "Transpose":
            guard let first else { return nil }
            let order = context.attributes.ints("perm") ?? Array((0..<first.shape.rank).reversed())
            guard order.sorted() == Array(0..<first.shape.rank) else {
                throw context.attributes.malformed("its permutation \(order)")
            }
            return select(first, Shape(order.map { first.shape[$0] })) { index in
                var source = [Int](repeating: 0, count: index.count)
                for (axis, from) in order.enumerated() { source[from] = index[axis] }
                return source
            }
        case "ConstantOfShape":
            guard let dimensions = first?.integers?.map({ Int(clamping: $0) }),
                let shape = Shape(validating: dimensions), shape.count <= ConstantFolding.largestResult
            else { throw context.attributes.malformed("its shape") }
            guard let proto = context.attributes.tensor("value"), context.attributes.has("value") else {
                return .real(Tensor(shape: shape, values: [Float](repeating: 0, count: shape.count)))
            }
            switch try TensorDecoder(directory: ".").decode(proto) {
            case .real(let value):
                let fill = value.values.first ?? 0
                return .real(Tensor(shape: shape, values: [Float](repeating: fill, count: shape.count)))
            case .integer(_, let value):
                return .integer(shape, [Int64](repeating: value.first ?? 0, count: shape.count))
            }
        default: return nil
        }
    }

    private func reshaped(_ constant: Constant, _ shape: Shape) -> Constant {
        switch constant {
        case .real(let tensor): .real(Tensor(shape: shape, values: tensor.values))
        case .integer(_, let values): .integer(shape, values)
        }
    }

    private func unary(_ constant: Constant) -> Constant {
        let function: (Double) -> Double =
            switch context.proto.opType {
            case "Neg": { -$0 }
            case "Sqrt": { $0.squareRoot() }
            case "Floor": { $0.rounded(.down) }
            case "Ceil": { $0.rounded(.up) }
            case "Exp": { exp($0) }
            case "Abs": { abs($0) }
            default: { 1 / $0 }
            }
        if case .integer(let shape, let values) = constant, ["Neg", "Abs"].contains(context.proto.opType) {
            return .integer(
                shape, values.map { context.proto.opType == "Neg" ? 0 &- $0 : Int64(clamping: $0.magnitude) })
        }
        return .real(Tensor(shape: constant.shape, values: constant.doubles.map { Float(function($0)) }))
    }

    private func elementwise() throws(OnnxError) -> Constant? {
        guard let left = context.constant(0), let right = context.constant(1), context.values.count == 2 else {
            return nil
        }
        guard let shape = broadcast(left.shape, right.shape), shape.count <= ConstantFolding.largestResult else {
            throw context.attributes.malformed("shapes \(left.shape) and \(right.shape) do not broadcast")
        }
        let type = context.proto.opType
        if case .integer(_, let a) = left, case .integer(_, let b) = right {
            var values: [Int64] = []
            for (i, j) in broadcastIndices(left.shape, right.shape, shape) {
                values.append(try integer(type, a[i], b[j]))
            }
            return .integer(shape, values)
        }
        let (a, b) = (left.doubles, right.doubles)
        let comparisons: [String: (Double, Double) -> Bool] = ["Equal": (==), "Less": (<), "Greater": (>)]
        if let compare = comparisons[type] {
            return .integer(
                shape, broadcastIndices(left.shape, right.shape, shape).map { i, j in compare(a[i], b[j]) ? 1 : 0 })
        }
        let values = broadcastIndices(left.shape, right.shape, shape).map { i, j in Float(real(type, a[i], b[j])) }
        return .real(Tensor(shape: shape, values: values))
    }

    private func integer(_ type: String, _ a: Int64, _ b: Int64) throws(OnnxError) -> Int64 {
        let result: (partialValue: Int64, overflow: Bool) =
            switch type {
            case "Add": a.addingReportingOverflow(b)
            case "Sub": a.subtractingReportingOverflow(b)
            case "Mul": a.multipliedReportingOverflow(by: b)
            case "Div": a.dividedReportingOverflow(by: b)
            case "Equal": (a == b ? 1 : 0, false)
            case "Less": (a < b ? 1 : 0, false)
            case "Greater": (a > b ? 1 : 0, false)
            case "And": (a != 0 && b != 0 ? 1 : 0, false)
            case "Or": (a != 0 || b != 0 ? 1 : 0, false)
            case "Max": (max(a, b), false)
            case "Min": (min(a, b), false)
            default: (Int64(clamping: Int(pow(Double(a), Double(b)).clamped(to: -0x1p62...0x1p62))), false)
            }
        guard !result.overflow else { throw context.attributes.malformed("integer overflow or division by zero") }
        return result.partialValue
    }

    private func real(_ type: String, _ a: Double, _ b: Double) -> Double {
        switch type {
        case "Add": a + b
        case "Sub": a - b
        case "Mul": a * b
        case "Div": a / b
        case "Max": max(a, b)
        case "Min": min(a, b)
        default: pow(a, b)
        }
    }

    private func choose() throws(OnnxError) -> Constant? {
        guard let condition = context.constant(0), let x = context.constant(1), let y = context.constant(2) else {
            return nil
        }
        guard let pair = broadcast(x.shape, y.shape), let shape = broadcast(condition.shape, pair),
            shape.count <= ConstantFolding.largestResult
        else { throw context.attributes.malformed("shapes that do not broadcast") }
        func positions(_ operand: Shape) -> [Int] { broadcastIndices(operand, shape, shape).map(\.0) }
        let (ofX, ofY) = (positions(x.shape), positions(y.shape))
        let takesX = positions(condition.shape).map { condition.doubles[$0] != 0 }
        if let a = x.integers, let b = y.integers {
            return .integer(shape, takesX.indices.map { takesX[$0] ? a[ofX[$0]] : b[ofY[$0]] })
        }
        let (a, b) = (x.real.values, y.real.values)
        return .real(Tensor(shape: shape, values: takesX.indices.map { takesX[$0] ? a[ofX[$0]] : b[ofY[$0]] }))
    }

    private func gather() throws(OnnxError) -> Constant? {
        guard let data = context.constant(0), let indices = context.constant(1), let at = indices.integers else {
            return nil
        }
        let axis = try context.axis(context.attributes.int("axis", default: 0), rank: data.shape.rank)
        let extent = data.shape[axis]
        let positions = at.map { Int(clamping: $0 < 0 ? $0 + Int64(extent) : $0) }
        guard positions.allSatisfy({ (0..<extent).contains($0) }) else {
            throw context.attributes.malformed("an index outside 0..<\(extent)")
        }
        let dimensions =
            Array(data.shape.dimensions[..<axis]) + indices.shape.dimensions
            + Array(data.shape.dimensions[(axis + 1)...])
        guard let shape = Shape(validating: dimensions), shape.count <= ConstantFolding.largestResult else {
            throw context.attributes.malformed("its result is too large")
        }
        let strides = indices.shape.strides
        return select(data, shape) { index in
            let inner = zip(index[axis..<axis + indices.shape.rank], strides).reduce(0) { $0 + $1.0 * $1.1 }
            return Array(index[..<axis]) + [positions[inner]] + Array(index[(axis + indices.shape.rank)...])
        }
    }

    private func concatenate() throws(OnnxError) -> Constant? {
        let parts = context.values.indices.compactMap(context.constant)
        guard let first = parts.first, parts.count == context.values.count else { return nil }
        let axis = try context.axis(context.attributes.int("axis", default: 0), rank: first.shape.rank)
        guard
            parts.allSatisfy({ part in
                part.shape.rank == first.shape.rank
                    && (0..<first.shape.rank).allSatisfy { $0 == axis || part.shape[$0] == first.shape[$0] }
            })
        else { throw context.attributes.malformed("shapes that do not match") }
        var dimensions = first.shape.dimensions
        dimensions[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
        let shape = Shape(dimensions)
        let outer = first.shape.dimensions[..<axis].reduce(1, *)
        func joined<Value>(_ values: [[Value]]) -> [Value] {
            var result: [Value] = []
            for row in 0..<outer {
                for (part, constant) in zip(values, parts) {
                    let length = constant.shape.count / max(1, outer)
                    result += part[row * length..<(row + 1) * length]
                }
            }
            return result
        }
        let integers = parts.compactMap(\.integers)
        if integers.count == parts.count { return .integer(shape, joined(integers)) }
        return .real(Tensor(shape: shape, values: joined(parts.map(\.real.values))))
    }

    private func slice() throws(OnnxError) -> Constant? {
        guard let data = context.constant(0) else { return nil }
        let bounds = try SliceBounds(context: context, shape: data.shape)
        return select(data, bounds.outputShape) { index in
            index.indices.map { bounds.starts[$0] + index[$0] * bounds.steps[$0] }
        }
    }

    /// A constant of another shape whose element at each index is `source`'s at the index that `map` gives.
    private func select(_ source: Constant, _ shape: Shape, _ map: ([Int]) -> [Int]) -> Constant {
        let strides = source.shape.strides
        var positions: [Int] = []
        positions.reserveCapacity(shape.count)
        var index = [Int](repeating: 0, count: shape.rank)
        for _ in 0..<shape.count {
            positions.append(zip(map(index), strides).reduce(0) { $0 + $1.0 * $1.1 })
            var axis = shape.rank - 1
            while axis >= 0 {
                index[axis] += 1
                if index[axis] < shape[axis] { break }
                index[axis] = 0
                axis -= 1
            }
        }
        switch source {
        case .real(let tensor): return .real(Tensor(shape: shape, values: positions.map { tensor.values[$0] }))
        case .integer(_, let values): return .integer(shape, positions.map { values[$0] })
        }
    }
}

/// The common shape of two operands by numpy's rules; `nil` if they do not fit.
func broadcast(_ left: Shape, _ right: Shape) -> Shape? {
    let rank = max(left.rank, right.rank)
    var dimensions = [Int](repeating: 1, count: rank)
    for axis in 0..<rank {
        let a = axis + left.rank >= rank ? left[axis + left.rank - rank] : 1
        let b = axis + right.rank >= rank ? right[axis + right.rank - rank] : 1
        guard a == b || a == 1 || b == 1 else { return nil }
        dimensions[axis] = a == 1 ? b : a
    }
    return Shape(validating: dimensions)
}

/// For each element of `shape`, the positions of the operands' elements that meet there.
private func broadcastIndices(_ left: Shape, _ right: Shape, _ shape: Shape) -> [(Int, Int)] {
    func positions(_ operand: Shape) -> [Int] {
        let strides = operand.strides
        return (0..<shape.count).map { flat in
            var rest = flat
            var position = 0
            for axis in stride(from: shape.rank - 1, through: 0, by: -1) {
                let index = rest % shape[axis]
                rest /= shape[axis]
                let own = axis - (shape.rank - operand.rank)
                if own >= 0, operand[own] > 1 { position += index * strides[own] }
            }
            return position
        }
    }
    return Array(zip(positions(left), positions(right)))
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        isNaN ? 0 : Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}

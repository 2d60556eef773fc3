import Glibc
import Net
import OnnxProto

/// The evaluation of one node whose inputs are all known.
struct ConstantFolding {
    let context: NodeContext

    /// Results of more elements than this are refused: shape arithmetic is small.
    static let largestResult = 1 << 26

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
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        isNaN ? 0 : Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}

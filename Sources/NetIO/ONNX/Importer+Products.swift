import Net
import OnnxProto

/// Products of matrices and vectors.
extension Importer {
    mutating func importGemm(_ context: NodeContext) throws(OnnxError) {
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

    mutating func importMatrixProduct(_ context: NodeContext) throws(OnnxError) {
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
}

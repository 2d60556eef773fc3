internal import Net

/// Matrix products in row-major order, four rows by sixteen columns at a time.
extension PlanarOperation {
    static func product(_ a: Shape, _ b: Shape, _ shape: Shape) -> ([Input], [Output]) -> Void {
        let rank = shape.rank
        let (rows, columns, inner) = (shape[rank - 2], shape[rank - 1], a[a.rank - 1])
        let outer = Shape(Array(shape.dimensions.dropLast(2)))
        let left = Broadcast(Shape(Array(a.dimensions.dropLast(2))), to: outer)
        let right = Broadcast(Shape(Array(b.dimensions.dropLast(2))), to: outer)
        return { from, to in
            for matrix in 0..<outer.count {
                multiply(
                    from[0] + left.position(of: matrix) * rows * inner,
                    from[1] + right.position(of: matrix) * inner * columns,
                    to[0] + matrix * rows * columns, rows: rows, inner: inner, columns: columns)
            }
        }
    }

    private typealias Vector = SIMD16<Float>

    private static func multiply(
        _ a: Input, _ b: Input, _ target: Output, rows: Int, inner: Int, columns: Int
    ) {
        let width = Vector.scalarCount
        // Columns of b side by side, the last ones filled up with zeros.
        var panel = [Vector](repeating: .zero, count: inner)
        for first in stride(from: 0, to: columns, by: width) {
            let count = min(width, columns - first)
            for k in 0..<inner {
                let row = b + k * columns + first
                if count == width {
                    panel[k] = UnsafeRawPointer(row).loadUnaligned(as: Vector.self)
                } else {
                    for lane in 0..<count { panel[k][lane] = row[lane] }
                }
            }
            panel.withUnsafeBufferPointer { panel in
                for start in stride(from: 0, to: rows, by: 4) {
                    let sums = block(a + start * inner, panel, rows: min(4, rows - start), inner: inner)
                    for (row, sum) in [sums.0, sums.1, sums.2, sums.3].prefix(rows - start).enumerated() {
                        let write = target + (start + row) * columns + first
                        for lane in 0..<count { write[lane] = sum[lane] }
                    }
                }
            }
        }
    }

    @inline(__always)
    private static func block(
        _ a: Input, _ panel: UnsafeBufferPointer<Vector>, rows: Int, inner: Int
    ) -> (Vector, Vector, Vector, Vector) {
        var sums = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
        if rows == 4 {
            for k in 0..<inner {
                let column = panel[k]
                sums.0 += column * a[k]
                sums.1 += column * a[inner + k]
                sums.2 += column * a[2 * inner + k]
                sums.3 += column * a[3 * inner + k]
            }
            return sums
        }
        for k in 0..<inner {
            sums.0 += panel[k] * a[k]
            if rows > 1 { sums.1 += panel[k] * a[inner + k] }
            if rows > 2 { sums.2 += panel[k] * a[2 * inner + k] }
        }
        return sums
    }
}

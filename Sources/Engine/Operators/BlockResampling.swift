internal import Net

/// Interpolation of rows and columns on blocked maps: first the rows that an output row needs, then its columns.
struct BlockResampling {
    typealias Vector = SIMD16<Float>

    private let rows: AxisSampling?
    private let columns: AxisSampling?

    /// The form of a resampling, if it concerns rows and columns only, rows first.
    init?(_ axes: [AxisSampling]) {
        switch axes.map(\.axis) {
        case [2]: (rows, columns) = (axes[0], nil)
        case [3]: (rows, columns) = (nil, axes[0])
        case [2, 3]: (rows, columns) = (axes[0], axes[1])
        default: return nil
        }
    }

    func run(_ x: FeatureMap, into output: FeatureMap, images: Range<Int>) {
        let (source, target) = (x.layout, output.layout)
        var line = [Vector](repeating: .zero, count: source.width)
        line.withUnsafeMutableBufferPointer { line in
            for image in images {
                for block in 0..<target.blocks {
                    let lanes = target.laneMask(block: block)
                    for row in 0..<target.height {
                        let to = UnsafeMutablePointer(mutating: output.vectors(image: image, block: block, y: row))
                        fill(line, from: x, image: image, block: block, row: row)
                        for column in 0..<target.width {
                            var value = line[columns == nil ? column : 0]
                            if let columns { value = weigh(line, columns, column) }
                            to[column] = value.replacing(with: 0, where: .!lanes)
                        }
                    }
                }
            }
        }
    }

    /// One output row at the input's width.
    private func fill(
        _ line: UnsafeMutableBufferPointer<Vector>, from x: FeatureMap, image: Int, block: Int, row: Int
    ) {
        guard let rows else {
            let from = x.vectors(image: image, block: block, y: row)
            for column in line.indices { line[column] = from[column] }
            return
        }
        let taps = rows.taps[row]
        guard let first = taps.first else {
            line.update(repeating: Vector(repeating: rows.outside))
            return
        }
        let from = x.vectors(image: image, block: block, y: first.position)
        for column in line.indices { line[column] = from[column] * first.weight }
        for tap in taps.dropFirst() {
            let from = x.vectors(image: image, block: block, y: tap.position)
            for column in line.indices { line[column] += from[column] * tap.weight }
        }
    }

    private func weigh(
        _ line: UnsafeMutableBufferPointer<Vector>, _ sampling: AxisSampling, _ position: Int
    ) -> Vector {
        let taps = sampling.taps[position]
        guard !taps.isEmpty else { return Vector(repeating: sampling.outside) }
        var sum = Vector.zero
        for tap in taps { sum += line[tap.position] * tap.weight }
        return sum
    }
}

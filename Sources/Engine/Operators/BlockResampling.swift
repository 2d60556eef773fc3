internal import Net

/// Interpolation of rows and columns on blocked maps: first the rows that an output row needs, then its columns.
struct BlockResampling {
    private typealias Vector = SIMD16<Float>

    private let rows: AxisSampling?
    private let columns: FlatTaps?

    /// The taps of all positions of an axis one after the other.
    private struct FlatTaps {
        /// Where the taps of each position start, and where the last ones end.
        var starts = [0]
        var positions: [Int] = []
        var weights: [Float] = []
        let outside: Float

        init(_ sampling: AxisSampling) {
            outside = sampling.outside
            for taps in sampling.taps {
                positions += taps.map(\.position)
                weights += taps.map(\.weight)
                starts.append(positions.count)
            }
        }
    }

    /// The form of a resampling, if it concerns rows and columns only, rows first.
    init?(_ axes: [AxisSampling]) {
        switch axes.map(\.axis) {
        case [2]: (rows, columns) = (axes[0], nil)
        case [3]: (rows, columns) = (nil, FlatTaps(axes[0]))
        case [2, 3]: (rows, columns) = (axes[0], FlatTaps(axes[1]))
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
                        let to = UnsafeMutableBufferPointer(
                            start: UnsafeMutablePointer(
                                mutating: output.vectors(image: image, block: block, y: row)), count: target.width)
                        fill(line, from: x, image: image, block: block, row: row)
                        if let columns {
                            weigh(line, columns, into: to)
                        } else {
                            _ = to.update(fromContentsOf: line)
                        }
                        for column in to.indices { to[column].replace(with: 0, where: .!lanes) }
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
        _ line: UnsafeMutableBufferPointer<Vector>, _ taps: FlatTaps, into to: UnsafeMutableBufferPointer<Vector>
    ) {
        taps.positions.withUnsafeBufferPointer { positions in
            taps.weights.withUnsafeBufferPointer { weights in
                taps.starts.withUnsafeBufferPointer { starts in
                    for column in to.indices {
                        let (start, end) = (starts[column], starts[column + 1])
                        var sum = start == end ? Vector(repeating: taps.outside) : .zero
                        for tap in start..<end { sum += line[positions[tap]] * weights[tap] }
                        to[column] = sum
                    }
                }
            }
        }
    }
}

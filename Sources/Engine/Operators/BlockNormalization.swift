internal import Net

/// Normalizations by statistics of the run, on blocked maps.
struct BlockNormalization {
    typealias Vector = SIMD16<Float>

    let epsilon: Float
    let scale: [Float]
    let bias: [Float]

    /// Every channel by its own mean and deviation over the pixels.
    func instances(_ x: FeatureMap, into output: FeatureMap, images: Range<Int>) {
        let layout = x.layout
        let count = Double(layout.height * layout.width)
        for image in images {
            for block in 0..<layout.blocks {
                var sum = SIMD16<Double>.zero
                rows(layout) {
                    sum += Self.total(x.vectors(image: image, block: block, y: $0), layout.width) { $0 }
                }
                let mean = sum / count
                let center = Vector(mean)
                var squares = SIMD16<Double>.zero
                rows(layout) { row in
                    squares += Self.total(x.vectors(image: image, block: block, y: row), layout.width) {
                        ($0 - center) * ($0 - center)
                    }
                }
                let deviation = (squares / count + Double(epsilon)).squareRoot()
                let factor = Vector(SIMD16<Double>(vector(scale, block)) / deviation)
                let shift = vector(bias, block)
                rows(layout) { row in
                    let from = x.vectors(image: image, block: block, y: row)
                    let to = UnsafeMutablePointer(mutating: output.vectors(image: image, block: block, y: row))
                    for column in 0..<layout.width { to[column] = (from[column] - center) * factor + shift }
                }
            }
        }
    }

    /// Every pixel by its own mean and deviation over the channels.
    func pixels(_ x: FeatureMap, into output: FeatureMap, images: Range<Int>) {
        let layout = x.layout
        let count = Float(layout.channels)
        let masks = (0..<layout.blocks).map(layout.laneMask)
        let factors = (0..<layout.blocks).map { vector(scale, $0) }
        let shifts = (0..<layout.blocks).map { vector(bias, $0) }
        for image in images {
            rows(layout) { row in
                for column in 0..<layout.width {
                    var sum = Vector.zero
                    for block in 0..<layout.blocks { sum += x.vectors(image: image, block: block, y: row)[column] }
                    let mean = sum.sum() / count
                    var squares = Vector.zero
                    for block in 0..<layout.blocks {
                        let centred = (x.vectors(image: image, block: block, y: row)[column] - mean)
                            .replacing(with: 0, where: .!masks[block])
                        squares += centred * centred
                    }
                    let inverse = 1 / (squares.sum() / count + epsilon).squareRoot()
                    for block in 0..<layout.blocks {
                        let value = x.vectors(image: image, block: block, y: row)[column]
                        let to = UnsafeMutablePointer(mutating: output.vectors(image: image, block: block, y: row))
                        to[column] = ((value - mean) * inverse * factors[block] + shifts[block])
                            .replacing(with: 0, where: .!masks[block])
                    }
                }
            }
        }
    }

    private func rows(_ layout: MapLayout, _ body: (Int) -> Void) { for row in 0..<layout.height { body(row) } }

    /// The values of a block's channels; zero in lanes without one.
    private func vector(_ values: [Float], _ block: Int) -> Vector {
        var vector = Vector.zero
        for lane in 0..<min(MapLayout.lanes, values.count - block * MapLayout.lanes) {
            vector[lane] = values[block * MapLayout.lanes + lane]
        }
        return vector
    }

    /// The sum over a row: in single precision over a few pixels, in double precision over the row.
    @inline(__always)
    private static func total(
        _ row: UnsafePointer<Vector>, _ width: Int, _ term: (Vector) -> Vector
    ) -> SIMD16<Double> {
        var whole = SIMD16<Double>.zero
        for start in stride(from: 0, to: width, by: 16) {
            var part = Vector.zero
            for column in start..<min(start + 16, width) { part += term(row[column]) }
            whole += SIMD16<Double>(part)
        }
        return whole
    }
}

internal import Net

/// Max and average pools on blocked maps, sixteen channels at a time.
struct Pooling {
    let window: Window

    func maximum(_ input: FeatureMap, into output: FeatureMap, images: Range<Int>) {
        pool(input, into: output, images: images, start: SIMD16(repeating: -.infinity)) { sum, value in
            sum.replacing(with: value, where: value .> sum)
        } finish: { value, _ in
            value
        }
    }

    func average(_ input: FeatureMap, into output: FeatureMap, images: Range<Int>, countsPadding: Bool) {
        let whole = window.kernel.height * window.kernel.width
        pool(input, into: output, images: images, start: .zero) { sum, value in
            sum + value
        } finish: { sum, count in
            sum / Float(countsPadding ? whole : max(1, count))
        }
    }

    @inline(__always)
    private func pool(
        _ input: FeatureMap, into output: FeatureMap, images: Range<Int>, start: SIMD16<Float>,
        accumulate: (SIMD16<Float>, SIMD16<Float>) -> SIMD16<Float>,
        finish: (SIMD16<Float>, Int) -> SIMD16<Float>
    ) {
        let (source, target) = (input.layout, output.layout)
        let rowStep = window.dilations.height * source.rowStride / MapLayout.lanes
        let columns = (0..<target.width).map {
            inside(
                $0 * window.strides.width - window.padding.left, window.dilations.width, window.kernel.width,
                source.width)
        }
        for image in images {
            input.withVectors(of: image) { from in
                output.withVectors(of: image) { to in
                    for block in 0..<target.blocks {
                        let lanes = target.laneMask(block: block)
                        for row in 0..<target.height {
                            let rows = inside(
                                row * window.strides.height - window.padding.top, window.dilations.height,
                                window.kernel.height, source.height)
                            let corner =
                                from + source.offset(image: 0, block: block, y: rows.first, x: 0) / MapLayout.lanes
                            let line = to + target.offset(image: 0, block: block, y: row, x: 0) / MapLayout.lanes
                            for column in 0..<target.width {
                                var sum = start
                                var position = corner + columns[column].first
                                for _ in 0..<rows.count {
                                    for j in 0..<columns[column].count {
                                        sum = accumulate(sum, position[j * window.dilations.width])
                                    }
                                    position += rowStep
                                }
                                line[column] = finish(sum, rows.count * columns[column].count)
                                    .replacing(with: 0, where: .!lanes)
                            }
                        }
                    }
                }
            }
        }
    }

    /// The first index that a window reads along an axis of `extent`, and how many.
    private func inside(_ start: Int, _ dilation: Int, _ kernel: Int, _ extent: Int) -> (first: Int, count: Int) {
        let skipped = start < 0 ? (-start + dilation - 1) / dilation : 0
        let first = start + skipped * dilation
        guard first < extent else { return (0, 0) }
        return (first, max(0, min(kernel - skipped, (extent - 1 - first) / dilation + 1)))
    }
}

extension FeatureMap {
    /// The vectors of one image, halo included.
    func withVectors<Result>(
        of image: Int, _ body: (UnsafeMutablePointer<SIMD16<Float>>) -> Result
    ) -> Result {
        withVectors(of: image, SIMD16<Float>.self, body)
    }

    /// The same, as vectors of another length: the pixels of narrow maps.
    func withVectors<Vector: SIMD<Float>, Result>(
        of image: Int, _ type: Vector.Type, _ body: (UnsafeMutablePointer<Vector>) -> Result
    ) -> Result {
        withFloats(of: image..<image + 1) { floats in
            guard let base = floats.baseAddress else { preconditionFailure("a map has memory") }
            // The map's memory was allocated as vectors of this type.
            return body(UnsafeMutableRawPointer(base).assumingMemoryBound(to: type))
        }
    }
}

extension MapLayout {
    /// The lanes of a block that carry channels.
    func laneMask(block: Int) -> SIMDMask<SIMD16<Int32>> {
        var mask = SIMDMask<SIMD16<Int32>>(repeating: true)
        for lane in 0..<Self.lanes where block * Self.lanes + lane >= channels { mask[lane] = false }
        return mask
    }
}

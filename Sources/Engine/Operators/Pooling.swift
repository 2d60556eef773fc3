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
        for image in images {
            input.withVectors(of: image) { from in
                output.withVectors(of: image) { to in
                    for block in 0..<target.blocks {
                        let lanes = target.laneMask(block: block)
                        for row in 0..<target.height {
                            for column in 0..<target.width {
                                var sum = start
                                var count = 0
                                for i in 0..<window.kernel.height {
                                    let y =
                                        row * window.strides.height - window.padding.top
                                        + i * window.dilations.height
                                    guard y >= 0, y < source.height else { continue }
                                    for j in 0..<window.kernel.width {
                                        let x =
                                            column * window.strides.width - window.padding.left
                                            + j * window.dilations.width
                                        guard x >= 0, x < source.width else { continue }
                                        let position = source.offset(image: 0, block: block, y: y, x: x)
                                        sum = accumulate(sum, from[position / MapLayout.lanes])
                                        count += 1
                                    }
                                }
                                let position = target.offset(image: 0, block: block, y: row, x: column)
                                to[position / MapLayout.lanes] = finish(sum, count)
                                    .replacing(with: 0, where: .!lanes)
                            }
                        }
                    }
                }
            }
        }
    }
}

extension FeatureMap {
    /// The vectors of one image, halo included.
    func withVectors<Result>(
        of image: Int, _ body: (UnsafeMutablePointer<SIMD16<Float>>) -> Result
    ) -> Result {
        withFloats(of: image..<image + 1) { floats in
            guard let base = floats.baseAddress else { preconditionFailure("a map has memory") }
            // The map's memory was allocated as vectors of this type.
            return body(UnsafeMutableRawPointer(base).assumingMemoryBound(to: SIMD16<Float>.self))
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

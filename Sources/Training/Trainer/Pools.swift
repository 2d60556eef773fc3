internal import Engine

/// Pools of windows that do not overlap, and their gradients, sixteen channels at a time.
extension Shard {
    /// What a pool gives.
    func pool(_ kind: LayerBlueprint.Kind, _ input: FeatureMap, into output: FeatureMap, _ images: Range<Int>) {
        let windows = PoolWindows(kind, input.layout)
        let start = windows.takesLargest ? Lanes(repeating: -.infinity) : .zero
        input.withFloats(of: all) { source in
            output.withFloats(of: all) { target in
                forEachPixel(of: output, images) { image, block, y, x, place in
                    var result = start
                    windows.forEach(image, block, y, x) { from in
                        let value = Lanes(source, from)
                        result = windows.takesLargest ? pointwiseMax(result, value) : result + value
                    }
                    (windows.takesLargest ? result : result / windows.count).store(target, place)
                }
            }
        }
    }

    /// The gradient of a pool's input, or what is added to it; 0 where windows leave pixels out.
    ///
    /// The first of equal maxima takes all.
    func poolGradient(
        _ kind: LayerBlueprint.Kind, input: FeatureMap, output: FeatureMap, gradient: FeatureMap,
        into result: FeatureMap, isAdded: Bool, _ images: Range<Int>
    ) {
        if !isAdded { result.withFloats(of: images) { $0.update(repeating: 0) } }
        let windows = PoolWindows(kind, input.layout)
        let targets = PoolWindows(kind, result.layout)
        input.withFloats(of: all) { source in
            output.withFloats(of: all) { largest in
                gradient.withFloats(of: all) { gradients in
                    result.withFloats(of: all) { results in
                        forEachPixel(of: output, images) { image, block, y, x, place in
                            let share = Lanes(
                                gradients, gradient.layout.offset(image: image, block: block, y: y, x: x))
                            guard windows.takesLargest else {
                                targets.forEach(image, block, y, x) { to in
                                    (Lanes(results, to) + share / windows.count).store(results, to)
                                }
                                return
                            }
                            let wanted = Lanes(largest, place)
                            var left = share
                            // Both maps' windows are gone through in the same order.
                            var offset = 0
                            let first = windows.first(image, block, y, x), to = targets.first(image, block, y, x)
                            while offset < windows.pixels {
                                let isHit = Lanes(source, first + windows.step(offset)) .== wanted
                                let place = to + targets.step(offset)
                                (Lanes(results, place) + Lanes.zero.replacing(with: left, where: isHit))
                                    .store(results, place)
                                left.replace(with: 0, where: isHit)
                                offset += 1
                            }
                        }
                    }
                }
            }
        }
    }

    /// Calls `body` with every pixel of a map and the place of its lanes.
    private func forEachPixel(
        of map: FeatureMap, _ images: Range<Int>,
        _ body: (_ image: Int, _ block: Int, _ y: Int, _ x: Int, _ place: Int) -> Void
    ) {
        let layout = map.layout
        pieces(of: map, images) { image, block in
            for y in 0..<layout.height {
                let row = layout.offset(image: image, block: block, y: y, x: 0)
                for x in 0..<layout.width { body(image, block, y, x, row + x * MapLayout.lanes) }
            }
        }
    }
}

/// The pixels of a map under each window of a pool.
private struct PoolWindows {
    let takesLargest: Bool
    private let layout: MapLayout
    private let height: Int
    private let width: Int
    private let rowStride: Int

    init(_ kind: LayerBlueprint.Kind, _ layout: MapLayout) {
        self.layout = layout
        takesLargest = if case .maxPool = kind { true } else { false }
        (height, width) =
            switch kind {
            case .maxPool(let size), .averagePool(let size): (size, size)
            default: (layout.height, layout.width)
            }
        rowStride = layout.offset(image: 0, block: 0, y: 1, x: 0) - layout.offset(image: 0, block: 0, y: 0, x: 0)
    }

    /// Pixels of a window.
    var pixels: Int { height * width }
    var count: Float { Float(pixels) }

    /// The first pixel's lanes.
    func first(_ image: Int, _ block: Int, _ y: Int, _ x: Int) -> Int {
        layout.offset(image: image, block: block, y: y * height, x: x * width)
    }

    /// From the first pixel to another, row by row.
    func step(_ pixel: Int) -> Int { pixel / width * rowStride + pixel % width * MapLayout.lanes }

    @inline(__always)
    func forEach(_ image: Int, _ block: Int, _ y: Int, _ x: Int, _ body: (Int) -> Void) {
        let first = first(image, block, y, x)
        for row in 0..<height {
            for column in 0..<width { body(first + row * rowStride + column * MapLayout.lanes) }
        }
    }
}

/// A pixel of a block.
typealias Lanes = SIMD16<Float>

extension SIMD16<Float> {
    /// Sixteen floats of a map.
    init(_ floats: UnsafeMutableBufferPointer<Float>, _ offset: Int) {
        self = UnsafeRawPointer(floats.baseAddress.unsafelyUnwrapped + offset).loadUnaligned(as: Self.self)
    }

    /// Writes them to a map.
    func store(_ floats: UnsafeMutableBufferPointer<Float>, _ offset: Int) {
        UnsafeMutableRawPointer(floats.baseAddress.unsafelyUnwrapped + offset).storeBytes(of: self, as: Self.self)
    }
}

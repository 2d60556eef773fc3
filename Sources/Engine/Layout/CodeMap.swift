internal import CKernels

/// The images of one tensor as codes of 8 bits or fewer, in the layout of a feature map with a byte for each element.
///
/// The halo and the unused lanes hold the code of zero, from creation on; everything in this module keeps them.
/// Scratch memory of one thread, like `FeatureMap`.
package final class CodeMap {
    let layout: MapLayout
    let capacity: Int
    /// The code of zero.
    let zeroPoint: Int

    private let storage: AlignedBuffer<UInt8>

    /// Creates a map of zeros with room for `capacity` images.
    package init(layout: MapLayout, capacity: Int, zeroPoint: Int) {
        precondition(capacity > 0, "a map holds at least one image")
        precondition((0...255).contains(zeroPoint), "zero has a code")
        self.layout = layout
        self.capacity = capacity
        self.zeroPoint = zeroPoint
        // Kernels that take four columns at a time read beyond the last pixel.
        let beyond = 4 * MapLayout.lanes
        storage = AlignedBuffer(count: capacity * layout.imageStride + beyond, filledWith: UInt8(zeroPoint))
    }

    /// The first code; valid while the map lives.
    var base: UnsafeMutablePointer<UInt8> { storage.base }

    /// The codes of `images`, halo and unused lanes included.
    func withCodes<Result>(of images: Range<Int>, _ body: (UnsafeMutableBufferPointer<UInt8>) -> Result) -> Result {
        precondition(images.lowerBound >= 0 && images.upperBound <= capacity, "images outside the map")
        let start = base + images.lowerBound * layout.imageStride
        return body(UnsafeMutableBufferPointer(start: start, count: images.count * layout.imageStride))
    }
}

/// A tensor's images in memory: as floats, or as codes that stand for (code - zero point) step.
package enum StoredMap {
    case floats(FeatureMap)
    case codes(CodeMap, step: Float)

    var layout: MapLayout {
        switch self {
        case .floats(let map): map.layout
        case .codes(let map, _): map.layout
        }
    }

    /// Whether the map has room for all of `images`.
    func holds(_ images: Range<Int>) -> Bool {
        switch self {
        case .floats(let map): map.holds(images)
        case .codes(let map, _): images.lowerBound >= 0 && images.upperBound <= map.capacity
        }
    }

    /// Whether both are the same memory.
    func isSame(as other: StoredMap) -> Bool {
        switch (self, other) {
        case (.floats(let map), .floats(let other)): map === other
        case (.codes(let map, _), .codes(let other, _)): map === other
        default: false
        }
    }

    /// What the kernels see from lane 0 of a pixel on.
    func view(image: Int, block: Int = 0, y: Int = 0, x: Int = 0) -> NKMap {
        let offset = layout.offset(image: image, block: block, y: y, x: x)
        var view = NKMap()
        view.imageStride = layout.imageStride
        view.blockStride = layout.blockStride
        view.rowStride = layout.rowStride
        view.pixelStride = layout.pixelStride
        switch self {
        case .floats(let map): view.origin = map.base + offset
        case .codes(let map, let step):
            view.codes = map.base + offset
            view.zeroPoint = Float(map.zeroPoint)
            view.step = step
        }
        return view
    }

    /// The first pixel of consecutive images as one row: what 1x1 maps are to the kernels, so that the images of a
    /// batch share each weight.
    func imageRowView(from image: Int) -> NKMap {
        var view = view(image: image)
        view.rowStride = 0
        view.pixelStride = layout.imageStride
        return view
    }
}

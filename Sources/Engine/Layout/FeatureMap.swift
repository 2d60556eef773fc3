/// The images of one tensor in blocked layout, in 64-byte aligned memory of its own.
///
/// A map is scratch memory of one thread: it is a class because its memory is reused, and not Sendable.
/// The halo is zero from creation on; everything in this module writes the interior only.
public final class FeatureMap {
    /// How each image lies in memory.
    public let layout: MapLayout
    /// The number of images the map has room for.
    public let capacity: Int

    private let storage: AlignedBuffer<Float>
    /// The floats before those of the first image, which belong to images of other maps.
    private let start: Int

    /// Creates a map of zeros with room for `capacity` images.
    public init(layout: MapLayout, capacity: Int) {
        precondition(capacity > 0, "a map holds at least one image")
        self.layout = layout
        self.capacity = capacity
        storage = AlignedBuffer(count: capacity * layout.imageStride, filledWith: 0)
        start = 0
    }

    /// A map in memory that others use at other times.
    init(layout: MapLayout, capacity: Int, in memory: AlignedBuffer<Float>) {
        precondition(capacity > 0 && memory.elements.count >= capacity * layout.imageStride, "room for a map")
        self.layout = layout
        self.capacity = capacity
        storage = memory
        start = 0
    }

    /// Images of another map, from 0 on, in the memory that they have there.
    private init(_ map: FeatureMap, _ images: Range<Int>) {
        layout = map.layout
        capacity = images.count
        storage = map.storage
        start = map.start + images.lowerBound * map.layout.imageStride
    }

    /// Some images, at least one, as a map of their own in the same memory.
    public func part(_ images: Range<Int>) -> FeatureMap {
        precondition(holds(images) && !images.isEmpty, "images outside the map")
        return FeatureMap(self, images)
    }

    /// Bytes of memory of the map's images.
    public var byteCount: Int { capacity * layout.imageStride * MemoryLayout<Float>.stride }

    /// One element.
    public subscript(image: Int, channel: Int, y: Int, x: Int) -> Float {
        get { base[index(image, channel, y, x)] }
        set { base[index(image, channel, y, x)] = newValue }
    }

    private func index(_ image: Int, _ channel: Int, _ y: Int, _ x: Int) -> Int {
        precondition((0..<capacity).contains(image) && (0..<layout.channels).contains(channel), "no such plane")
        precondition((0..<layout.height).contains(y) && (0..<layout.width).contains(x), "no such pixel")
        return layout.offset(image: image, block: channel / MapLayout.lanes, y: y, x: x) + channel % MapLayout.lanes
    }

    /// The floats of `images`, halo and unused lanes included, for code inside the engine.
    ///
    /// Whoever writes keeps halo and unused lanes zero.
    public func withFloats<Result>(
        of images: Range<Int>, _ body: (UnsafeMutableBufferPointer<Float>) -> Result
    ) -> Result {
        precondition(holds(images), "images outside the map")
        let start = base + images.lowerBound * layout.imageStride
        return body(UnsafeMutableBufferPointer(start: start, count: images.count * layout.imageStride))
    }

    /// Sets the halo of `images` to zero, after memory was reused for something else.
    public func clearHalo(of images: Range<Int>) {
        precondition(holds(images), "images outside the map")
        let halo = layout.halo
        guard halo > 0 else { return }
        let (side, row) = (halo * layout.pixelStride, layout.rowStride)
        for plane in images.lowerBound * layout.blocks..<images.upperBound * layout.blocks {
            // The right end of a row and the left end of the next lie side by side.
            let first = base + plane * layout.blockStride
            first.update(repeating: 0, count: halo * row + side)
            for next in 1..<layout.height {
                (first + (halo + next) * row - side).update(repeating: 0, count: 2 * side)
            }
            (first + (halo + layout.height) * row - side).update(repeating: 0, count: halo * row + side)
        }
    }

    /// Sets what carries no data in `images` to zero, after memory was reused for something else: the halo, and the lanes
    /// beyond the last channel, with which all others go.
    func clearUnused(of images: Range<Int>) {
        guard layout.channels % layout.pixelStride == 0 else {
            return withFloats(of: images) { $0.update(repeating: 0) }
        }
        clearHalo(of: images)
    }

    /// Whether the map has room for all of `images`.
    func holds(_ images: Range<Int>) -> Bool {
        images.lowerBound >= 0 && images.upperBound <= capacity
    }

    /// The first float; valid while the map lives.
    var base: UnsafeMutablePointer<Float> { storage.base + start }
}

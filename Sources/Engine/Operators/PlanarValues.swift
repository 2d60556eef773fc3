internal import Net

/// One image's values in row-major order: where they lie, or a copy of theirs.
final class PlanarValues {
    /// The first value; valid while the owner lives.
    let base: UnsafePointer<Float>
    private let copy: UnsafeMutablePointer<Float>?

    /// The values of a map's image, or of a constant.
    init(_ map: FeatureMap?, _ constant: Tensor?, image: Int) {
        if constant == nil, let map, map.layout.isFlat {
            base = UnsafePointer(map.base + image * map.layout.imageStride)
            copy = nil
            return
        }
        let values = constant?.values ?? map?.planar(image..<image + 1) ?? []
        let memory = UnsafeMutablePointer<Float>.allocate(capacity: max(1, values.count))
        values.withUnsafeBufferPointer { buffer in
            if let from = buffer.baseAddress { memory.initialize(from: from, count: buffer.count) }
        }
        (base, copy) = (UnsafePointer(memory), memory)
    }

    deinit { copy?.deallocate() }
}

/// Where one image's result is written in row-major order: its map, or memory that is copied into it.
final class PlanarResult {
    /// The first value; valid while the owner lives.
    let base: UnsafeMutablePointer<Float>
    private let map: FeatureMap
    private let image: Int

    init(_ map: FeatureMap, image: Int) {
        (self.map, self.image) = (map, image)
        base =
            map.layout.isFlat
            ? map.base + image * map.layout.imageStride
            : UnsafeMutablePointer<Float>.allocate(capacity: map.layout.elements)
    }

    /// Brings the values into the map.
    func store() {
        if !map.layout.isFlat {
            map.load(
                planar: UnsafeBufferPointer(start: base, count: map.layout.elements), into: image..<image + 1)
        }
    }

    deinit { if !map.layout.isFlat { base.deallocate() } }
}

extension MapLayout {
    /// Whether the values of an image lie in row-major order: one row of channels.
    var isFlat: Bool { height == 1 && width == 1 && halo == 0 }
}

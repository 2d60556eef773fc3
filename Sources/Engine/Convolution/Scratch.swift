/// Memory a thread reuses from layer to layer for sums over windows.
public final class Scratch {
    private var planes = AlignedBuffer<Float>(count: 1, filledWith: 0)
    private var maps: [MapLayout: FeatureMap] = [:]

    /// Creates empty scratch memory; it grows on demand.
    public init() {}

    /// Calls `body` with room for at least `count` floats of undefined content.
    package func withFloats<Result, Failure>(
        count: Int, _ body: (UnsafeMutablePointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if planes.elements.count < count { planes = AlignedBuffer(count: count, filledWith: 0) }
        return try body(planes.base)
    }

    /// A map of `layout` with room for `capacity` images, its content undefined.
    func map(layout: MapLayout, capacity: Int) -> FeatureMap {
        if let map = maps[layout], map.capacity >= capacity { return map }
        let map = FeatureMap(layout: layout, capacity: capacity)
        maps[layout] = map
        return map
    }
}

/// Memory a thread reuses from layer to layer for sums over windows.
public final class Scratch {
    private var planes: ChannelVectors = []
    private var maps: [MapLayout: FeatureMap] = [:]

    /// Creates empty scratch memory; it grows on demand.
    public init() {}

    /// Calls `body` with room for at least `count` floats of undefined content.
    func withFloats<Result, Failure>(
        count: Int, _ body: (UnsafeMutablePointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let vectors = (count + MapLayout.lanes - 1) / MapLayout.lanes
        if planes.count < vectors { planes = ChannelVectors(repeating: .zero, count: vectors) }
        return try planes.withUnsafeMutableBufferPointer { (vectors) throws(Failure) -> Result in
            guard let base = vectors.baseAddress else { preconditionFailure("no scratch memory asked for") }
            return try body(UnsafeMutableRawPointer(base).assumingMemoryBound(to: Float.self))
        }
    }

    /// A map of `layout` with room for `capacity` images, its content undefined.
    func map(layout: MapLayout, capacity: Int) -> FeatureMap {
        if let map = maps[layout], map.capacity >= capacity { return map }
        let map = FeatureMap(layout: layout, capacity: capacity)
        maps[layout] = map
        return map
    }
}

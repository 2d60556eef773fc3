/// Memory for floats that starts on a cache line, freed with its owner.
final class AlignedBuffer {
    /// Bytes of a cache line, and of the widest vector.
    static let alignment = 64

    let floats: UnsafeMutableBufferPointer<Float>

    /// Creates `count` zeros, at least one.
    init(count: Int) {
        precondition(count > 0, "a buffer has memory")
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: count * MemoryLayout<Float>.stride, alignment: Self.alignment)
        floats = UnsafeMutableBufferPointer(
            start: memory.initializeMemory(as: Float.self, repeating: 0, count: count), count: count)
    }

    deinit {
        UnsafeMutableRawPointer(floats.baseAddress)?.deallocate()
    }

    /// The first float; valid while the buffer lives.
    var base: UnsafeMutablePointer<Float> {
        guard let base = floats.baseAddress else { preconditionFailure("a buffer has memory") }
        return base
    }
}

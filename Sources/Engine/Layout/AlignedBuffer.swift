/// Memory for numbers that starts on a cache line, or on a large page if it fills one; freed with its owner.
final class AlignedBuffer<Element: BitwiseCopyable> {
    let elements: UnsafeMutableBufferPointer<Element>

    /// Creates `count` elements, at least one, all `value`.
    convenience init(count: Int, filledWith value: Element) {
        self.init(uninitialized: count)
        elements.initialize(repeating: value)
    }

    /// Memory for `count` elements, at least one, that are written before they are read.
    init(uninitialized count: Int) {
        precondition(count > 0, "a buffer has memory")
        let bytes = count * MemoryLayout<Element>.stride
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: bytes, alignment: bytes < LargePages.size ? cacheLine : LargePages.size)
        LargePages.advise(memory, byteCount: bytes)
        elements = UnsafeMutableBufferPointer(
            start: memory.bindMemory(to: Element.self, capacity: count), count: count)
    }

    deinit {
        UnsafeMutableRawPointer(elements.baseAddress)?.deallocate()
    }

    /// The first element; valid while the buffer lives.
    var base: UnsafeMutablePointer<Element> {
        guard let base = elements.baseAddress else { preconditionFailure("a buffer has memory") }
        return base
    }
}

/// Bytes of a cache line, and of the widest vector.
let cacheLine = 64

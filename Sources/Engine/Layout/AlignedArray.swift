/// Constants for the kernels: numbers in shareable, immutable storage that starts on a cache line.
///
/// Swift aligns no array beyond 16 bytes (the alignment of every SIMD type is capped there), and an unaligned vector
/// load of 64 bytes touches two cache lines each time. So the array has room to spare and the elements start inside it.
package struct AlignedArray<Element: BitwiseCopyable & Sendable & AdditiveArithmetic>: Sendable {
    private let storage: [Element]
    private let start: Int
    /// The number of elements.
    package let count: Int

    /// Creates `count` elements, zero except for what `fill` writes.
    package init(count: Int, fill: (UnsafeMutableBufferPointer<Element>) -> Void) {
        let stride = MemoryLayout<Element>.stride
        let room = count + cacheLine / stride
        var storage = [Element](unsafeUninitializedCapacity: room) { buffer, initialized in
            if let base = buffer.baseAddress { LargePages.advise(base, byteCount: room * stride) }
            buffer.prefix(room).initialize(repeating: .zero)
            initialized = room
        }
        let start = storage.firstOnCacheLine
        storage.withUnsafeMutableBufferPointer { buffer in
            fill(UnsafeMutableBufferPointer(rebasing: buffer[start..<start + count]))
        }
        self.storage = storage
        self.start = start
        self.count = count
    }

    /// Calls `body` with the first element.
    package func withElements<Result, Failure>(
        _ body: (UnsafePointer<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try storage.withUnsafeBufferPointer { (buffer) throws(Failure) -> Result in
            guard let base = buffer.baseAddress else { preconditionFailure("the storage is never empty") }
            return try body(base + start)
        }
    }
}

extension Array where Element: BitwiseCopyable & AdditiveArithmetic {
    /// The index of the first element that starts a cache line, in this array and not in its copies.
    fileprivate var firstOnCacheLine: Int {
        withUnsafeBufferPointer { buffer in
            let misaligned = Int(bitPattern: buffer.baseAddress) % cacheLine
            return misaligned == 0 ? 0 : (cacheLine - misaligned) / MemoryLayout<Element>.stride
        }
    }

    /// `count` zeros that begin at an index where a cache line starts, as long as the array is not copied: then they begin there
    /// still, but kernels take longer.
    static func onCacheLine(count: Int) -> (array: [Element], start: Int) {
        let array = [Element](repeating: .zero, count: count + cacheLine / MemoryLayout<Element>.stride)
        return (array, array.firstOnCacheLine)
    }
}

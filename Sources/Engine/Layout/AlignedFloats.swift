/// Constants for the kernels: floats in shareable, immutable storage that starts on a cache line.
///
/// Swift aligns no array beyond 16 bytes (the alignment of every SIMD type is capped there), and an unaligned vector
/// load of 64 bytes touches two cache lines each time. So the array has room to spare and the floats start inside it.
struct AlignedFloats: Sendable {
    private let storage: [Float]
    private let start: Int
    /// The number of floats.
    let count: Int

    /// Creates `count` floats, zero except for what `fill` writes.
    init(count: Int, fill: (UnsafeMutableBufferPointer<Float>) -> Void) {
        let lineLength = AlignedBuffer.alignment / MemoryLayout<Float>.stride
        var storage = [Float](repeating: 0, count: count + lineLength)
        let start = storage.withUnsafeMutableBufferPointer { buffer in
            let misaligned = Int(bitPattern: buffer.baseAddress) % AlignedBuffer.alignment
            let start = misaligned == 0 ? 0 : (AlignedBuffer.alignment - misaligned) / MemoryLayout<Float>.stride
            fill(UnsafeMutableBufferPointer(rebasing: buffer[start..<start + count]))
            return start
        }
        self.storage = storage
        self.start = start
        self.count = count
    }

    /// Calls `body` with the first float.
    func withFloats<Result, Failure>(
        _ body: (UnsafePointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try storage.withUnsafeBufferPointer { (buffer) throws(Failure) -> Result in
            guard let base = buffer.baseAddress else { preconditionFailure("the storage is never empty") }
            return try body(base + start)
        }
    }
}

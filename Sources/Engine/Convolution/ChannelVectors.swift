/// Per-channel or packed constants for the kernels: floats in 64-byte aligned, shareable, immutable storage.
typealias ChannelVectors = [SIMD16<Float>]

extension ChannelVectors {
    /// The floats of all vectors, one after the other.
    func withFloats<Result, Failure>(
        _ body: (UnsafePointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeBufferPointer { (vectors) throws(Failure) -> Result in
            guard let base = vectors.baseAddress else { preconditionFailure("no constants") }
            return try body(UnsafeRawPointer(base).assumingMemoryBound(to: Float.self))
        }
    }

    /// The same for writing.
    mutating func withMutableFloats<Result>(_ body: (UnsafeMutablePointer<Float>) -> Result) -> Result {
        withUnsafeMutableBufferPointer { vectors in
            guard let base = vectors.baseAddress else { preconditionFailure("no constants") }
            return body(UnsafeMutableRawPointer(base).assumingMemoryBound(to: Float.self))
        }
    }
}

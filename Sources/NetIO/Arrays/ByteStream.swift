/// Bytes read from front to back, out of a plain file, a gzip file or an archive's entry.
protocol ByteStream {
    /// What the bytes are called in messages.
    var name: String { get }
    /// What is known beforehand of the number of bytes.
    var extent: StreamExtent { get }
    /// The bytes that a compressed stream takes in its file; `nil` if it is not compressed.
    var packedBytes: Int? { get }
    /// Fills the start of `buffer`; returns the bytes written, fewer only at the end, and checks sums there.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int
}

/// How many bytes a stream holds.
enum StreamExtent: Hashable, Sendable {
    case exactly(Int)
    case atMost(Int)
}

extension ByteStream {
    /// The next `count` bytes; an error if there are fewer.
    func bytes(_ count: Int, at offset: Int) throws(DataError) -> [UInt8] {
        let found = try bytes(upTo: count)
        guard found.count == count else {
            throw .truncated(file: name, offset: offset, expected: count, found: found.count)
        }
        return found
    }

    /// The next `count` bytes, or as many as there are.
    func bytes(upTo count: Int) throws(DataError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { buffer.deallocate() }
        return [UInt8](buffer[..<(try read(into: buffer))])
    }

    /// Checks that nothing follows `count` bytes read so far.
    func expectEnd(after count: Int) throws(DataError) {
        var extra: UInt8 = 0
        let result: Result<Int, DataError> = withUnsafeMutableBytes(of: &extra) { buffer in
            do throws(DataError) { return .success(try read(into: buffer)) } catch { return .failure(error) }
        }
        guard try result.get() == 0 else {
            throw .malformed(file: name, offset: count, expected: "the end", found: "more bytes")
        }
    }
}

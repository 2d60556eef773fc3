/// Bytes as a file holds them: mapped, or unpacked into memory where the file is compressed.
enum StoredBytes: Sendable {
    case mapped(MappedFile, offset: Int)
    case unpacked([UInt8])

    /// Calls `body` with a range of the bytes, which are valid inside it only.
    func withBytes(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Void) throws(DataError) {
        switch self {
        case .mapped(let file, let offset):
            do throws(MappedFile.Failure) {
                try file.checkLength()
            } catch {
                throw .unreadable(file: error.path, reason: error.reason)
            }
            file.withBytes {
                body(UnsafeRawBufferPointer(rebasing: $0[range.lowerBound + offset..<range.upperBound + offset]))
            }
        case .unpacked(let bytes):
            bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
        }
    }
}

extension ArraySource {
    /// The elements of the first `rows` entries of the first axis, or of all, in their own type.
    ///
    /// Those of a plain file or an uncompressed entry are mapped, others unpacked once.
    func stored(rows: Int? = nil) throws(DataError) -> StoredBytes {
        switch location {
        case .file(let path):
            let stream = try FileStream(path: path)
            let header = try ArrayHeader(stream: stream)
            guard case .exactly = stream.extent else { return try unpack(stream, header, rows) }
            return .mapped(try StoredBytes.map(path, for: header, at: 0), offset: header.length)
        case .entry(let archive, let entry):
            let stream = try archive.stream(entry)
            let header = try ArrayHeader(stream: stream)
            guard let offset = try stream.storedOffset() else { return try unpack(stream, header, rows) }
            if header.shape(rows: rows) == header.shape { try stream.checkRest() }
            return .mapped(
                try StoredBytes.map(archive.path, for: header, at: offset), offset: offset + header.length)
        }
    }

    private func unpack(
        _ stream: some ByteStream, _ header: ArrayHeader, _ rows: Int?
    ) throws(DataError) -> StoredBytes {
        let shape = header.shape(rows: rows)
        let size = shape.count * header.type.storedBytes
        let most = limits.unpacked(from: stream.packedBytes)
        guard size <= most else { throw .tooLarge(file: name, bytes: size, limit: most) }
        var bytes: [UInt8] = []
        // What a damaged header promises is not allocated before it is there.
        bytes.reserveCapacity(min(size, 1 << 24))
        while bytes.count < size {
            let part = try stream.bytes(upTo: min(1 << 20, size - bytes.count))
            guard !part.isEmpty else {
                throw .truncated(file: name, offset: header.length, expected: size, found: bytes.count)
            }
            bytes += part
        }
        if shape == header.shape { try stream.expectEnd(after: header.length + size) }
        return .unpacked(bytes)
    }
}

extension StoredBytes {
    /// Maps a file that must hold a header and its elements after `offset`.
    fileprivate static func map(
        _ path: String, for header: ArrayHeader, at offset: Int
    ) throws(DataError) -> MappedFile {
        let file = try MappedFile(dataPath: path)
        // It may have changed since its header was read.
        let elements = header.shape.count * header.type.storedBytes
        guard file.count - offset - header.length >= elements else {
            throw .truncated(file: path, offset: offset, expected: elements, found: file.count - offset)
        }
        return file
    }
}

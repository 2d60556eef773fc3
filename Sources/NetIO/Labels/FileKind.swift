/// The kind of a data file, told by its first bytes.
enum FileKind: Hashable, Sendable {
    case zip
    case array
    case text

    /// Looks at the first four bytes, unpacked if the file is gzipped.
    init(path: String) throws(DataError) {
        let stream = try FileStream(path: path)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 4)
        defer { buffer.deallocate() }
        let start = [UInt8](buffer.prefix(try stream.read(into: buffer)))
        if start.starts(with: [0x50, 0x4b, 0x03, 0x04]) || start.starts(with: [0x50, 0x4b, 0x05, 0x06]) {
            self = .zip
        } else if start == Array(ArrayHeader.npyMagic.prefix(4)) || ArrayHeader.isIdx(start) {
            self = .array
        } else {
            self = .text
        }
    }
}

/// Where an uncompressed entry lies in a zip archive (APPNOTE.TXT 4.3), which libzip does not tell.
enum ZipDirectory {
    /// The offset of an entry's bytes; `nil` if the archive is not laid out plainly: then it has to be unpacked.
    ///
    /// - Parameters:
    ///   - index: the entry's place in the directory, whose name and size must be those given.
    ///   - bytes: the whole archive.
    static func offset(
        ofEntry index: Int, named name: String, size: Int, in bytes: UnsafeRawBufferPointer
    ) -> Int? {
        guard var record = start(in: bytes) else { return nil }
        for _ in 0..<index {
            guard let length = recordLength(at: record, bytes) else { return nil }
            record += length
        }
        guard let length = recordLength(at: record, bytes), let nameLength = number(2, at: record + 28, bytes),
            nameLength <= length - 46, bytes[record + 46..<record + 46 + nameLength].elementsEqual(name.utf8),
            let method = number(2, at: record + 10, bytes), method == 0,
            let stored = number(4, at: record + 24, bytes), stored == size,
            let header = number(4, at: record + 42, bytes), number(4, at: header, bytes) == 0x0403_4b50,
            let localName = number(2, at: header + 26, bytes), let extra = number(2, at: header + 28, bytes)
        else { return nil }
        let offset = header + 30 + localName + extra
        return offset <= bytes.count - size ? offset : nil
    }

    /// The first record of the directory, which the record at the archive's end names; behind that stands a comment.
    private static func start(in bytes: UnsafeRawBufferPointer) -> Int? {
        let longestComment = 65_535
        for end in stride(from: bytes.count - 22, through: max(0, bytes.count - 22 - longestComment), by: -1)
        where number(4, at: end, bytes) == 0x0605_4b50 {
            guard let comment = number(2, at: end + 20, bytes), end + 22 + comment == bytes.count else { continue }
            return number(4, at: end + 16, bytes)
        }
        return nil
    }

    private static func recordLength(at offset: Int, _ bytes: UnsafeRawBufferPointer) -> Int? {
        guard number(4, at: offset, bytes) == 0x0201_4b50, let name = number(2, at: offset + 28, bytes),
            let extra = number(2, at: offset + 30, bytes), let comment = number(2, at: offset + 32, bytes),
            46 + name + extra + comment <= bytes.count - offset
        else { return nil }
        return 46 + name + extra + comment
    }

    /// A little-endian number of `size` bytes; `nil` outside the archive.
    private static func number(_ size: Int, at offset: Int, _ bytes: UnsafeRawBufferPointer) -> Int? {
        guard offset >= 0, offset <= bytes.count - size else { return nil }
        return (0..<size).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
}

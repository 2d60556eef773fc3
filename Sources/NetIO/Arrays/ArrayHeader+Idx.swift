import Net

/// Headers of the idx format of the MNIST files: two zero bytes, the type, the rank, big-endian dimensions.
extension ArrayHeader {
    /// The type that an idx file names by one byte.
    static func idxType(_ code: UInt8) -> ElementType? {
        switch code {
        case 0x08: .uint8
        case 0x09: .int8
        case 0x0b: .int16
        case 0x0c: .int32
        case 0x0d: .float32
        case 0x0e: .float64
        default: nil
        }
    }

    /// Whether a file's first four bytes can begin an idx file.
    static func isIdx(_ start: [UInt8]) -> Bool {
        start.count >= 4 && start[0] == 0 && start[1] == 0 && idxType(start[2]) != nil && (1...8).contains(start[3])
    }

    /// Reads the dimensions; the first four bytes have been read already.
    init(idx stream: some ByteStream, after start: [UInt8]) throws(DataError) {
        guard ArrayHeader.isIdx(start), let type = ArrayHeader.idxType(start[2]) else {
            throw .malformed(file: stream.name, offset: 0, expected: "an idx header", found: "\(start)")
        }
        let rank = Int(start[3])
        let bytes = try stream.bytes(4 * rank, at: 4)
        let dimensions = (0..<rank).map { axis in
            bytes[4 * axis..<4 * axis + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        guard let shape = Shape(validating: dimensions) else {
            throw .malformed(
                file: stream.name, offset: 4, expected: "a shape that fits memory", found: "\(dimensions)")
        }
        self.shape = shape
        self.type = type
        order = .big
        length = 4 + 4 * rank
    }
}

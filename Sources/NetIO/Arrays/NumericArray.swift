public import Net

/// Numbers with a shape, as read from an array file, in row-major order.
public struct NumericArray: Sendable {
    /// The elements: bytes as stored, other integers widened, reals in single precision.
    public enum Values: Hashable, Sendable {
        case bytes([UInt8])
        case ints([Int])
        case floats([Float])

        /// The number of elements.
        public var count: Int {
            switch self {
            case .bytes(let values): values.count
            case .ints(let values): values.count
            case .floats(let values): values.count
            }
        }
    }

    /// The extent along each axis.
    public let shape: Shape
    /// As many elements as the shape counts.
    public let values: Values

    /// An array from its parts; `nil` if the elements do not number what the shape counts.
    public init?(shape: Shape, values: Values) {
        guard shape.count == values.count else { return nil }
        self.shape = shape
        self.values = values
    }

    /// The elements as single-precision reals.
    public var floats: [Float] {
        switch values {
        case .bytes(let values): values.map(Float.init)
        case .ints(let values): values.map(Float.init)
        case .floats(let values): values
        }
    }

    /// The elements as integers; `nil` if one is not a whole number.
    public var integers: [Int]? {
        switch values {
        case .bytes(let values): return values.map(Int.init)
        case .ints(let values): return values
        case .floats(let values):
            let whole = values.compactMap { Int(exactly: $0) }
            return whole.count == values.count ? whole : nil
        }
    }
}

extension NumericArray {
    /// Reads the array in a `.npy`, `.npy.gz`, idx or idx.gz file.
    ///
    /// - Parameter rows: how many entries of the first axis to read at most; all of them without it.
    public init(path: String, rows: Int? = nil) throws(DataError) {
        self = try ArraySource(path: path, limits: .standard).array(rows: rows)
    }

    /// Reads the elements that follow a header.
    init(
        _ header: ArrayHeader, rows: Int?, from stream: some ByteStream, limits: DataLimits
    ) throws(DataError) {
        try header.checkSize(against: stream)
        let shape = header.shape(rows: rows)
        let needed = shape.count.multipliedReportingOverflow(by: header.type.loadedBytes)
        let most = limits.unpacked(from: stream.packedBytes)
        guard !needed.overflow, needed.partialValue <= most else {
            throw .tooLarge(
                file: stream.name, bytes: needed.overflow ? Int.max : needed.partialValue, limit: most)
        }
        var values = header.type.emptyValues
        values.reserve(shape.count)
        let size = shape.count * header.type.storedBytes
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, min(size, 1 << 20)), alignment: 16)
        defer { chunk.deallocate() }
        var offset = 0
        while offset < size {
            let part = UnsafeMutableRawBufferPointer(rebasing: chunk[..<min(chunk.count, size - offset)])
            let found = try stream.read(into: part)
            guard found == part.count else {
                throw .truncated(
                    file: stream.name, offset: header.length, expected: size, found: offset + found)
            }
            guard values.append(UnsafeRawBufferPointer(part), header) != nil else {
                throw .malformed(
                    file: stream.name, offset: header.length + offset, expected: "integers below 2^63",
                    found: "a larger one")
            }
            offset += found
        }
        if shape == header.shape { try stream.expectEnd(after: header.length + size) }
        self.shape = shape
        self.values = values
    }
}

extension NumericArray.Values {
    fileprivate mutating func reserve(_ count: Int) {
        // Replaced, not copied: the payload is empty and uniquely held.
        switch self {
        case .bytes(var values):
            values.reserveCapacity(count)
            self = .bytes(values)
        case .ints(var values):
            values.reserveCapacity(count)
            self = .ints(values)
        case .floats(var values):
            values.reserveCapacity(count)
            self = .floats(values)
        }
    }

    /// Appends decoded elements; `nil` if one does not fit.
    fileprivate mutating func append(_ raw: UnsafeRawBufferPointer, _ header: ArrayHeader) -> Void? {
        // The payload leaves the enum while it grows, so that it stays the only reference and is not copied.
        switch self {
        case .bytes(var values):
            self = .bytes([])
            values.append(contentsOf: raw)
            self = .bytes(values)
        case .ints(var values):
            self = .ints([])
            guard header.type.appendIntegers(raw, header.order, to: &values) != nil else { return nil }
            self = .ints(values)
        case .floats(var values):
            self = .floats([])
            header.type.appendReals(raw, header.order, to: &values)
            self = .floats(values)
        }
        return ()
    }
}

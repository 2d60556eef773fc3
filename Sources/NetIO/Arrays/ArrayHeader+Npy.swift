import Net

/// Headers of numpy's `.npy` format, versions 1 to 3 (numpy.lib.format).
extension ArrayHeader {
    static let npyMagic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// Longer headers describe records, which are not arrays of numbers.
    private static let longestNpyHeader = 1 << 16

    /// Reads a header whose first `start` bytes have been read already.
    init(npy stream: some ByteStream, after start: [UInt8]) throws(DataError) {
        let fixed = start + (try stream.bytes(8 - start.count, at: start.count))
        guard fixed.starts(with: ArrayHeader.npyMagic), (1...3).contains(fixed[6]) else {
            throw .malformed(
                file: stream.name, offset: 6, expected: "npy version 1, 2 or 3", found: "version \(fixed[6])")
        }
        let lengthBytes = fixed[6] == 1 ? 2 : 4
        let count = try stream.bytes(lengthBytes, at: 8).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard count <= ArrayHeader.longestNpyHeader else {
            throw .malformed(
                file: stream.name, offset: 8, expected: "a header of at most \(ArrayHeader.longestNpyHeader) bytes",
                found: "\(count)")
        }
        let start = 8 + lengthBytes
        let text = String(decoding: try stream.bytes(count, at: start), as: UTF8.self)
        guard let fields = NpyFields(text) else {
            throw .malformed(
                file: stream.name, offset: start, expected: "descr, fortran_order and shape",
                found: text.prefix(60).split(whereSeparator: \.isWhitespace).joined(separator: " "))
        }
        guard let prefix = fields.type.first, "<>|=".contains(prefix),
            let type = ElementType(rawValue: String(fields.type.dropFirst()))
        else { throw .unsupportedType(file: stream.name, type: fields.type) }
        guard let shape = Shape(validating: fields.shape) else {
            throw .malformed(
                file: stream.name, offset: start, expected: "a shape that fits memory", found: "\(fields.shape)")
        }
        // With at most one axis of more than one entry both orders are the same.
        guard !fields.isColumnMajor || fields.shape.count(where: { $0 != 1 }) <= 1 else {
            throw .columnMajor(file: stream.name)
        }
        self.shape = shape
        self.type = type
        order = prefix == ">" ? .big : .little
        length = start + count
    }
}

/// The three entries of an npy header, a Python dictionary such as
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (8, 10), }`.
private struct NpyFields {
    let type: String
    let isColumnMajor: Bool
    let shape: [Int]

    /// `nil` if an entry is missing, doubled or in another form; a record type becomes the type `record`.
    init?(_ text: String) {
        var rest = text[...]
        var type: String?
        var isColumnMajor: Bool?
        var shape: [Int]?
        guard rest.take("{") else { return nil }
        while !rest.take("}") {
            guard let key = rest.takeQuoted(), rest.take(":") else { return nil }
            switch key {
            case "descr" where type == nil:
                if rest.take("[") {
                    self.init(type: "record", isColumnMajor: false, shape: [])
                    return
                }
                type = rest.takeQuoted()
            case "fortran_order" where isColumnMajor == nil:
                isColumnMajor = rest.take("True") ? true : rest.take("False") ? false : nil
            case "shape" where shape == nil:
                shape = rest.takeTuple()
            default: return nil
            }
            guard rest.take(",") || rest.first == "}" else { return nil }
        }
        guard let type, let isColumnMajor, let shape, rest.allSatisfy(\.isWhitespace) else { return nil }
        self.init(type: type, isColumnMajor: isColumnMajor, shape: shape)
    }

    private init(type: String, isColumnMajor: Bool, shape: [Int]) {
        self.type = type
        self.isColumnMajor = isColumnMajor
        self.shape = shape
    }
}

extension Substring {
    /// Removes `token` and the blanks around it; false if something else stands there.
    fileprivate mutating func take(_ token: String) -> Bool {
        skipBlanks()
        guard hasPrefix(token) else { return false }
        removeFirst(token.count)
        skipBlanks()
        return true
    }

    fileprivate mutating func takeQuoted() -> String? {
        guard let quote = first, quote == "'" || quote == "\"" else { return nil }
        let body = dropFirst()
        guard let end = body.firstIndex(of: quote) else { return nil }
        self = body[body.index(after: end)...]
        return String(body[..<end])
    }

    fileprivate mutating func takeTuple() -> [Int]? {
        guard take("(") else { return nil }
        var dimensions: [Int] = []
        while !take(")") {
            let digits = prefix { $0.isASCII && $0.isNumber }
            guard dimensions.count < 32, let dimension = Int(digits) else { return nil }
            self = self[digits.endIndex...]
            // Python 2 wrote long integers with a suffix.
            _ = take("L")
            dimensions.append(dimension)
            guard take(",") || first == ")" else { return nil }
        }
        return dimensions
    }

    private mutating func skipBlanks() { self = drop(while: \.isWhitespace) }
}

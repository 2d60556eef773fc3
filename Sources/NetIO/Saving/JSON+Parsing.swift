extension JSON {
    /// Why bytes are not a JSON document that nibble reads.
    public enum ParsingError: Error, Hashable, Sendable {
        /// The bytes at an offset are not JSON.
        case malformed(offset: Int)
        /// An object names a member twice, so that nobody can tell which of them counts.
        case duplicateMember(name: String, offset: Int)
        /// Values lie deeper inside each other than in any document that nibble writes.
        case tooDeep(offset: Int)
    }

    /// Reads a document (RFC 8259); members keep their order.
    ///
    /// Whole numbers written without fraction and exponent become `int` where they fit.
    public init(parsing bytes: some Sequence<UInt8>) throws(ParsingError) {
        var parser = Parser(bytes: Array(bytes))
        self = try parser.document()
    }

    private struct Parser {
        private static let deepest = 64

        let bytes: [UInt8]
        private var position = 0
        private var depth = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func document() throws(ParsingError) -> JSON {
            let value = try value()
            skipBlanks()
            guard position == bytes.count else { throw .malformed(offset: position) }
            return value
        }

        private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

        private mutating func skipBlanks() {
            while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { position += 1 }
        }

        /// Takes a character and the blanks before it; false if something else stands there.
        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            skipBlanks()
            guard next == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        private mutating func expect(_ character: Unicode.Scalar) throws(ParsingError) {
            guard take(character) else { throw .malformed(offset: position) }
        }

        private mutating func value() throws(ParsingError) -> JSON {
            skipBlanks()
            switch next {
            case UInt8(ascii: "{"):
                return .object(try nested { parser throws(ParsingError) in try parser.members() })
            case UInt8(ascii: "["):
                return .array(try nested { parser throws(ParsingError) in try parser.elements() })
            case UInt8(ascii: "\""): return .string(try string())
            case UInt8(ascii: "t"): return try word("true", .bool(true))
            case UInt8(ascii: "f"): return try word("false", .bool(false))
            case UInt8(ascii: "n"): return try word("null", .null)
            default: return try number()
            }
        }

        private mutating func nested<Content>(
            _ body: (inout Parser) throws(ParsingError) -> Content
        ) throws(ParsingError) -> Content {
            guard depth < Parser.deepest else { throw .tooDeep(offset: position) }
            depth += 1
            position += 1
            let content = try body(&self)
            depth -= 1
            return content
        }

        private mutating func members() throws(ParsingError) -> [Member] {
            var members: [Member] = []
            var names: Set<String> = []
            guard !take("}") else { return members }
            repeat {
                skipBlanks()
                let start = position
                let name = try string()
                guard names.insert(name).inserted else { throw .duplicateMember(name: name, offset: start) }
                try expect(":")
                members.append(Member(name: name, value: try value()))
            } while take(",")
            try expect("}")
            return members
        }

        private mutating func elements() throws(ParsingError) -> [JSON] {
            var elements: [JSON] = []
            guard !take("]") else { return elements }
            repeat { elements.append(try value()) } while take(",")
            try expect("]")
            return elements
        }

        private mutating func word(_ text: String, _ value: JSON) throws(ParsingError) -> JSON {
            guard bytes[position...].starts(with: text.utf8) else { throw .malformed(offset: position) }
            position += text.utf8.count
            return value
        }

        private mutating func number() throws(ParsingError) -> JSON {
            let start = position
            if next == UInt8(ascii: "-") { position += 1 }
            let whole = try digits()
            // A leading zero stands alone.
            guard whole.count == 1 || bytes[whole.lowerBound] != UInt8(ascii: "0") else {
                throw .malformed(offset: start)
            }
            let isWhole = next != UInt8(ascii: ".") && next != UInt8(ascii: "e") && next != UInt8(ascii: "E")
            if next == UInt8(ascii: ".") {
                position += 1
                _ = try digits()
            }
            if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
                position += 1
                if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
                _ = try digits()
            }
            let text = String(decoding: bytes[start..<position], as: UTF8.self)
            if isWhole, let integer = Int(text) { return .int(integer) }
            guard let number = Double(text), number.isFinite else { throw .malformed(offset: start) }
            return .number(number)
        }

        private mutating func digits() throws(ParsingError) -> Range<Int> {
            let start = position
            while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
            guard position > start else { throw .malformed(offset: position) }
            return start..<position
        }

        private mutating func string() throws(ParsingError) -> String {
            guard next == UInt8(ascii: "\"") else { throw .malformed(offset: position) }
            position += 1
            let start = position
            var text: [UInt8] = []
            while let byte = next, byte != UInt8(ascii: "\"") {
                guard byte >= 0x20 else { throw .malformed(offset: position) }
                position += 1
                if byte == UInt8(ascii: "\\") { text += try escaped().utf8 } else { text.append(byte) }
            }
            guard next != nil, let string = String(validating: text, as: UTF8.self) else {
                throw .malformed(offset: start)
            }
            position += 1
            return string
        }

        /// What follows a backslash.
        private mutating func escaped() throws(ParsingError) -> String {
            guard let byte = next else { throw .malformed(offset: position) }
            position += 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return String(Unicode.Scalar(byte))
            case UInt8(ascii: "b"): return "\u{8}"
            case UInt8(ascii: "f"): return "\u{c}"
            case UInt8(ascii: "n"): return "\n"
            case UInt8(ascii: "r"): return "\r"
            case UInt8(ascii: "t"): return "\t"
            case UInt8(ascii: "u"): return String(try unicode())
            default: throw .malformed(offset: position - 1)
            }
        }

        /// A scalar written as one or two groups of four hexadecimal digits, which are UTF-16.
        private mutating func unicode() throws(ParsingError) -> Unicode.Scalar {
            let start = position
            let first = try hexadecimal()
            if let scalar = Unicode.Scalar(first) { return scalar }
            guard (0xd800..<0xdc00).contains(first), bytes[position...].starts(with: "\\u".utf8) else {
                throw .malformed(offset: start)
            }
            position += 2
            let second = try hexadecimal()
            guard (0xdc00..<0xe000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
            else { throw .malformed(offset: start) }
            return scalar
        }

        private mutating func hexadecimal() throws(ParsingError) -> UInt32 {
            guard position + 4 <= bytes.count,
                bytes[position..<position + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                let value = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
            else { throw .malformed(offset: position) }
            position += 4
            return value
        }
    }
}

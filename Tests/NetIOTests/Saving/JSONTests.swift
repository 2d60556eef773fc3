import Testing

@testable import NetIO

@Suite struct JSONTests {
    private func parse(_ text: String) throws -> JSON { try JSON(parsing: text.utf8) }

    @Test func valuesAreReadAsTheyAreWritten() throws {
        let text = "{\"b\": [1, -2.5, 1e3, true, false, null], \"a\": {\"\": \"\\\"\\\\\\n\u{e9}\"}, \"c\": []}"
        let value = try parse(text)
        #expect(value["b"] == .array([.int(1), .number(-2.5), .number(1000), .bool(true), .bool(false), .null]))
        #expect(value["a"]?[""] == .string("\"\\\n\u{e9}"))
        #expect(try JSON(parsing: value.text.utf8) == value && JSON(parsing: value.indented.utf8) == value)
        guard case .object(let members) = value else { return }
        #expect(members.map(\.name) == ["b", "a", "c"])
    }

    @Test func escapesAreUTF16() throws {
        #expect(try parse("\"\\u00e9\\ud83d\\ude00\\/\\b\\f\\r\\t\"") == .string("\u{e9}\u{1f600}/\u{8}\u{c}\r\t"))
        for text in ["\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83dx\"", "\"\\u00g0\"", "\"\\x\"", "\"\\u+123\""] {
            #expect(throws: JSON.ParsingError.self, "\(text)") { try parse(text) }
        }
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1,]", "{\"a\"}", "{\"a\":1,}", "{a:1}", "01", "1.", ".5", "-", "1e", "+1", "1e999",
        "nul",
        "tru", "\"", "\"\n\"", "[1] 2", "NaN", "Infinity", "\u{0}", "'a'", "[1 2]", "--1",
    ]) func whatIsNotJSONIsRefused(text: String) {
        #expect(throws: JSON.ParsingError.self) { try parse(text) }
    }

    @Test func bytesThatAreNotUTF8AreRefused() {
        #expect(throws: JSON.ParsingError.malformed(offset: 1)) { try JSON(parsing: [0x22, 0xff, 0x22]) }
    }

    @Test func aMemberNamedTwiceIsRefusedHoweverItIsWritten() {
        #expect(throws: JSON.ParsingError.duplicateMember(name: "ab", offset: 10)) {
            try parse("{\"ab\": 1, \"a\\u0062\": 2}")
        }
    }

    @Test func depthIsBounded() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try parse(nested(64))
        #expect(throws: JSON.ParsingError.tooDeep(offset: 64)) { try parse(nested(65)) }
        #expect(throws: JSON.ParsingError.tooDeep(offset: 64)) { try parse(nested(1_000_000)) }
    }

    @Test func largeNumbersStayNumbers() throws {
        #expect(try parse("9223372036854775807") == .int(.max))
        #expect(try parse("9223372036854775808") == .number(0x1p63))
        #expect(try parse("-0") == .int(0))
    }
}

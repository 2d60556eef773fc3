import NetIO
import Testing

@Suite struct NamedTensorsTests {
    private let example = NamedTensors(
        tensors: ["b": [1, -0.0, .pi, .leastNonzeroMagnitude], "a": [], "c": [.greatestFiniteMagnitude]],
        metadata: ["step": "12", "words": "a \"quoted\" line\n"])

    private func written(_ bytes: [UInt8]) throws -> NamedTensors {
        let files = try DataFiles()
        try AtomicFile.write(bytes, to: files.path("file"))
        return try NamedTensors(path: files.path("file"))
    }

    @Test func `what is written is read back, bit for bit`() throws {
        #expect(try written(example.bytes) == example)
        #expect(try written(NamedTensors().bytes) == NamedTensors())
    }

    @Test func `the header is that of the format`() throws {
        let bytes = example.bytes
        let length = Int(bytes[0]) | Int(bytes[1]) << 8
        #expect(bytes.count == 8 + length + 20 && length % 8 == 0)
        let header = try JSON(parsing: bytes[8..<8 + length])
        #expect(header["b"]?["dtype"] == .string("F32"))
        #expect(header["b"]?["data_offsets"] == .array([.int(0), .int(16)]))
        #expect(header["__metadata__"]?["step"] == .string("12"))
    }

    @Test func `a file that is cut, or that tells lies about its places, is refused`() throws {
        let bytes = example.bytes
        for length in [0, 7, 8, 40, bytes.count - 1] {
            #expect(throws: NamedTensorsError.self) { try written(Array(bytes[..<length])) }
        }
        for header in [
            "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 9]}}",
            "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [-4, 4]}}",
            "{\"a\": {\"dtype\": \"F16\", \"shape\": [2], \"data_offsets\": [0, 4]}}", "[]", "{",
        ] {
            let text = Array(header.utf8)
            #expect(throws: NamedTensorsError.self) {
                try written([UInt8(text.count), 0, 0, 0, 0, 0, 0, 0] + text + [0, 0, 0, 0, 0, 0, 0, 0])
            }
        }
        let huge = [UInt8](repeating: 255, count: 8) + bytes
        #expect(throws: NamedTensorsError.self) { try written(huge) }
    }
}

import Glibc
import Net
import NetIOTesting
import Testing

@testable import NetIO

@Suite struct NpzArchiveTests {
    let files: DataFiles
    init() throws { files = try DataFiles() }

    @Test(arguments: [false, true])
    func storedAndDeflatedArraysReadByName(deflated: Bool) throws {
        let path = files.path("a.npz")
        let entries = [
            ("x.npy", ArrayFile.npy("|u1", "(2, 2)", [1, 2, 3, 4])),
            ("y.npy", ArrayFile.npy("<i2", "(2,)", [5, 0, 6, 0])), ("readme.txt", [65]),
        ]
        ArrayFile.zip(entries, at: path, deflated: deflated)
        let archive = try NpzArchive(path: path)
        #expect(archive.names == ["x", "y"])
        #expect(try archive.array("x").values == .bytes([1, 2, 3, 4]))
        #expect(try archive.array("x", rows: 1).values == .bytes([1, 2]))
        #expect(try archive.array("y").values == .ints([5, 6]))
        #expect(throws: DataError.missingArray(file: path, wanted: ["z"], found: ["x", "y"])) {
            try archive.array("z")
        }
    }

    @Test func aBombIsRefusedByItsDeclaredSize() throws {
        let path = files.path("bomb.npz")
        let zeros = [UInt8](repeating: 0, count: 1 << 24)
        ArrayFile.zip([("x.npy", ArrayFile.npy("|u1", "(16777216,)", zeros))], at: path, deflated: true)
        let archive = try NpzArchive(path: path, limits: DataLimits(bytes: 1 << 20, pixelsPerImage: 1 << 20))
        #expect(throws: DataError.tooLarge(file: "\(path) (x.npy)", bytes: 1 << 24, limit: 1 << 20)) {
            try archive.array("x")
        }
    }

    @Test func aSizeThatDeflateCannotReachIsRefused() throws {
        let path = files.path("lie.npz")
        ArrayFile.zip([("x.npy", ArrayFile.npy("|u1", "(4,)", [1, 2, 3, 4]))], at: path, deflated: true)
        var bytes = try content(path)
        // The uncompressed size stands 22 bytes into the local header and 24 into the central one.
        for (signature, offset) in [([0x50, 0x4b, 3, 4], 22), ([0x50, 0x4b, 1, 2], 24)] as [([UInt8], Int)] {
            let start = try #require((0..<bytes.count - 4).first { Array(bytes[$0..<$0 + 4]) == signature })
            bytes.replaceSubrange(start + offset..<start + offset + 4, with: [0, 0, 0, 0x70])
        }
        let lie = files.write(bytes, "lie.npz")
        #expect(throws: DataError.self) { try NpzArchive(path: lie).array("x") }
    }

    @Test func everyTruncationIsAnError() throws {
        let path = files.path("a.npz")
        ArrayFile.zip([("x.npy", ArrayFile.npy("|u1", "(4,)", [1, 2, 3, 4]))], at: path, deflated: true)
        let bytes = try content(path)
        for count in 0..<bytes.count {
            let cut = files.write(Array(bytes.prefix(count)), "cut.npz")
            #expect(throws: DataError.self) { try NpzArchive(path: cut).array("x") }
        }
    }

    @Test(.enabled(if: Zoo.has("resnet8-expected.npz")))
    func expectedOutputsOfRealNetsRead() throws {
        let archive = try NpzArchive(path: Zoo.path("resnet8-expected.npz"))
        let input = try archive.array("in_input")
        let output = try archive.array("out")
        #expect(input.shape[0] == 8 && input.shape.rank == 4)
        #expect(output.shape == [8, 10])
        // The net ends in a softmax.
        for row in 0..<8 { #expect(abs(output.floats[row * 10..<row * 10 + 10].reduce(0, +) - 1) < 1e-5) }
    }

    private func content(_ path: String) throws -> [UInt8] {
        let file = try MappedFile(path: path)
        return file.withBytes { Array($0) }
    }
}

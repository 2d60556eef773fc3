import CZlib
import Glibc
import Net
import NetIOTesting
import OnnxProto
import SwiftProtobuf
import Testing

@testable import NetIO

/// Files of data that are cut short, lie about themselves, or are none.
@Suite struct HostileFileTests {
    let files: DataFiles
    init() throws { files = try DataFiles() }

    /// Reads images and all their pixels.
    private func read(_ path: String) throws {
        let images = try DataReader.images(at: path, classes: 10).images
        for index in 0..<images.count { try images.pixels.withPixels(of: index) { _ in } }
    }

    private func everyPrefixIsAnError(_ whole: [UInt8], _ name: String) throws {
        try read(files.write(whole, name))
        for count in 0..<whole.count {
            let path = files.write(Array(whole.prefix(count)), name)
            let error = #expect(throws: DataError.self, "\(count) of \(whole.count)") { try read(path) }
            #expect(error?.description.contains("\n") == false)
        }
    }

    @Test func everyTruncationOfAnArrayIsAnError() throws {
        try everyPrefixIsAnError(ArrayFile.npy("|u1", "(2, 1, 2, 2)", [1, 2, 3, 4, 5, 6, 7, 8]), "x.npy")
        try everyPrefixIsAnError(ArrayFile.idx(8, [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]), "x.idx")
    }

    @Test(arguments: [false, true]) func everyTruncationOfAnArchiveIsAnError(deflated: Bool) throws {
        let path = files.path("whole.npz")
        let entries = [
            ("images.npy", ArrayFile.npy("|u1", "(2, 1, 2, 2)", [1, 2, 3, 4, 5, 6, 7, 8])),
            ("labels.npy", ArrayFile.npy("|u1", "(2,)", [1, 2])),
        ]
        ArrayFile.zip(entries, at: path, deflated: deflated)
        try everyPrefixIsAnError(try MappedFile(path: path).withBytes { Array($0) }, "x.npz")
    }

    @Test func everyTruncationOfAGzippedFileIsAnError() throws {
        let path = files.path("whole.gz")
        let bytes = ArrayFile.idx(8, [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])
        let file = gzopen(path, "wb")
        gzwrite(file, bytes, UInt32(bytes.count))
        gzclose(file)
        try everyPrefixIsAnError(try MappedFile(path: path).withBytes { Array($0) }, "x.gz")
    }

    @Test func everyTruncationOfATensorIsAnError() throws {
        var tensor = OnnxTensor()
        tensor.dims = [2, 1, 2, 2]
        tensor.dataType = 2
        tensor.rawData = .init([1, 2, 3, 4, 5, 6, 7, 8])
        try everyPrefixIsAnError(try tensor.serializedBytes(), "x.pb")
    }

    @Test func everyTruncationOfACifarRecordIsAnError() throws {
        let record = [3] + [UInt8](repeating: 200, count: 3072)
        try read(files.write(record, "x.bin"))
        for count in [0, 1, 2, 31, 3071, 3072] {
            let path = files.write(Array(record.prefix(count)), "x.bin")
            #expect(throws: DataError.self) { try read(path) }
        }
    }

    @Test func everyTruncationOfAConfigurationIsAnError() throws {
        let path = files.path("x.json")
        let text = "{\"schema\": 1, \"model\": \"m\\u00e9\", \"list\": [1, 2.5e-3, true, null, {\"a\": {}}]}"
        #expect(throws: ConfigurationFileError.field(path: path, field: "preprocessing", problem: "is missing")) {
            try SavedConfiguration(path: files.write(Array(text.utf8), "x.json"))
        }
        for count in 0..<text.utf8.count {
            let cut = files.write(Array(text.utf8.prefix(count)), "x.json")
            let error = #expect(throws: ConfigurationFileError.self) { try SavedConfiguration(path: cut) }
            guard case .notJSON? = error else {
                Issue.record("\(count): \(String(describing: error))")
                continue
            }
        }
    }

    @Test func anArchiveThatUnpacksToFarMoreThanItHoldsIsRefused() throws {
        let path = files.path("bomb.npz")
        let zeros = [UInt8](repeating: 0, count: 1 << 22)
        ArrayFile.zip([("x.npy", ArrayFile.npy("|u1", "(4096, 1, 32, 32)", zeros))], at: path, deflated: true)
        // Four MiB are nothing; the rule is tried with less.
        let reader = DataReader(limits: DataLimits(bytes: 1 << 30, pixelsPerImage: 1 << 20, unpackedBytes: 1 << 21))
        #expect(throws: DataError.self) { try reader.images(at: path) }
        #expect(try DataReader.images(at: path).images.count == 4096)
        let limits = DataLimits.standard
        #expect(limits.unpacked(from: 1 << 20) == 1 << 28 && limits.unpacked(from: 1 << 26) > 1 << 28)
        #expect(limits.unpacked(from: Int.max) == limits.bytes && limits.unpacked(from: nil) == limits.bytes)
    }

    @Test func labelsThatUnpackToFarMoreThanTheyHoldAreRefused() throws {
        let path = files.path("labels.gz")
        let file = gzopen(path, "wb9")
        let lines = Array(String(repeating: "1\n", count: 1 << 20).utf8)
        for _ in 0..<20 { gzwrite(file, lines, UInt32(lines.count)) }
        gzclose(file)
        #expect(throws: DataError.self) { try Labels(path: path, limits: .standard) }
    }

    @Test func sidesBeyondAnyPictureAreRefusedBeforeAnythingIsPrepared() throws {
        let path = files.write(
            ArrayFile.npy("|u1", "(1, 1, 1, 300000)", [UInt8](repeating: 7, count: 300_000)), "x.npy")
        #expect(throws: DataError.self) { try DataReader.images(at: path, resize: 8) }
    }

    @Test(arguments: ["directory", "pipe", "device", "empty", "missing"])
    func whatIsNoFileIsRefusedInOneLine(kind: String) throws {
        let path = files.path("it")
        switch kind {
        case "directory": files.folder("it")
        case "pipe": mkfifo(path, 0o644)
        case "device": symlink("/dev/zero", path)
        case "empty": _ = files.write([], "it")
        default: break
        }
        var lines: [String] = []
        do { try read(path) } catch { lines.append("\(error)") }
        do { _ = try Labels(path: path, limits: .standard) } catch { lines.append("\(error)") }
        do { _ = try OnnxFile(path: path) } catch { lines.append("\(error)") }
        do { _ = try SavedConfiguration(path: path) } catch { lines.append("\(error)") }
        #expect(lines.count == 4 && lines.allSatisfy { $0.contains(path) && !$0.contains("\n") }, "\(lines)")
    }

    @Test(.enabled(if: getuid() != 0, "root reads everything"))
    func filesWithoutPermissionAreRefusedInOneLine() throws {
        let path = files.write([1, 2, 3], "it")
        chmod(path, 0)
        #expect(throws: DataError.self) { try read(path) }
        #expect(throws: OnnxError.self) { try OnnxFile(path: path) }
        #expect(throws: ConfigurationFileError.self) { try SavedConfiguration(path: path) }
    }
}

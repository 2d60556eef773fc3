import Glibc
import Net
import NetIOTesting
import OnnxProto
import SwiftProtobuf
import Testing

@testable import NetIO

@Suite struct DataReaderTests {
    let files: DataFiles
    init() throws { files = try DataFiles() }

    private func npy(_ type: String, _ shape: String, _ count: Int, _ name: String = "x.npy") -> String {
        files.write(ArrayFile.npy(type, shape, [UInt8](repeating: 0, count: count)), name)
    }

    @Test func theShapeTellsTheLayout() throws {
        let first = try DataReader.images(at: npy("|u1", "(2, 3, 4, 5)", 120)).images
        #expect(first.layout == .nchw && first.channels == 3 && first.height == 4 && first.width == 5)
        let last = try DataReader.images(at: npy("|u1", "(2, 4, 5, 3)", 120)).images
        #expect(last.layout == .nhwc && last.channels == 3 && last.height == 4 && last.width == 5)
        let path = npy("|u1", "(2, 4, 5, 4)", 160)
        #expect(throws: DataError.unknownLayout(file: path, shape: [2, 4, 5, 4])) {
            try DataReader.images(at: path)
        }
        #expect(try DataReader.images(at: path, layout: .nhwc).images.channels == 4)
        let both = try DataReader.images(at: npy("|u1", "(1, 3, 4, 3)", 36, "both.npy"))
        #expect(both.notes == [.ambiguousLayout(file: files.path("both.npy"), taken: .nchw)])
    }

    @Test func theStoredTypeGivesTheScale() throws {
        #expect(try DataReader.images(at: npy("|u1", "(1, 1, 2, 2)", 4)).defaultScale == 1 / 255)
        #expect(try DataReader.images(at: npy("<f4", "(1, 1, 2, 2)", 16)).defaultScale == 1)
    }

    @Test func anIdxFileOfThreeAxesHasOneChannel() throws {
        let images = files.write(ArrayFile.idx(8, [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]), "images")
        let labels = files.write(ArrayFile.idx(8, [2], [9, 4]), "labels")
        let read = try DataReader.images(at: images, labelsAt: labels).images
        #expect(read.count == 2 && read.channels == 1 && read.labels == [9, 4])
        #expect(try DataReader.images(at: images, labelsAt: labels, limit: 1).images.labels == [9])
    }

    @Test func anArchiveBringsItsOwnLabels() throws {
        let path = files.path("a.npz")
        let entries = [
            ("images.npy", ArrayFile.npy("|u1", "(2, 1, 1, 2)", [1, 2, 3, 4])),
            ("labels.npy", ArrayFile.npy("<i8", "(2,)", ArrayFile.littleEndian(7) + ArrayFile.littleEndian(8))),
        ]
        ArrayFile.zip(entries, at: path, deflated: true)
        let read = try DataReader.images(at: path, limit: 1).images
        #expect(read.count == 1 && read.labels == [7])
        #expect(try read.allBytes() == [1, 2])
    }

    @Test func aWrongNumberOfLabelsIsAnErrorEvenBeyondTheLimit() throws {
        let path = npy("|u1", "(3, 1, 1, 1)", 3)
        let labels = files.write(Array("1\n2\n".utf8), "labels.txt")
        #expect(throws: DataError.labelCount(file: labels, expected: 3, found: 2)) {
            try DataReader.images(at: path, labelsAt: labels, limit: 2)
        }
    }

    @Test func pixelsThatAreNoNumbersAreRefused() throws {
        let bytes = ArrayFile.littleEndian(Float(1).bitPattern) + ArrayFile.littleEndian(Float.nan.bitPattern)
        let path = files.write(ArrayFile.npy("<f4", "(1, 1, 1, 2)", bytes), "nan.npy")
        let images = try DataReader.images(at: path).images
        #expect(throws: DataError.notFinite(file: path, element: 1)) { try images.allFloats() }
    }

    @Test(arguments: [Int.max, 1 << 20, -1, 0])
    func senselessSizesNeverTrap(side: Int) throws {
        let path = npy("|u1", "(2, 1, 2, 3)", 12)
        if side > 1 {
            #expect(throws: DataError.self) { try DataReader.images(at: path, resize: side) }
            #expect(throws: DataError.self) { try DataReader.images(at: path, crop: side) }
        } else {
            #expect(try DataReader.images(at: path, resize: side, crop: side).images.width == 1)
            #expect(try DataReader.images(at: path, limit: side).images.count == 0)
        }
    }

    @Test func unknownBytesAreNamedSo() throws {
        let path = files.write(Array("hello world".utf8), "x.bin")
        #expect(throws: DataError.unknownFormat(file: path)) { try DataReader.images(at: path) }
    }

    @Test func bothLayoutsAreFramedAlike() throws {
        // Two channels-first planes against the same pixels interleaved.
        let planes: [UInt8] = (0..<72).map { (index: Int) -> UInt8 in UInt8(index * 37 % 251) }
        let mixed: [UInt8] = (0..<72).map { (index: Int) -> UInt8 in planes[index % 2 * 36 + index / 2] }
        let first = files.write(ArrayFile.npy("|u1", "(1, 2, 6, 6)", planes), "first.npy")
        let last = files.write(ArrayFile.npy("|u1", "(1, 6, 6, 2)", mixed), "last.npy")
        let a = try DataReader.images(at: first, layout: .nchw, resize: 4, crop: 3).images
        let b = try DataReader.images(at: last, layout: .nhwc, resize: 4, crop: 3).images
        let x = try a.allBytes()
        let expected: [UInt8] = (0..<18).map { (index: Int) -> UInt8 in x[index % 2 * 9 + index / 2] }
        #expect(try b.allBytes() == expected)
    }

    @Test func everyTypeIsConvertedImageByImage() throws {
        func floats(_ type: String, _ data: [UInt8]) throws -> [Float] {
            try DataReader.images(at: files.write(ArrayFile.npy(type, "(2, 1, 1, 1)", data), "t.npy")).images
                .allFloats()
        }
        #expect(try floats("|i1", [0xff, 7]) == [-1, 7])
        #expect(try floats("<u2", [0xff, 0xff, 1, 0]) == [65535, 1])
        #expect(try floats(">i2", [0xff, 0xfe, 0, 1]) == [-2, 1])
        #expect(try floats("<i4", ArrayFile.littleEndian(Int32(-5)) + ArrayFile.littleEndian(Int32(9))) == [-5, 9])
        #expect(
            try floats("<u8", ArrayFile.littleEndian(UInt64.max) + ArrayFile.littleEndian(UInt64(9))) == [
                0x1p64, 9,
            ])
        #expect(try floats("<i8", ArrayFile.littleEndian(Int64(-1)) + ArrayFile.littleEndian(Int64(3))) == [-1, 3])
        #expect(try floats("<f2", ArrayFile.littleEndian(Float16(-1.5).bitPattern) + [0, 0]) == [-1.5, 0])
        #expect(
            try floats(">f8", ArrayFile.bigEndian(0.1.bitPattern) + ArrayFile.bigEndian((-2.0).bitPattern)) == [
                0.1, -2,
            ]
        )
        #expect(try DataReader.images(at: npy("<i8", "(1, 1, 1, 2)", 16)).notes.isEmpty)
        let wide = files.write(ArrayFile.npy("<u2", "(1, 1, 1, 2)", [0, 1, 0, 0]), "wide.npy")
        #expect(try DataReader.images(at: wide).notes == [.wideIntegers(file: wide)])
    }

    @Test(arguments: [false, true])
    func membersOfAnArchiveReadAlikeStoredAndDeflated(deflated: Bool) throws {
        let path = files.path("a.npz")
        let pixels: [UInt8] = (0..<24).map { UInt8($0 * 9) }
        let entries = [
            ("note.txt", [UInt8](repeating: 65, count: 77)),
            ("images.npy", ArrayFile.npy("|u1", "(4, 1, 2, 3)", pixels)),
        ]
        ArrayFile.zip(entries, at: path, deflated: deflated)
        #expect(try DataReader.images(at: path).images.allBytes() == pixels)
        #expect(try DataReader.images(at: path, limit: 2).images.allBytes() == Array(pixels.prefix(12)))
        let stored = try NpzArchive(path: path).source("images").stored()
        let isMapped = if case .mapped = stored { true } else { false }
        #expect(isMapped == !deflated)
    }

    @Test func aChangedByteOfAStoredMemberIsFoundByItsSum() throws {
        let path = files.path("a.npz")
        ArrayFile.zip(
            [("x.npy", ArrayFile.npy("|u1", "(2, 1, 1, 2)", [71, 72, 73, 74]))], at: path, deflated: false)
        var bytes = try MappedFile(path: path).withBytes { Array($0) }
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: [71, 72, 73, 74]) })
        #expect(try DataReader.images(at: path).images.allBytes() == [71, 72, 73, 74])
        bytes[place] = 70
        let broken = files.write(bytes, "broken.npz")
        #expect(throws: DataError.self) { try DataReader.images(at: broken) }
    }

    @Test func aFileThatBecomesShorterIsAnErrorAndNotACrash() throws {
        let path = npy("|u1", "(64, 1, 32, 32)", 65_536)
        let images = try DataReader.images(at: path).images
        #expect(truncate(path, 8192) == 0)
        #expect(throws: DataError.unreadable(file: path, reason: "it became shorter while it was read")) {
            try images.pixels.withPixels(of: 63) { _ in }
        }
    }

    @Test func cifarFilesAndFoldersOfThemBringTheirLabels() throws {
        func record(_ label: UInt8) -> [UInt8] { [label] + (0..<3072).map { UInt8(($0 + Int(label)) % 256) } }
        let first = files.write(record(3) + record(9), "data_batch_1.bin")
        _ = files.write(record(5), "data_batch_2.bin")
        _ = files.write(Array("airplane\n".utf8), "batches.meta.txt")
        let read = try DataReader.images(at: first)
        #expect(read.images.labels == [3, 9] && read.images.layout == .nchw && read.images.width == 32)
        #expect(try read.images.allBytes().prefix(2) == [3, 4] && read.defaultScale == 1 / 255)
        let folder = try DataReader.images(at: files.directory, crop: 1, limit: 3).images
        #expect(try folder.labels == [3, 9, 5] && folder.allBytes().count == 9)
        let other = files.write(record(1) + record(10), "other")
        #expect(throws: DataError.unknownFormat(file: other)) { try DataReader.images(at: other) }
        _ = files.write([1, 2, 3], "data_batch_3.bin")
        #expect(throws: DataError.self) { try DataReader.images(at: files.directory) }
    }

    @Test func tensorsOfONNXAreImagesAndLabels() throws {
        var images = OnnxTensor()
        images.dims = [2, 1, 1, 2]
        images.dataType = 2
        images.rawData = .init([1, 2, 3, 4])
        var labels = OnnxTensor()
        labels.dims = [2]
        labels.dataType = 7
        labels.int64Data = [7, 8]
        let path = files.write(try images.serializedBytes(), "input_0.pb")
        let labelsPath = files.write(try labels.serializedBytes(), "labels.pb")
        let read = try DataReader.images(at: path, labelsAt: labelsPath)
        #expect(try read.images.allBytes() == [1, 2, 3, 4] && read.images.labels == [7, 8])
        #expect(try DataReader.images(at: path, limit: 1).images.allBytes() == [1, 2])
        images.dataType = 1
        images.rawData = .init()
        images.floatData = [0.5, 1, 2, 3]
        let reals = try DataReader.images(at: files.write(try images.serializedBytes(), "reals.pb"))
        #expect(try reals.images.allFloats() == [0.5, 1, 2, 3] && reals.defaultScale == 1)
        let whole: [UInt8] = try images.serializedBytes()
        let short = files.write(Array(whole.prefix(9)), "short.pb")
        #expect(throws: DataError.self) { try DataReader.images(at: short) }
    }

    @Test(.enabled(if: Zoo.has("cifar10-test.npz")))
    func realArchivesReadWhole() throws {
        let read = try DataReader.images(at: Zoo.path("cifar10-test.npz"), classes: 10)
        #expect(read.images.count == 10_000 && read.images.channels == 3 && read.images.layout == .nchw)
        #expect(Set(read.images.labels ?? []) == Set(0..<10) && read.notes.isEmpty)
    }
}

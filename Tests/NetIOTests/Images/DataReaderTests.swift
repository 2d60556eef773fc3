import Net
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
        guard case .bytes(let bytes) = read.pixels else { throw DataError.noImages(path: path) }
        #expect(bytes == [1, 2])
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
        #expect(throws: DataError.notFinite(file: path, element: 1)) { try DataReader.images(at: path) }
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
        guard case .bytes(let x) = a.pixels, case .bytes(let y) = b.pixels else { return }
        let expected: [UInt8] = (0..<18).map { (index: Int) -> UInt8 in x[index % 2 * 9 + index / 2] }
        #expect(y == expected)
    }

    @Test(.enabled(if: Zoo.has("cifar10-test.npz")))
    func realArchivesReadWhole() throws {
        let read = try DataReader.images(at: Zoo.path("cifar10-test.npz"), classes: 10)
        #expect(read.images.count == 10_000 && read.images.channels == 3 && read.images.layout == .nchw)
        #expect(Set(read.images.labels ?? []) == Set(0..<10) && read.notes.isEmpty)
    }
}

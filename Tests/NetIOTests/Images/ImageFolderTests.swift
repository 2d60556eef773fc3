import Net
import Testing

@testable import NetIO

@Suite struct ImageFolderTests {
    let files: DataFiles
    init() throws { files = try DataFiles() }

    private func bytes(_ read: LoadedImages) throws -> [UInt8] { try read.images.allBytes() }

    @Test func foldersNameTheClassesAndTakeTurns() throws {
        for name in ["cat", "dog"] { files.folder(name) }
        PictureBytes.png([1, 2, 3, 4], width: 2, channels: 1, at: files.path("cat/a.png"))
        PictureBytes.png([5, 6, 7, 8], width: 2, channels: 1, at: files.path("cat/b.PNG"))
        PictureBytes.png([9, 10, 11, 12], width: 2, channels: 1, at: files.path("dog/c.png"))
        _ = files.write([1], "dog/notes.txt")
        let read = try DataReader.images(at: files.directory)
        #expect(read.images.labels == [0, 1, 0] && read.images.classNames == ["cat", "dog"])
        #expect(read.images.channels == 1 && read.images.layout == .nhwc)
        #expect(try bytes(read) == [1, 2, 3, 4, 9, 10, 11, 12, 5, 6, 7, 8])
        #expect(read.notes == [.skippedFiles(count: 1, folder: files.directory)])
    }

    @Test func foldersNamedByNumbersAreTheClassesThemselves() throws {
        for name in ["2", "10"] { files.folder(name) }
        PictureBytes.png([1], width: 1, channels: 1, at: files.path("2/a.png"))
        PictureBytes.png([2], width: 1, channels: 1, at: files.path("10/a.png"))
        let read = try DataReader.images(at: files.directory)
        #expect(try read.images.labels == [2, 10] && bytes(read) == [1, 2])
    }

    @Test func colourAlphaAndGreyComeToOneForm() throws {
        PictureBytes.png([10, 20, 30, 0], width: 1, channels: 4, at: files.path("a.png"))
        PictureBytes.png([77], width: 1, channels: 1, at: files.path("b.png"))
        let read = try DataReader.images(at: files.directory)
        #expect(read.images.channels == 3 && read.images.labels == nil)
        // Alpha is dropped, not blended, and grey is repeated.
        #expect(try bytes(read) == [10, 20, 30, 77, 77, 77])
    }

    @Test func jpegDecodesNearTheOriginal() throws {
        let pixels: [UInt8] = (0..<256).flatMap { (index: Int) -> [UInt8] in
            [UInt8(index / 16 * 8), UInt8(index % 16 * 8), 100]
        }
        _ = files.write(PictureBytes.jpeg(pixels, width: 16, channels: 3), "a.jpg")
        let decoded = try bytes(DataReader.images(at: files.directory))
        // Quality 100 leaves the rounding of the colour conversion, about two levels.
        #expect(decoded.count == pixels.count)
        #expect(zip(decoded, pixels).allSatisfy { abs(Int($0) - Int($1)) <= 3 })
    }

    @Test func everyTruncatedPictureIsAnError() throws {
        let pixels: [UInt8] = (0..<48).map { (index: Int) -> UInt8 in UInt8(index * 53 % 256) }
        PictureBytes.png(pixels, width: 4, channels: 3, at: files.path("whole.png"))
        let png = try MappedFile(path: files.path("whole.png")).withBytes { Array($0) }
        let jpeg = PictureBytes.jpeg(pixels, width: 4, channels: 3)
        // The last marker of a JPEG and the last chunk of a PNG carry no pixels.
        for (whole, spare) in [(png, 12), (jpeg, 2)] {
            for count in 0..<whole.count - spare {
                let path = files.write(Array(whole.prefix(count)), "cut")
                #expect(throws: DataError.self, "\(count) of \(whole.count)") {
                    try PictureFile(path: path, limits: .standard).picture(channels: 3)
                }
            }
        }
    }

    @Test func unequalPicturesAskForResizeAndCrop() throws {
        PictureBytes.png([1, 2], width: 2, channels: 1, at: files.path("a.png"))
        PictureBytes.png([1, 2, 3], width: 3, channels: 1, at: files.path("b.png"))
        let error = #expect(throws: DataError.self) { try DataReader.images(at: files.directory) }
        #expect(error?.description.contains("--resize") == true && error?.description.contains("--crop") == true)
        #expect(try DataReader.images(at: files.directory, crop: 1).images.count == 2)
    }

    @Test func aPictureOfTooManyPixelsIsNotDecoded() throws {
        PictureBytes.png([UInt8](repeating: 0, count: 100), width: 10, channels: 1, at: files.path("a.png"))
        let reader = DataReader(limits: DataLimits(bytes: 1 << 20, pixelsPerImage: 99))
        #expect(throws: DataError.self) { try reader.images(at: files.directory) }
    }

    @Test func aPictureThatIsBrokenBehindItsHeaderIsNamedWhenItIsRead() throws {
        let pixels: [UInt8] = (0..<300).map { (index: Int) -> UInt8 in UInt8(index * 53 % 256) }
        for name in ["a.png", "b.png"] {
            PictureBytes.png(pixels, width: 10, channels: 3, at: files.path(name))
        }
        let whole = try MappedFile(path: files.path("b.png")).withBytes { Array($0) }
        let broken = files.write(Array(whole.prefix(whole.count / 2)), "b.png")
        let images = try DataReader.images(at: files.directory).images
        try images.pixels.withPixels(of: 0) { if case .bytes(let bytes) = $0 { #expect(Array(bytes) == pixels) } }
        let error = #expect(throws: DataError.self) { try images.pixels.withPixels(of: 1) { _ in } }
        #expect(error?.description.contains(broken) == true)
        // A picture of another size in its place.
        PictureBytes.png([1, 2, 3], width: 1, channels: 3, at: files.path("b.png"))
        #expect(
            throws: DataError.unreadable(file: broken, reason: "the picture changed while it was read")
        ) { try images.pixels.withPixels(of: 1) { _ in } }
    }

    @Test func anEmptyFolderHoldsNoImages() {
        #expect(throws: DataError.noImages(path: files.directory)) { try DataReader.images(at: files.directory) }
    }

    @Test func resizedPixelsEqualPillows() {
        let pixels: [UInt8] = (0..<117).map { (index: Int) -> UInt8 in UInt8((index * index * 7 + index * 31) % 256)
        }
        let size = ImageSize(width: 13, height: 9)
        // Pillow 13.0: Image.frombytes("L", (13, 9), pixels).resize(size, Image.BILINEAR).
        let smaller: [UInt8] = [
            83, 164, 111, 156, 136, 118, 132, 126, 142, 126, 107, 142, 111, 146, 113, 111, 102, 84, 148, 141,
        ]
        let largerStart: [UInt8] = [
            0, 30, 73, 125, 188, 193, 88, 182, 66, 148, 120, 155, 216, 151, 100, 36, 23, 144, 212, 227, 186, 35, 82,
            81,
            140, 178, 154, 131, 143, 49,
        ]
        #expect(Framing(resize: 4, crop: nil).prepared(for: size).apply(pixels, planes: 1, depth: 1) == smaller)
        let larger = Framing(resize: 11, crop: nil).prepared(for: size).apply(pixels, planes: 1, depth: 1)
        #expect(larger.count == 15 * 11 && Array(larger.prefix(30)) == largerStart)
    }

    @Test func halvingAveragesByTheTriangle() {
        // Weights of a triangle of half width 2 around 1: 0.25, 0.75, 0.75, 0.25; the outermost one is cut off.
        let step: [UInt8] = [0, 0, 70, 0, 0, 0, 0, 0]
        let first = Resampling(from: 8, to: 4).apply(step, input: 8, inner: 1)
        #expect(first == [10, 26, 0, 0])
        let constant = Resampling(from: 7, to: 3).apply([UInt8](repeating: 200, count: 14), input: 7, inner: 2)
        #expect(constant == [UInt8](repeating: 200, count: 6))
    }
}

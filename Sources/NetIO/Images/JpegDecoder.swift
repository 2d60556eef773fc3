import CTurboJPEG

/// JPEG by libjpeg-turbo, with its exact inverse transform and smooth chroma: the pixels that most tools see.
enum JpegDecoder {
    /// Four-channel pictures of print tools, which libjpeg-turbo leaves to its caller.
    private static let cmykSpaces = [Int32(TJCS_CMYK.rawValue), Int32(TJCS_YCCK.rawValue)]

    static func header(_ bytes: UnsafeRawBufferPointer) throws(PictureFailure) -> PictureHeader {
        let decoder = try Decompressor()
        return try decoder.header(bytes).picture
    }

    static func pixels(
        _ bytes: UnsafeRawBufferPointer, size: ImageSize, channels: Int
    ) throws(PictureFailure) -> [UInt8] {
        let decoder = try Decompressor()
        let isCmyk = cmykSpaces.contains(try decoder.header(bytes).space)
        let format = isCmyk ? TJPF_CMYK : channels == 1 ? TJPF_GRAY : TJPF_RGB
        let decoded = try decoder.decode(bytes, size: size, channels: isCmyk ? 4 : channels, format: format)
        return isCmyk ? rgb(invertedCmyk: decoded) : decoded
    }

    /// Red, green and blue of inverted cyan, magenta, yellow and black, as Adobe's JPEG files hold them: C × K / 255.
    private static func rgb(invertedCmyk pixels: [UInt8]) -> [UInt8] {
        var colours: [UInt8] = []
        colours.reserveCapacity(pixels.count / 4 * 3)
        for start in stride(from: 0, to: pixels.count, by: 4) {
            let black = Int(pixels[start + 3])
            for ink in 0..<3 { colours.append(UInt8((Int(pixels[start + ink]) * black + 127) / 255)) }
        }
        return colours
    }
}

/// A libjpeg-turbo decompressor, destroyed with its last use.
private struct Decompressor: ~Copyable {
    private let handle: tjhandle

    init() throws(PictureFailure) {
        guard let created = tjInitDecompress() else {
            throw PictureFailure(reason: "libjpeg-turbo is out of memory")
        }
        handle = created
    }

    deinit { tjDestroy(handle) }

    func header(
        _ bytes: UnsafeRawBufferPointer
    ) throws(PictureFailure) -> (picture: PictureHeader, space: Int32) {
        var (width, height, subsampling, space): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
        let start = bytes.assumingMemoryBound(to: UInt8.self).baseAddress
        guard
            tjDecompressHeader3(handle, start, UInt(bytes.count), &width, &height, &subsampling, &space) == 0,
            width > 0, height > 0
        else { throw failure }
        let size = ImageSize(width: Int(width), height: Int(height))
        return (PictureHeader(size: size, channels: space == TJCS_GRAY.rawValue ? 1 : 3), space)
    }

    func decode(
        _ bytes: UnsafeRawBufferPointer, size: ImageSize, channels: Int, format: TJPF
    ) throws(PictureFailure) -> [UInt8] {
        var pixels = [UInt8](repeating: 0, count: size.width * size.height * channels)
        let start = bytes.assumingMemoryBound(to: UInt8.self).baseAddress
        // LIMITSCANS: a progressive file of a few kilobytes can otherwise keep the decoder busy for minutes.
        let flags = TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT
        let status = pixels.withUnsafeMutableBufferPointer {
            tjDecompress2(
                handle, start, UInt(bytes.count), $0.baseAddress, Int32(size.width), 0, Int32(size.height),
                Int32(format.rawValue), flags)
        }
        // Stray bytes between markers are common and harmless warnings; missing data is filled with grey, and is not.
        guard status == 0 || (tjGetErrorCode(handle) == TJERR_WARNING.rawValue && !message.contains("remature end"))
        else { throw failure }
        return pixels
    }

    private var message: String { tjGetErrorStr2(handle).map { String(cString: $0) } ?? "damaged JPEG data" }
    private var failure: PictureFailure { PictureFailure(reason: message) }
}

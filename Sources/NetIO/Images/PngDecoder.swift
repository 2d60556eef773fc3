import CPng

/// PNG by libpng's simplified interface, which returns errors instead of jumping.
enum PngDecoder {
    static func header(_ bytes: UnsafeRawBufferPointer) throws(PictureFailure) -> PictureHeader {
        var image = png_image()
        defer { png_image_free(&image) }
        try begin(&image, bytes)
        return PictureHeader(
            size: ImageSize(width: Int(image.width), height: Int(image.height)),
            channels: image.format & PNG_FORMAT_FLAG_COLOR != 0 ? 3 : 1)
    }

    /// The pixels as stored, without their alpha; 16-bit samples lose their low byte.
    static func pixels(_ bytes: UnsafeRawBufferPointer, channels: Int) throws(PictureFailure) -> [UInt8] {
        var image = png_image()
        defer { png_image_free(&image) }
        try begin(&image, bytes)
        // Decoded with its alpha, which is dropped below: without it, libpng would blend with a background.
        let hasAlpha = image.format & PNG_FORMAT_FLAG_ALPHA != 0
        image.format =
            (channels == 3 ? PNG_FORMAT_FLAG_COLOR : 0) | (hasAlpha ? PNG_FORMAT_FLAG_ALPHA : 0)
        let stored = channels + (hasAlpha ? 1 : 0)
        let count = Int(image.width) * Int(image.height)
        var pixels = [UInt8](repeating: 0, count: count * stored)
        let done = pixels.withUnsafeMutableBytes { png_image_finish_read(&image, nil, $0.baseAddress, 0, nil) }
        // A warning (1) still gives all pixels; a truncated file is an error (2).
        guard done != 0, image.warning_or_error & 2 == 0 else { throw PictureFailure(reason: message(image)) }
        guard hasAlpha else { return pixels }
        var opaque: [UInt8] = []
        opaque.reserveCapacity(count * channels)
        for pixel in 0..<count {
            for channel in 0..<channels { opaque.append(pixels[pixel * stored + channel]) }
        }
        return opaque
    }

    private static func begin(
        _ image: inout png_image, _ bytes: UnsafeRawBufferPointer
    ) throws(PictureFailure) {
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        guard png_image_begin_read_from_memory(&image, bytes.baseAddress, bytes.count) != 0 else {
            throw PictureFailure(reason: message(image))
        }
        // Without this flag, 16-bit files are taken as linear light and brightened.
        image.flags |= png_uint_32(PNG_IMAGE_FLAG_16BIT_sRGB)
    }

    private static func message(_ image: png_image) -> String {
        withUnsafeBytes(of: image.message) { text in
            String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

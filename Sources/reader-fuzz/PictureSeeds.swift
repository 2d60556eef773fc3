import CPng
import CTurboJPEG
import CZlib
import Glibc

/// Small valid pictures, by the libraries that also read them.
enum PictureSeeds {
    /// Grey, colour, each also with alpha, as PNG; grey, colour, subsampled and progressive as JPEG.
    static let all: [[UInt8]] = {
        let pngs = [1, 2, 3, 4].map { png(channels: $0) }
        let jpegs = [
            jpeg(channels: 1, sampling: TJSAMP_GRAY), jpeg(channels: 3, sampling: TJSAMP_444),
            jpeg(channels: 3, sampling: TJSAMP_420),
            jpeg(channels: 3, sampling: TJSAMP_420, flags: TJFLAG_PROGRESSIVE),
        ]
        return pngs + jpegs
    }()

    private static let (width, height) = (12, 9)

    private static func pixels(_ channels: Int) -> [UInt8] {
        (0..<width * height * channels).map { UInt8(($0 * 37 + $0 / 11) % 256) }
    }

    private static func png(channels: Int) -> [UInt8] {
        let path = "/tmp/nibble-fuzz-\(getpid()).png"
        defer { unlink(path) }
        var image = png_image()
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        image.width = UInt32(width)
        image.height = UInt32(height)
        image.format = (channels >= 3 ? PNG_FORMAT_FLAG_COLOR : 0) | (channels % 2 == 0 ? PNG_FORMAT_FLAG_ALPHA : 0)
        png_image_write_to_file(&image, path, 0, pixels(channels), 0, nil)
        return contents(path)
    }

    /// Gives the chunks of a PNG the sums of what they hold, without which everything in them is refused.
    static func correctSums(of bytes: inout [UInt8]) {
        var start = 8
        while bytes.first == 0x89, start + 12 <= bytes.count {
            let length = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - start - 12 else { return }
            let end = start + 8 + length
            let sum = bytes[start + 4..<end].withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
            for index in 0..<4 { bytes[end + index] = UInt8(truncatingIfNeeded: sum >> UInt(24 - 8 * index)) }
            start = end + 4
        }
    }

    private static func jpeg(channels: Int, sampling: TJSAMP, flags: Int32 = 0) -> [UInt8] {
        let compressor = tjInitCompress()
        defer { tjDestroy(compressor) }
        var bytes: UnsafeMutablePointer<UInt8>?
        var count: UInt = 0
        tjCompress2(
            compressor, pixels(channels), Int32(width), 0, Int32(height),
            Int32((channels == 1 ? TJPF_GRAY : TJPF_RGB).rawValue), &bytes, &count, Int32(sampling.rawValue), 90,
            flags)
        defer { tjFree(bytes) }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }
}

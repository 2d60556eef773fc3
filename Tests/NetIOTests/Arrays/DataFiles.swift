import CPng
import CTurboJPEG
import Glibc
import Net
import Testing

@testable import NetIO

/// A directory for a test's files, removed with the value.
final class DataFiles {
    let directory: String

    init() throws {
        var template = Array("/tmp/nibble-tests-XXXXXX".utf8CString)
        directory = String(cString: try #require(mkdtemp(&template)))
    }

    deinit { DataFiles.remove(directory) }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    func write(_ bytes: [UInt8], _ name: String) -> String {
        let file = fopen(path(name), "wb")
        _ = bytes.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
        fclose(file)
        return path(name)
    }

    func folder(_ name: String) { mkdir(path(name), 0o755) }

    var names: [String] { DataFiles.list(directory) }

    private static func list(_ directory: String) -> [String] {
        guard let open = opendir(directory) else { return [] }
        defer { closedir(open) }
        var names: [String] = []
        while let entry = readdir(open) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            )
        }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }

    private static func remove(_ path: String) {
        for name in list(path) {
            var status = stat()
            let child = "\(path)/\(name)"
            if lstat(child, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
                remove(child)
            } else {
                unlink(child)
            }
        }
        rmdir(path)
    }
}

extension LabeledImages {
    /// All images' elements, if they are handed out as bytes.
    func allBytes() throws -> [UInt8] {
        var all: [UInt8] = []
        for index in 0..<count {
            try pixels.withPixels(of: index) { if case .bytes(let bytes) = $0 { all += bytes } }
        }
        return all
    }

    /// All images' elements, if they are handed out as reals.
    func allFloats() throws -> [Float] {
        var all: [Float] = []
        for index in 0..<count {
            try pixels.withPixels(of: index) { if case .floats(let floats) = $0 { all += floats } }
        }
        return all
    }
}

/// Picture files, by the libraries that also read them.
enum PictureBytes {
    /// Writes interleaved 8-bit pixels as PNG; the format's channels are 1 grey, 2 grey and alpha, 3 colour, 4 with alpha.
    static func png(_ pixels: [UInt8], width: Int, channels: Int, at path: String) {
        var image = png_image()
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        image.width = UInt32(width)
        image.height = UInt32(pixels.count / width / channels)
        image.format =
            (channels >= 3 ? PNG_FORMAT_FLAG_COLOR : 0) | (channels % 2 == 0 ? PNG_FORMAT_FLAG_ALPHA : 0)
        png_image_write_to_file(&image, path, 0, pixels, 0, nil)
    }

    /// Interleaved pixels as JPEG of the best quality.
    static func jpeg(_ pixels: [UInt8], width: Int, channels: Int) -> [UInt8] {
        let compressor = tjInitCompress()
        defer { tjDestroy(compressor) }
        var bytes: UnsafeMutablePointer<UInt8>?
        var count: UInt = 0
        let (format, sampling) = channels == 1 ? (TJPF_GRAY, TJSAMP_GRAY) : (TJPF_RGB, TJSAMP_444)
        tjCompress2(
            compressor, pixels, Int32(width), 0, Int32(pixels.count / width / channels), Int32(format.rawValue),
            &bytes, &count, Int32(sampling.rawValue), 100, 0)
        defer { tjFree(bytes) }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }
}

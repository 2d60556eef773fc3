import CPng
import CTurboJPEG
import CZip
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

/// Array files, written byte by byte.
enum ArrayFile {
    /// A `.npy` file.
    static func npy(_ type: String, _ shape: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
        let header = Array("{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }\n".utf8)
        let count = header.count
        let length: [UInt8] =
            version == 1
            ? [UInt8(count & 255), UInt8(count >> 8)] : [UInt8(count & 255), UInt8(count >> 8), 0, 0]
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + header + data
    }

    /// An idx file.
    static func idx(_ code: UInt8, _ dimensions: [UInt32], _ data: [UInt8]) -> [UInt8] {
        [0, 0, code, UInt8(dimensions.count)] + dimensions.flatMap(bigEndian) + data
    }

    static func bigEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    static func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// A zip archive, by libzip.
    static func zip(_ entries: [(name: String, bytes: [UInt8])], at path: String, deflated: Bool) {
        var code: Int32 = 0
        guard let archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code) else { return }
        for entry in entries {
            let copy = malloc(max(1, entry.bytes.count))
            entry.bytes.withUnsafeBytes { bytes in
                if let source = bytes.baseAddress, let copy { memcpy(copy, source, bytes.count) }
            }
            let source = zip_source_buffer(archive, copy, UInt64(entry.bytes.count), 1)
            let index = zip_file_add(archive, entry.name, source, 0)
            zip_set_file_compression(
                archive, UInt64(index), deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0)
        }
        zip_close(archive)
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

internal import CZip
internal import Glibc

/// Array files, written byte by byte.
public enum ArrayFile {
    /// A `.npy` file.
    public static func npy(_ type: String, _ shape: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
        let header = Array("{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }\n".utf8)
        let count = header.count
        let length: [UInt8] =
            version == 1
            ? [UInt8(count & 255), UInt8(count >> 8)] : [UInt8(count & 255), UInt8(count >> 8), 0, 0]
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + header + data
    }

    /// An idx file.
    public static func idx(_ code: UInt8, _ dimensions: [UInt32], _ data: [UInt8]) -> [UInt8] {
        [0, 0, code, UInt8(dimensions.count)] + dimensions.flatMap(bigEndian) + data
    }

    /// A number's bytes, the highest first.
    public static func bigEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    /// A number's bytes, the lowest first.
    public static func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// A zip archive, by libzip.
    public static func zip(_ entries: [(name: String, bytes: [UInt8])], at path: String, deflated: Bool) {
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

import CZlib
import Glibc

/// A plain or gzip file as a stream: zlib passes through what is not compressed.
final class FileStream: ByteStream {
    let name: String
    let extent: StreamExtent
    let packedBytes: Int?
    private let file: gzFile

    /// Opens a regular file.
    init(path: String) throws(DataError) {
        name = path
        // Without O_NONBLOCK, opening a named pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(file: path, reason: String(cString: strerror(errno))) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .unreadable(file: path, reason: "it is not a regular file")
        }
        guard let opened = gzdopen(descriptor, "rb") else {
            close(descriptor)
            throw .unreadable(file: path, reason: "zlib is out of memory")
        }
        file = opened
        gzbuffer(file, 1 << 17)
        let size = Int(status.st_size)
        let isPlain = gzdirect(file) == 1
        extent = isPlain ? .exactly(size) : .atMost(DataLimits.inflated(size))
        packedBytes = isPlain ? nil : size
    }

    deinit { gzclose(file) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = gzread(file, part.baseAddress, UInt32(min(part.count, 1 << 30)))
            var code: Int32 = 0
            let message = gzerror(file, &code)
            guard count >= 0, code == Z_OK || code == Z_STREAM_END else {
                throw .unreadable(file: name, reason: message.map { String(cString: $0) } ?? "damaged gzip data")
            }
            guard count > 0 else { break }
            filled += Int(count)
        }
        return filled
    }
}

import FoundationEssentials
import Glibc
import SwiftProtobuf

/// A file mapped into memory, read only.
///
/// It stays open, so that `checkLength` can tell whether another program has cut it: what is then missing must not be
/// touched.
final class MappedFile: Sendable {
    /// Why a file could not be mapped.
    struct Failure: Error, CustomStringConvertible {
        let path: String
        let reason: String
        var description: String { "cannot read \(path): \(reason)" }
    }

    /// The file's size in bytes.
    let count: Int
    private let path: String
    private let descriptor: Int32
    private let address: UInt

    /// Maps the file at `path`; with `within`, only if its real location lies in that directory.
    init(path: String, within directory: String? = nil) throws(Failure) {
        if let directory {
            guard let real = MappedFile.realPath(path), let root = MappedFile.realPath(directory),
                real.hasPrefix(root.hasSuffix("/") ? root : root + "/")
            else { throw Failure(path: path, reason: "it does not exist in the model's directory") }
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure(path: path, reason: String(cString: strerror(errno))) }
        do throws(Failure) {
            (count, address) = try MappedFile.map(descriptor, path)
        } catch {
            close(descriptor)
            throw error
        }
        self.path = path
        self.descriptor = descriptor
    }

    private static func map(_ descriptor: Int32, _ path: String) throws(Failure) -> (count: Int, address: UInt) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw Failure(path: path, reason: String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(path: path, reason: "it is not a regular file")
        }
        let count = Int(status.st_size)
        guard count > 0 else { return (0, 0) }
        guard let mapping = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), mapping != MAP_FAILED else {
            throw Failure(path: path, reason: String(cString: strerror(errno)))
        }
        return (count, UInt(bitPattern: mapping))
    }

    deinit {
        if let pointer = UnsafeMutableRawPointer(bitPattern: address) { munmap(pointer, count) }
        close(descriptor)
    }

    /// Checks that the file still has the length it was mapped with.
    func checkLength() throws(Failure) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, Int(status.st_size) >= count else {
            throw Failure(path: path, reason: "it became shorter while it was read")
        }
    }

    /// The bytes, valid inside `body` only.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count))
    }

    /// A copy of part of the file, which must lie inside it.
    func data(offset: Int, length: Int) -> Data {
        precondition(offset >= 0 && length >= 0 && offset <= count - length)
        return withBytes { Data($0[offset..<offset + length]) }
    }

    /// A message of the whole file, whose fields are copied and the file as a whole is not; `nil` if it is something else.
    func decoded<Content: SwiftProtobuf.Message>(_ type: Content.Type) -> Content? {
        withBytes { bytes in
            guard let start = bytes.baseAddress else { return try? Content(serializedBytes: Data()) }
            let data = Data(
                bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: bytes.count, deallocator: .none)
            return try? Content(serializedBytes: data)
        }
    }

    /// The directory part of a path, `.` if there is none.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

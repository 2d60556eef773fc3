import CZip
import Glibc

/// A zip archive open for reading.
final class ZipFile {
    /// More entries than any archive of arrays has.
    private static let mostEntries = 1 << 16

    let path: String
    /// The names of the entries, in the archive's order.
    let entryNames: [String]
    fileprivate let handle: OpaquePointer

    init(path: String) throws(DataError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw .unreadable(file: path, reason: String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .unreadable(file: path, reason: "it is not a regular file")
        }
        var code: Int32 = 0
        guard let opened = zip_open(path, ZIP_RDONLY, &code) else {
            var error = zip_error_t()
            zip_error_init_with_code(&error, code)
            defer { zip_error_fini(&error) }
            throw .unreadable(file: path, reason: String(cString: zip_error_strerror(&error)))
        }
        let count = Int(zip_get_num_entries(opened, 0))
        guard count <= ZipFile.mostEntries else {
            zip_discard(opened)
            throw .tooLarge(file: path, bytes: count, limit: ZipFile.mostEntries)
        }
        self.path = path
        handle = opened
        entryNames = (0..<UInt64(count)).map { index in
            zip_get_name(opened, index, 0).map { String(cString: $0) } ?? ""
        }
    }

    deinit { zip_discard(handle) }
}

/// One entry of a zip archive as a stream; its checksum is compared at the end.
final class ZipEntryStream: ByteStream {
    let name: String
    let extent: StreamExtent
    let packedBytes: Int?
    private let archive: ZipFile
    private let file: OpaquePointer
    private let index: Int
    private let isStored: Bool

    init(_ archive: ZipFile, entry: String) throws(DataError) {
        name = "\(archive.path) (\(entry))"
        self.archive = archive
        guard let index = archive.entryNames.firstIndex(of: entry) else {
            throw .missingArray(file: archive.path, wanted: [entry], found: archive.entryNames)
        }
        var status = zip_stat_t()
        guard zip_stat_index(archive.handle, UInt64(index), 0, &status) == 0,
            status.valid & UInt64(ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD)
                == UInt64(ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD),
            let size = Int(exactly: status.size), let compressed = Int(exactly: status.comp_size)
        else { throw .unreadable(file: name, reason: String(cString: zip_strerror(archive.handle))) }
        guard [UInt16(ZIP_CM_STORE), UInt16(ZIP_CM_DEFLATE)].contains(status.comp_method) else {
            throw .unreadable(
                file: name, reason: "compression method \(status.comp_method); save it with numpy.savez_compressed")
        }
        // A size that no deflated stream of this length can have is a lie about memory to be allocated.
        guard size <= DataLimits.inflated(compressed) else {
            throw .tooLarge(file: name, bytes: size, limit: DataLimits.inflated(compressed))
        }
        guard let opened = zip_fopen_index(archive.handle, UInt64(index), 0) else {
            throw .unreadable(file: name, reason: String(cString: zip_strerror(archive.handle)))
        }
        file = opened
        self.index = index
        isStored = status.comp_method == UInt16(ZIP_CM_STORE) && status.encryption_method == UInt16(ZIP_EM_NONE)
        extent = .exactly(size)
        packedBytes = isStored ? nil : compressed
    }

    deinit { zip_fclose(file) }

    /// Where an uncompressed entry's bytes begin in the archive; `nil` for a compressed one, or where only libzip can tell.
    func storedOffset() throws(DataError) -> Int? {
        guard isStored, case .exactly(let size) = extent else { return nil }
        return try MappedFile(dataPath: archive.path).withBytes {
            ZipDirectory.offset(ofEntry: index, named: archive.entryNames[index], size: size, in: $0)
        }
    }

    /// Reads what follows and drops it: the checksum is compared at the end.
    func checkRest() throws(DataError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while try read(into: buffer) == buffer.count {}
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = zip_fread(file, part.baseAddress, UInt64(part.count))
            guard count >= 0 else {
                throw .unreadable(file: name, reason: String(cString: zip_file_strerror(file)))
            }
            guard count > 0 else { break }
            filled += Int(count)
        }
        return filled
    }
}

import Glibc

/// Writes whole files so that a reader, or a crash, finds either the old content or the new, never a part.
public enum AtomicFile {
    /// Writes `bytes` to `path`: into a temporary file beside it, flushed to the disk and then renamed.
    ///
    /// An existing file keeps its permissions; a symbolic link keeps pointing, and the file it points to is replaced. After
    /// an error nothing is left behind and the old file is whole.
    public static func write(_ bytes: some Sequence<UInt8>, to path: String) throws(SavingError) {
        let target = realPath(path) ?? path
        var status = stat()
        let exists = stat(target, &status) == 0
        guard !exists || status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
        // The replacement of a read-only file would succeed, since only the directory is written.
        guard !exists || access(target, W_OK) == 0 else { throw failure(path, .create) }

        let directory = MappedFile.directory(of: target)
        let (descriptor, temporary) = try create(beside: target, in: directory, for: path)
        var isFinished = false
        defer { if !isFinished { unlink(temporary) } }
        defer { close(descriptor) }
        if exists, fchmod(descriptor, status.st_mode & 0o7777) != 0 { throw failure(path, .create) }
        try write(Array(bytes), to: descriptor, for: path)
        guard fsync(descriptor) == 0 else { throw failure(path, .flush) }
        guard rename(temporary, target) == 0 else { throw failure(path, .rename) }
        isFinished = true
        try flush(directory, for: path)
    }

    /// Writes the UTF-8 bytes of `text`.
    public static func write(_ text: String, to path: String) throws(SavingError) {
        try write(text.utf8, to: path)
    }

    private static func create(
        beside target: String, in directory: String, for path: String
    ) throws(SavingError) -> (descriptor: Int32, path: String) {
        let name = target.split(separator: "/").last ?? "file"
        for _ in 0..<100 {
            let tag = String(UInt32.random(in: .min ... .max), radix: 36)
            let temporary = "\(directory)/.\(name.utf8.count > 200 ? "file" : name).\(tag)"
            // Not mkstemp: its mode of 0600 ignores what the user's umask allows others to read.
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 { return (descriptor, temporary) }
            guard errno == EEXIST else { throw failure(path, .create) }
        }
        throw failure(path, .create)
    }

    private static func write(
        _ bytes: [UInt8], to descriptor: Int32, for path: String
    ) throws(SavingError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, bytes.count - written)
            }
            guard count > 0 || errno == EINTR else { throw failure(path, .write) }
            written += max(0, count)
        }
    }

    /// Makes the rename itself survive a loss of power; file systems that cannot flush a directory are let off.
    private static func flush(_ directory: String, for path: String) throws(SavingError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else { throw failure(path, .flush) }
    }

    private static func failure(_ path: String, _ step: SavingError.Step) -> SavingError {
        .failed(path: path, step: step, reason: String(cString: strerror(errno)))
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

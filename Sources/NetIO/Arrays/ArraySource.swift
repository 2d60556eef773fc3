import Net

/// An array in a file whose header has been read and checked, and whose elements have not.
struct ArraySource: Sendable {
    enum Location {
        case file(String)
        case entry(NpzArchive, String)
    }

    let location: Location
    /// The array's shape and type.
    let header: ArrayHeader
    let limits: DataLimits

    /// The array in a `.npy` or idx file, plain or gzipped, told by its first bytes.
    init(path: String, limits: DataLimits) throws(DataError) {
        location = .file(path)
        header = try ArrayHeader(stream: FileStream(path: path))
        self.limits = limits
    }

    /// The array in an archive's entry.
    init(_ entry: String, in archive: NpzArchive, limits: DataLimits) throws(DataError) {
        location = .entry(archive, entry)
        header = try ArrayHeader(stream: archive.stream(entry))
        self.limits = limits
    }

    /// What the array is called in messages.
    var name: String {
        switch location {
        case .file(let path): path
        case .entry(let archive, let entry): "\(archive.path) (\(entry))"
        }
    }

    /// Reads the first `rows` entries of the first axis, or all.
    func array(rows: Int? = nil) throws(DataError) -> NumericArray {
        switch location {
        case .file(let path): try read(FileStream(path: path), rows)
        case .entry(let archive, let entry): try read(archive.stream(entry), rows)
        }
    }

    private func read(_ stream: some ByteStream, _ rows: Int?) throws(DataError) -> NumericArray {
        // Read again rather than skipped: the file may have changed in between.
        let header = try ArrayHeader(stream: stream)
        return try NumericArray(header, rows: rows, from: stream, limits: limits)
    }
}

extension ArrayHeader {
    /// Reads whichever header the stream begins with and checks it against the stream's length.
    init(stream: some ByteStream) throws(DataError) {
        let start = try stream.bytes(4, at: 0)
        if ArrayHeader.npyMagic.starts(with: start) {
            try self.init(npy: stream, after: start)
        } else if ArrayHeader.isIdx(start) {
            try self.init(idx: stream, after: start)
        } else {
            throw .unknownFormat(file: stream.name)
        }
        try checkSize(against: stream)
    }
}

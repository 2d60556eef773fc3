import Net

/// The class of each image, as read from a file.
struct Labels: Hashable, Sendable {
    let values: [Int]
    /// Where they come from, for messages.
    let file: String

    private init(values: [Int], file: String) {
        self.values = values
        self.file = file
    }

    /// Reads labels from `.npy`, `.npz`, idx, CSV or text.
    init(path: String, limits: DataLimits) throws(DataError) {
        switch try FileKind(path: path) {
        case .array:
            try self.init(ArraySource(path: path, limits: limits))
        case .zip:
            let archive = try NpzArchive(path: path, limits: limits)
            guard
                let name = archive.name(among: DataReader.labelNames)
                    ?? (archive.names.count == 1 ? archive.names.first : nil)
            else { throw .missingArray(file: path, wanted: DataReader.labelNames, found: archive.names) }
            try self.init(archive.source(name))
        case .text:
            self.init(values: try LabelText(path: path, limits: limits).values, file: path)
        }
    }

    /// Labels from an array [N] or [N, 1].
    init(_ source: ArraySource) throws(DataError) {
        let shape = source.header.shape
        guard shape.rank >= 1, shape.count == shape[0] else {
            throw .shape(file: source.name, expected: "one label per image, [N]", found: shape)
        }
        let array = try source.array()
        guard let integers = array.integers else {
            let floats = array.floats
            let bad = floats.firstIndex { Int(exactly: $0) == nil } ?? 0
            throw .label(file: source.name, line: bad + 1, found: "\(floats[bad])")
        }
        if let bad = integers.firstIndex(where: { $0 < 0 }) {
            throw .label(file: source.name, line: bad + 1, found: "\(integers[bad])")
        }
        self.init(values: integers, file: source.name)
    }

    /// Checks that there is one label for each image.
    func check(count: Int) throws(DataError) {
        guard values.count == count else {
            throw .labelCount(file: file, expected: count, found: values.count)
        }
    }
}

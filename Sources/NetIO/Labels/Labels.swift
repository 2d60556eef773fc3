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
        if StoredArray.isTensorFile(path) {
            try self.init(tensorFile: path)
            return
        }
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
        try Labels.checkShape(source.header.shape, file: source.name)
        try self.init(source.array(), file: source.name)
    }

    /// Labels from a tensor [N] or [N, 1] in a file of its own.
    private init(tensorFile path: String) throws(DataError) {
        let file: TensorFile
        do throws(OnnxError) {
            file = try TensorFile(path: path)
        } catch {
            throw .undecodable(file: path, reason: "\(error)")
        }
        try Labels.checkShape(file.shape, file: path)
        let values: NumericArray.Values =
            if let integers = file.constant.integers { .ints(integers.map(Int.init)) } else {
                .floats(file.tensor.values)
            }
        guard let array = NumericArray(shape: file.shape, values: values) else { throw .unknownFormat(file: path) }
        try self.init(array, file: path)
    }

    private static func checkShape(_ shape: Shape, file: String) throws(DataError) {
        guard shape.rank >= 1, shape.count == shape[0] else {
            throw .shape(file: file, expected: "one label per image, [N]", found: shape)
        }
    }

    private init(_ array: NumericArray, file: String) throws(DataError) {
        guard let integers = array.integers else {
            let floats = array.floats
            let bad = floats.firstIndex { Int(exactly: $0) == nil } ?? 0
            throw .label(file: file, line: bad + 1, found: "\(floats[bad])")
        }
        if let bad = integers.firstIndex(where: { $0 < 0 }) {
            throw .label(file: file, line: bad + 1, found: "\(integers[bad])")
        }
        self.init(values: integers, file: file)
    }

    /// Checks that there is one label for each image.
    func check(count: Int) throws(DataError) {
        guard values.count == count else {
            throw .labelCount(file: file, expected: count, found: values.count)
        }
    }
}

/// Labels in text: one a line, alone or in a column of comma-separated values.
struct LabelText {
    /// Text beyond this is no list of labels: millions of lines are shorter.
    private static let mostBytes = 1 << 25

    let values: [Int]

    /// Reads a file, plain or gzipped.
    ///
    /// Of several columns the one headed label, class or y counts, else the last. A first line without a number there is a
    /// heading. Blank lines and lines that begin with `#` are passed over.
    init(path: String, limits: DataLimits) throws(DataError) {
        let text = try LabelText.content(path, limit: min(LabelText.mostBytes, limits.bytes))
        var column: Int?
        var labels: [Int] = []
        var line = 0
        var isFirst = true
        for raw in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            line += 1
            guard let row = String(validating: raw, as: UTF8.self), !row.contains("\0") else {
                throw .unknownFormat(file: path)
            }
            let fields = row.split(omittingEmptySubsequences: false) { $0 == "," || $0 == ";" || $0 == "\t" }
                .map(LabelText.trimmed)
            guard fields.contains(where: { !$0.isEmpty }), fields.first?.hasPrefix("#") != true else { continue }
            let field = fields[min(column ?? fields.count - 1, fields.count - 1)]
            if let label = Int(field), label >= 0 {
                labels.append(label)
            } else if isFirst, Int(field) == nil {
                column = fields.firstIndex {
                    ["label", "labels", "class", "y", "target"].contains($0.lowercased())
                }
            } else {
                throw .label(file: path, line: line, found: String(field.prefix(40)))
            }
            isFirst = false
        }
        guard !labels.isEmpty else { throw .unknownFormat(file: path) }
        values = labels
    }

    /// Without the blanks, carriage return, quotes and byte-order mark around it.
    private static func trimmed(_ field: Substring) -> Substring {
        let isOuter: (Character) -> Bool = { $0.isWhitespace || $0 == "\"" || $0 == "\u{feff}" }
        var field = field.drop(while: isOuter)
        while let last = field.last, isOuter(last) { field.removeLast() }
        return field
    }

    private static func content(_ path: String, limit: Int) throws(DataError) -> [UInt8] {
        let stream = try FileStream(path: path)
        if case .exactly(let size) = stream.extent, size > limit {
            throw .tooLarge(file: path, bytes: size, limit: limit)
        }
        var content: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try stream.read(into: buffer)
            content.append(contentsOf: buffer.prefix(count))
            guard content.count <= limit else { throw .tooLarge(file: path, bytes: content.count, limit: limit) }
            if count < buffer.count { return content }
        }
    }
}

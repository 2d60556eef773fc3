import Net

/// Files of the binary form of CIFAR-10: records of a label byte and 3 planes of 32 × 32 bytes.
struct CifarFiles {
    private static let side = 32
    private static let elements = 3 * side * side
    private static let classes = 10

    let files: [ArrayPixels.Records]
    let labels: [Int]

    /// The files, told by their length and labels; `nil` if the first one is something else.
    ///
    /// - Throws: if a further one is something else.
    init?(_ paths: [String]) throws(DataError) {
        var files: [ArrayPixels.Records] = []
        var labels: [Int] = []
        for path in paths {
            let file = try MappedFile(dataPath: path)
            let record = 1 + CifarFiles.elements
            let own = file.withBytes { bytes in
                stride(from: 0, to: bytes.count, by: record).map { Int(bytes[$0]) }
            }
            guard file.count > 0, file.count % record == 0, own.allSatisfy({ $0 < CifarFiles.classes }) else {
                if files.isEmpty { return nil }
                throw .malformed(
                    file: path, offset: 0,
                    expected: "records of \(record) bytes with labels 0 to 9, as in CIFAR-10",
                    found: "\(file.count) bytes or other labels")
            }
            files.append(ArrayPixels.Records(bytes: .mapped(file, offset: 0), count: own.count, name: path))
            labels += own
        }
        guard !files.isEmpty else { return nil }
        self.files = files
        self.labels = labels
    }

    /// The images, framed.
    func images(_ given: Labels?, _ framing: Framing) throws(DataError) -> LabeledImages {
        let side = ImageSize(width: CifarFiles.side, height: CifarFiles.side)
        let form = ArrayForm(layout: .nchw, count: labels.count, channels: 3, size: side)
        try given?.check(count: labels.count)
        let size = try framing.framed(side, file: files[0].name)
        let pixels = ArrayPixels(
            files, type: .uint8, order: .little, form: form, framing: framing.prepared(for: side), framed: size,
            start: 1)
        guard
            let images = LabeledImages(
                pixels: pixels, layout: .nchw, channels: 3, height: size.height, width: size.width,
                labels: given?.values ?? labels)
        else { throw .noImages(path: files[0].name) }
        return images
    }
}

import Net

/// Images in the records of array files, converted and framed one at a time where they are stored.
struct ArrayPixels: PixelStore {
    /// Records of one image each, one after the other.
    struct Records: Sendable {
        let bytes: StoredBytes
        let count: Int
        /// What messages call them.
        let name: String
    }

    let count: Int
    let elementsPerImage: Int
    private let files: [Records]
    private let type: ElementType
    private let order: ByteOrder
    private let form: ArrayForm
    private let framing: PreparedFraming
    /// Bytes from one record to the next, and from a record's start to its image.
    private let stride: Int
    private let start: Int

    /// The images in `files`, whose records hold an image of `form` after `start` bytes of something else.
    ///
    /// - Parameter framed: the size that `framing` brings images to.
    init(
        _ files: [Records], type: ElementType, order: ByteOrder, form: ArrayForm, framing: PreparedFraming,
        framed: ImageSize, start: Int = 0
    ) {
        self.files = files
        self.type = type
        self.order = order
        self.form = form
        self.framing = framing
        self.start = start
        stride = start + form.elements * type.storedBytes
        count = files.reduce(0) { $0 + $1.count }
        elementsPerImage = form.channels * framed.width * framed.height
    }

    func withPixels(of index: Int, _ body: (StoredPixels) -> Void) throws {
        var index = index
        for records in files {
            if index < records.count { return try withPixels(of: index, in: records, body) }
            index -= records.count
        }
        preconditionFailure("image \(index) is not among the records")
    }

    private func withPixels(of index: Int, in records: Records, _ body: (StoredPixels) -> Void) throws(DataError) {
        let first = index * stride + start
        var bad: Int?
        try records.bytes.withBytes(first..<first + form.elements * type.storedBytes) { raw in
            switch type {
            case .bool, .uint8:
                let bytes = UnsafeBufferPointer(
                    start: raw.assumingMemoryBound(to: UInt8.self).baseAddress, count: raw.count)
                guard !framing.isIdentity else { return body(.bytes(bytes)) }
                framing.apply(Array(bytes), planes: form.planes, depth: form.depth).withUnsafeBufferPointer {
                    body(.bytes($0))
                }
            default:
                var values: [Float] = []
                values.reserveCapacity(form.elements)
                type.appendReals(raw, order, to: &values)
                bad = values.firstIndex { !$0.isFinite }
                guard bad == nil else { return }
                if !framing.isIdentity {
                    values = framing.apply(values, planes: form.planes, depth: form.depth)
                }
                values.withUnsafeBufferPointer { body(.floats($0)) }
            }
        }
        if let bad { throw .notFinite(file: records.name, element: index * form.elements + bad) }
    }

    /// Whether one of the first few images holds a value outside 0...255.
    func startsWide() throws(DataError) -> Bool {
        guard let records = files.first else { return false }
        var isWide = false
        for index in 0..<min(64, records.count) where !isWide {
            let first = index * stride + start
            try records.bytes.withBytes(first..<first + form.elements * type.storedBytes) { raw in
                var values: [Float] = []
                type.appendReals(raw, order, to: &values)
                isWide = !values.allSatisfy { (0...255).contains($0) }
            }
        }
        return isWide
    }
}

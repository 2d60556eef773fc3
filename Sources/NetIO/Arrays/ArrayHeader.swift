import Net

/// What stands before an array's elements: their type, order and shape.
struct ArrayHeader: Hashable, Sendable {
    let shape: Shape
    let type: ElementType
    let order: ByteOrder
    /// Bytes before the first element.
    let length: Int

    /// The shape with at most `rows` entries along the first axis.
    func shape(rows: Int?) -> Shape {
        guard let rows, let first = shape.dimensions.first, rows < first else { return shape }
        return Shape([max(0, rows)] + shape.dimensions.dropFirst())
    }

    /// Checks that a stream can hold what the header promises, before anything is allocated.
    func checkSize(against stream: some ByteStream) throws(DataError) {
        let (elements, overflow) = shape.count.multipliedReportingOverflow(by: type.storedBytes)
        let (total, overflowed) = elements.addingReportingOverflow(length)
        guard !overflow, !overflowed else {
            throw .malformed(
                file: stream.name, offset: 0, expected: "an array that fits a file", found: "shape \(shape)")
        }
        switch stream.extent {
        case .exactly(let size) where size < total:
            throw .truncated(file: stream.name, offset: length, expected: elements, found: max(0, size - length))
        case .exactly(let size) where size > total:
            throw .malformed(
                file: stream.name, offset: total, expected: "the end", found: "\(size - total) bytes more")
        case .atMost(let size) where size < total:
            throw .tooLarge(file: stream.name, bytes: total, limit: size)
        case .exactly, .atMost: break
        }
    }
}

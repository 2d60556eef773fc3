import Net

/// How images are brought to one size: the shorter side resized, then the centre cut out.
struct Framing: Hashable, Sendable {
    /// The length of the shorter side after resizing.
    let resize: Int?
    /// The side of the square cut from the centre.
    let crop: Int?

    /// The size that a picture has after resizing: the longer side is rounded down.
    func resized(_ size: ImageSize) -> ImageSize {
        guard let resize else { return size }
        return size.width <= size.height
            ? ImageSize(width: resize, height: max(1, resize * size.height / size.width))
            : ImageSize(width: max(1, resize * size.width / size.height), height: resize)
    }

    /// The size that a picture has in the end; an error if the crop does not fit.
    func framed(_ size: ImageSize, file: String) throws(DataError) -> ImageSize {
        let resized = resized(size)
        guard let crop else { return resized }
        guard crop <= resized.width, crop <= resized.height else {
            throw .cropTooLarge(file: file, crop: crop, found: resized)
        }
        return ImageSize(width: crop, height: crop)
    }

    /// What brings images of one size to their frame.
    func prepared(for size: ImageSize) -> PreparedFraming {
        let target = resized(size)
        return PreparedFraming(
            size: size, target: target,
            columns: target.width == size.width ? nil : Resampling(from: size.width, to: target.width),
            rows: target.height == size.height ? nil : Resampling(from: size.height, to: target.height), crop: crop)
    }
}

/// Framing for images of one size.
struct PreparedFraming: Sendable {
    /// The size before.
    let size: ImageSize
    fileprivate let target: ImageSize
    fileprivate let columns: Resampling?
    fileprivate let rows: Resampling?
    fileprivate let crop: Int?

    /// Whether images stay as they are.
    var isIdentity: Bool { columns == nil && rows == nil && (crop == nil || target == cropSize) }

    private var cropSize: ImageSize? { crop.map { ImageSize(width: $0, height: $0) } }

    /// Frames one image of bytes; `planes` is 1 for interleaved channels, which then make up `depth`.
    func apply(_ values: [UInt8], planes: Int, depth: Int) -> [UInt8] {
        var result = values
        if let columns { result = columns.apply(result, input: size.width, inner: depth) }
        if let rows { result = rows.apply(result, input: size.height, inner: target.width * depth) }
        return centre(result, planes: planes, depth: depth)
    }

    /// Frames one image of reals.
    func apply(_ values: [Float], planes: Int, depth: Int) -> [Float] {
        var result = values
        if let columns { result = columns.apply(result, input: size.width, inner: depth) }
        if let rows { result = rows.apply(result, input: size.height, inner: target.width * depth) }
        return centre(result, planes: planes, depth: depth)
    }

    private func centre<Value>(_ values: [Value], planes: Int, depth: Int) -> [Value] {
        guard let crop, target != cropSize else { return values }
        // Half positions go to the even one, as Python's round does in torchvision's CenterCrop.
        let top = Int((Double(target.height - crop) / 2).rounded(.toNearestOrEven))
        let left = Int((Double(target.width - crop) / 2).rounded(.toNearestOrEven))
        var result: [Value] = []
        result.reserveCapacity(planes * crop * crop * depth)
        for plane in 0..<planes {
            for row in top..<top + crop {
                let start = ((plane * target.height + row) * target.width + left) * depth
                result += values[start..<start + crop * depth]
            }
        }
        return result
    }
}

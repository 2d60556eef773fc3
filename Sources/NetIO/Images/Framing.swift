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

    /// Frames one image of bytes; `planes` is 1 for interleaved channels, which then make up `depth`.
    func apply(_ values: [UInt8], _ size: ImageSize, planes: Int, depth: Int) -> [UInt8] {
        let target = resized(size)
        var result = values
        if target.width != size.width {
            result = Resampling(from: size.width, to: target.width).apply(result, input: size.width, inner: depth)
        }
        if target.height != size.height {
            result = Resampling(from: size.height, to: target.height)
                .apply(result, input: size.height, inner: target.width * depth)
        }
        return centre(result, target, planes: planes, depth: depth)
    }

    /// Frames one image of reals.
    func apply(_ values: [Float], _ size: ImageSize, planes: Int, depth: Int) -> [Float] {
        let target = resized(size)
        var result = values
        if target.width != size.width {
            result = Resampling(from: size.width, to: target.width).apply(result, input: size.width, inner: depth)
        }
        if target.height != size.height {
            result = Resampling(from: size.height, to: target.height)
                .apply(result, input: size.height, inner: target.width * depth)
        }
        return centre(result, target, planes: planes, depth: depth)
    }

    private func centre<Value>(_ values: [Value], _ size: ImageSize, planes: Int, depth: Int) -> [Value] {
        guard let crop, crop != size.width || crop != size.height else { return values }
        // Half positions go to the even one, as Python's round does in torchvision's CenterCrop.
        let top = Int((Double(size.height - crop) / 2).rounded(.toNearestOrEven))
        let left = Int((Double(size.width - crop) / 2).rounded(.toNearestOrEven))
        var result: [Value] = []
        result.reserveCapacity(planes * crop * crop * depth)
        for plane in 0..<planes {
            for row in top..<top + crop {
                let start = ((plane * size.height + row) * size.width + left) * depth
                result += values[start..<start + crop * depth]
            }
        }
        return result
    }
}

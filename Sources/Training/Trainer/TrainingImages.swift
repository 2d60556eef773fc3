public import Net

/// Images to train on, with their labels and how they become a net's input.
public struct TrainingImages: Sendable {
    /// The images, with labels.
    public let images: LabeledImages
    /// What makes them the net's input.
    public let preprocessing: Preprocessing
    /// The class of each image.
    public let labels: [Int]

    /// Labelled images; `nil` without labels or images.
    public init?(_ images: LabeledImages, _ preprocessing: Preprocessing) {
        guard let labels = images.labels, images.count > 0 else { return nil }
        self.images = images
        self.preprocessing = preprocessing
        self.labels = labels
    }

    /// The first `limit` images.
    func prefix(_ limit: Int) -> TrainingImages {
        TrainingImages(images.prefix(limit), preprocessing) ?? self
    }

    /// The same images, all values multiplied by a factor.
    func scaled(by factor: Float) -> TrainingImages {
        TrainingImages(images, preprocessing.scaled(by: factor)) ?? self
    }

    /// The size of an image.
    public var size: MapSize { MapSize(images.channels, images.height, images.width) }

    /// The number of classes: one more than the largest label.
    public var classes: Int { (labels.max() ?? 0) + 1 }

    /// The images of an epoch in the order in which they are shown.
    func order(seed: UInt64, epoch: Int) -> [Int] {
        var random = SeededGenerator(seed: seed &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(epoch))
        return Array(0..<images.count).shuffled(using: &random)
    }

    /// The value that a stored 0 has in each channel: what lies beyond the border.
    private var border: [Float] {
        (0..<images.channels).map { channel in
            func of(_ values: [Float]) -> Float { values[min(channel, values.count - 1)] }
            return -of(preprocessing.mean) / of(preprocessing.standardDeviation)
        }
    }

    /// One image as the net reads it, changed by an augmentation.
    ///
    /// - Parameter random: its numbers `place` and `place + 1` choose the shift, `place + 2` the mirror image.
    /// - Throws: why the image cannot be read.
    func load(
        _ index: Int, _ augmentation: Augmentation, _ random: CounterGenerator, place: Int
    ) throws -> [Float] {
        let size = size
        let plain = try [Float](unsafeUninitializedCapacity: size.count) { buffer, initialized in
            try preprocessing.load(index, of: images, into: buffer)
            initialized = size.count
        }
        guard augmentation != .none else { return plain }
        func shift(_ place: Int) -> Int {
            Int(random.bits(at: place)) % (2 * augmentation.shift + 1) - augmentation.shift
        }
        let (down, right) = (shift(place), shift(place + 1))
        let isMirrored = augmentation.flips && random.bits(at: place + 2) & 1 == 1
        let border = border
        var result = plain
        for channel in 0..<size.channels {
            for y in 0..<size.height {
                let row = (channel * size.height + y) * size.width
                let source = y + down
                for x in 0..<size.width {
                    let column = (isMirrored ? size.width - 1 - x : x) + right
                    let isInside = (0..<size.height).contains(source) && (0..<size.width).contains(column)
                    result[row + x] =
                        isInside
                        ? plain[(channel * size.height + source) * size.width + column] : border[channel]
                }
            }
        }
        return result
    }
}

extension Preprocessing {
    /// The same, all results multiplied by a factor.
    func scaled(by factor: Float) -> Preprocessing {
        factor == 1
            ? self
            : Preprocessing(
                scale: scale, mean: mean, standardDeviation: standardDeviation.map { $0 / factor },
                channelOrder: channelOrder)
    }
}

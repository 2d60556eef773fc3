public import Net
public import Quant

/// Images with the preprocessing that makes them a net's input.
public struct ImageSource: Sendable {
    /// The images.
    public let images: LabeledImages
    /// What makes them the net's input.
    public let preprocessing: Preprocessing
    /// The order in which the net reads an image's values.
    public let layout: LabeledImages.Layout
    /// The order in which images are visited: every prefix is a fair sample.
    public let order: [Int]

    /// Images in their own order, or shuffled by a fixed seed.
    public init(
        _ images: LabeledImages, _ preprocessing: Preprocessing, layout: LabeledImages.Layout = .nchw,
        isShuffled: Bool = false
    ) {
        self.images = images
        self.preprocessing = preprocessing
        self.layout = layout
        var order = Array(0..<images.count)
        if isShuffled {
            // Fisher-Yates by a linear congruential generator: the same order on every machine.
            var state: UInt64 = 0x9e37_79b9_7f4a_7c15
            for index in stride(from: order.count - 1, to: 0, by: -1) {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                order.swapAt(index, Int((state >> 33) % UInt64(index + 1)))
            }
        }
        self.order = order
    }

    /// The same images, shuffled by the fixed seed.
    public func shuffled() -> ImageSource {
        ImageSource(images, preprocessing, layout: layout, isShuffled: true)
    }

    /// The preprocessed values of the images at `positions` of the order, one after the other.
    ///
    /// - Throws: why one of the images cannot be read.
    func values(at positions: some Collection<Int>) throws -> [Float] {
        let size = images.elementsPerImage
        return try [Float](unsafeUninitializedCapacity: size * positions.count) { buffer, initialized in
            for (slot, position) in positions.enumerated() {
                try preprocessing.load(
                    order[position], of: images, as: layout,
                    into: UnsafeMutableBufferPointer(rebasing: buffer[slot * size..<(slot + 1) * size]))
            }
            initialized = size * positions.count
        }
    }

    /// The order in which a net reads images, or why they cannot be its input.
    ///
    /// A net reads [1, C, H, W], [1, H, W, C], or all values of an image in rows as [1, N], or grey ones as [1, H, W].
    public static func layout(
        of images: LabeledImages, for net: LayerGraph
    ) throws(ImageMismatch) -> LabeledImages.Layout {
        guard net.graph.inputs.count == 1, let input = net.graph.inputs.first else {
            throw ImageMismatch(reason: "the net has \(net.graph.inputs.count) inputs; nets with one are supported")
        }
        let (channels, height, width) = (images.channels, images.height, images.width)
        let planes: Shape = [1, channels, height, width]
        let shape = net.graph[input].shape
        switch shape.dimensions {
        case planes.dimensions, [1, planes.count]: return .nchw
        case [1, height, width, channels]: return .nhwc
        case [1, height, width] where channels == 1: return .nchw
        default: throw ImageMismatch(reason: "the net reads \(shape) and an image is \(planes)")
        }
    }
}

/// Images that cannot be a net's input.
public struct ImageMismatch: Error, Hashable, Sendable, CustomStringConvertible {
    let reason: String

    /// What does not fit.
    public var description: String { reason }
}

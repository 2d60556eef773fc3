/// Images as stored, with optional labels: what calibration and evaluation read.
///
/// Pixels stay in their file's type (bytes mostly) and are turned into a net's input image by image by a
/// `Preprocessing`, so that memory does not grow beyond the data itself.
public struct LabeledImages: Sendable {
    /// The stored pixels, image after image.
    public enum Pixels: Sendable {
        case bytes([UInt8])
        case floats([Float])
    }
    /// How one image's pixels are ordered.
    public enum Layout: String, Hashable, Sendable, CaseIterable {
        case nchw, nhwc
    }

    /// All images' pixels, contiguous.
    public let pixels: Pixels
    /// The order of channels, rows and columns inside an image.
    public let layout: Layout
    /// The number of images.
    public let count: Int
    /// Colour channels per image.
    public let channels: Int
    /// Rows per image.
    public let height: Int
    /// Columns per image.
    public let width: Int
    /// The class of each image, if known; as many as images.
    public let labels: [Int]?
    /// The names of the classes, if known.
    public let classNames: [String]?

    /// Images from their parts; `nil` if the pixel count is not count × channels × height × width or the labels do
    /// not number as many as the images.
    public init?(
        pixels: Pixels, layout: Layout, count: Int, channels: Int, height: Int, width: Int, labels: [Int]? = nil,
        classNames: [String]? = nil
    ) {
        guard let shape = Shape(validating: [count, channels, height, width]) else { return nil }
        let stored =
            switch pixels {
            case .bytes(let bytes): bytes.count
            case .floats(let floats): floats.count
            }
        guard stored == shape.count, labels == nil || labels?.count == count else { return nil }
        self.pixels = pixels
        self.layout = layout
        self.count = count
        self.channels = channels
        self.height = height
        self.width = width
        self.labels = labels
        self.classNames = classNames
    }

    /// The first `limit` images.
    public func prefix(_ limit: Int) -> LabeledImages {
        guard limit < count, limit >= 0 else { return self }
        let values = limit * channels * height * width
        let first: Pixels =
            switch pixels {
            case .bytes(let bytes): .bytes(Array(bytes.prefix(values)))
            case .floats(let floats): .floats(Array(floats.prefix(values)))
            }
        return LabeledImages(
            pixels: first, layout: layout, count: limit, channels: channels, height: height, width: width,
            labels: labels.map { Array($0.prefix(limit)) }, classNames: classNames) ?? self
    }
}

/// How stored pixels become a net's input: (x × scale − mean) / standard deviation, per channel.
public struct Preprocessing: Hashable, Sendable {
    /// The order of the colour channels in the net.
    public enum ChannelOrder: String, Hashable, Sendable, CaseIterable {
        case rgb, bgr
    }

    /// Multiplies the stored values first.
    public let scale: Float
    /// Subtracted after scaling: one value per channel, or one for all.
    public let mean: [Float]
    /// Divides last: one value per channel, or one for all; never zero.
    public let standardDeviation: [Float]
    /// `bgr` reverses the channels before the mean is subtracted.
    public let channelOrder: ChannelOrder

    /// A preprocessing from its parts.
    public init(
        scale: Float, mean: [Float] = [0], standardDeviation: [Float] = [1], channelOrder: ChannelOrder = .rgb
    ) {
        self.scale = scale
        self.mean = mean
        self.standardDeviation = standardDeviation
        self.channelOrder = channelOrder
    }

    /// Writes image `index` of `images` as floats into `output` (channels × height × width elements), as [C, H, W] or
    /// [H, W, C].
    ///
    /// Each value is x × (scale / std) − mean / std in single precision, the same for every batch size.
    public func load(
        _ index: Int, of images: LabeledImages, as layout: LabeledImages.Layout = .nchw,
        into output: UnsafeMutableBufferPointer<Float>
    ) {
        let plane = images.height * images.width
        let size = images.channels * plane
        precondition(output.count >= size && (0..<images.count).contains(index))
        for channel in 0..<images.channels {
            let source = channelOrder == .bgr ? images.channels - 1 - channel : channel
            let deviation = standardDeviation[min(channel, standardDeviation.count - 1)]
            let multiplier = scale / deviation
            let shift = mean[min(channel, mean.count - 1)] / deviation
            let (start, step) =
                images.layout == .nchw
                ? (index * size + source * plane, 1) : (index * size + source, images.channels)
            let (first, stride) = layout == .nchw ? (channel * plane, 1) : (channel, images.channels)
            switch images.pixels {
            case .bytes(let bytes):
                bytes.withUnsafeBufferPointer { stored in
                    for pixel in 0..<plane {
                        output[first + pixel * stride] = Float(stored[start + pixel * step]) * multiplier - shift
                    }
                }
            case .floats(let floats):
                floats.withUnsafeBufferPointer { stored in
                    for pixel in 0..<plane {
                        output[first + pixel * stride] = stored[start + pixel * step] * multiplier - shift
                    }
                }
            }
        }
    }
}

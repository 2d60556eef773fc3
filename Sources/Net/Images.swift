/// Images as stored, with optional labels: what calibration and evaluation read.
///
/// Pixels stay where they are and in their file's type, and are turned into a net's input image by image by a
/// `Preprocessing`, so that memory does not grow beyond the data itself. A part of the images shares their pixels.
public struct LabeledImages: Sendable {
    /// How one image's pixels are ordered.
    public enum Layout: String, Hashable, Sendable, CaseIterable {
        case nchw, nhwc
    }

    /// Where the pixels are; it holds at least `count` images.
    public let pixels: any PixelStore
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

    /// All images of a store; `nil` if an image there is not channels × height × width elements or the labels do not
    /// number as many as the images.
    public init?(
        pixels: any PixelStore, layout: Layout, channels: Int, height: Int, width: Int, labels: [Int]? = nil,
        classNames: [String]? = nil
    ) {
        guard let shape = Shape(validating: [channels, height, width]),
            pixels.count == 0 || pixels.elementsPerImage == shape.count,
            labels == nil || labels?.count == pixels.count
        else { return nil }
        self.init(
            pixels: pixels, layout: layout, count: pixels.count, channels: channels, height: height, width: width,
            labels: labels, classNames: classNames)
    }

    private init(
        pixels: any PixelStore, layout: Layout, count: Int, channels: Int, height: Int, width: Int, labels: [Int]?,
        classNames: [String]?
    ) {
        self.pixels = pixels
        self.layout = layout
        self.count = count
        self.channels = channels
        self.height = height
        self.width = width
        self.labels = labels
        self.classNames = classNames
    }

    /// Elements of one image.
    public var elementsPerImage: Int { channels * height * width }

    /// The first `limit` images, with the same pixels.
    public func prefix(_ limit: Int) -> LabeledImages {
        guard limit < count, limit >= 0 else { return self }
        return LabeledImages(
            pixels: pixels, layout: layout, count: limit, channels: channels, height: height, width: width,
            labels: labels.map { Array($0.prefix(limit)) }, classNames: classNames)
    }

    /// The images before an index, and those from it on, with the same pixels.
    public func divided(at index: Int) -> (LabeledImages, LabeledImages) {
        let place = max(0, min(index, count))
        let rest = LabeledImages(
            pixels: PixelRange(store: pixels, range: place..<count), layout: layout, count: count - place,
            channels: channels, height: height, width: width, labels: labels.map { Array($0[place...]) },
            classNames: classNames)
        return (prefix(place), rest)
    }

    /// The images at some places, in that order, with the same pixels.
    public func selecting(_ places: [Int]) -> LabeledImages {
        LabeledImages(
            pixels: PixelSelection(store: pixels, places: places), layout: layout, count: places.count,
            channels: channels, height: height, width: width, labels: labels.map { all in places.map { all[$0] } },
            classNames: classNames)
    }

    /// The same images with other labels; `nil` if those do not number as many.
    public func with(labels: [Int]) -> LabeledImages? {
        guard labels.count == count else { return nil }
        return LabeledImages(
            pixels: pixels, layout: layout, count: count, channels: channels, height: height, width: width,
            labels: labels, classNames: classNames)
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
    /// - Throws: why the image cannot be read.
    public func load(
        _ index: Int, of images: LabeledImages, as layout: LabeledImages.Layout = .nchw,
        into output: UnsafeMutableBufferPointer<Float>
    ) throws {
        precondition(output.count >= images.elementsPerImage && (0..<images.count).contains(index))
        try images.pixels.withPixels(of: index) { pixels in
            switch pixels {
            case .bytes(let bytes): convert(bytes, of: images, as: layout, into: output) { Float($0) }
            case .floats(let floats): convert(floats, of: images, as: layout, into: output) { $0 }
            }
        }
    }

    @inline(__always)
    private func convert<Stored>(
        _ stored: UnsafeBufferPointer<Stored>, of images: LabeledImages, as layout: LabeledImages.Layout,
        into output: UnsafeMutableBufferPointer<Float>, _ real: (Stored) -> Float
    ) {
        precondition(stored.count == images.elementsPerImage)
        let plane = images.height * images.width
        for channel in 0..<images.channels {
            let source = channelOrder == .bgr ? images.channels - 1 - channel : channel
            let deviation = standardDeviation[min(channel, standardDeviation.count - 1)]
            let multiplier = scale / deviation
            let shift = mean[min(channel, mean.count - 1)] / deviation
            let (start, step) = images.layout == .nchw ? (source * plane, 1) : (source, images.channels)
            let (first, stride) = layout == .nchw ? (channel * plane, 1) : (channel, images.channels)
            if step == 1, stride == 1 {
                // The compiler makes vectors of this.
                for pixel in 0..<plane {
                    output[first + pixel] = real(stored[start + pixel]) * multiplier - shift
                }
                continue
            }
            for pixel in 0..<plane {
                output[first + pixel * stride] = real(stored[start + pixel * step]) * multiplier - shift
            }
        }
    }
}

/// How the images of a feature map lie in memory: blocks of 16 channels, each a plane of pixels with a halo of zeros.
///
/// The element (image, channel, y, x) is at
///
///     (((image * blocks + channel / 16) * (height + 2 halo) + y + halo) * (width + 2 halo) + x + halo) * 16
///         + channel % 16
///
/// ("NCHW16c"). A narrow layout, for the few channels of images, has pixels of 4 floats instead. The halo and the unused lanes of the last block are zero, so convolutions read their padding from the
/// map and need no case for borders.
public struct MapLayout: Hashable, Sendable {
    /// Channels in a block: the floats of one 512-bit vector.
    public static let lanes = 16

    /// Channels that carry data.
    public let channels: Int
    /// Rows without halo.
    public let height: Int
    /// Columns without halo.
    public let width: Int
    /// Rows and columns of zeros on each side.
    public let halo: Int
    /// Whether a pixel takes no more than 4 floats: maps of up to 4 channels that only convolutions read.
    let isNarrow: Bool

    /// The most channels of a narrow map.
    static let narrowLanes = 4

    /// Creates the layout of maps of `channels` x `height` x `width`, each at least 1, with a halo of at least 0.
    public init(channels: Int, height: Int, width: Int, halo: Int = 0) {
        self.init(channels: channels, height: height, width: width, halo: halo, isNarrow: false)
    }

    /// The same, narrow if it is asked for.
    init(channels: Int, height: Int, width: Int, halo: Int = 0, isNarrow: Bool) {
        precondition(channels > 0 && height > 0 && width > 0 && halo >= 0, "a map has extent")
        precondition(!isNarrow || channels <= Self.narrowLanes, "few channels")
        self.isNarrow = isNarrow
        self.channels = channels
        self.height = height
        self.width = width
        self.halo = halo
    }

    /// Channel blocks.
    public var blocks: Int { (channels + Self.lanes - 1) / Self.lanes }

    /// Elements of one image without halo and unused lanes.
    public var elements: Int { channels * height * width }

    /// Floats from one pixel to the next in a row.
    var pixelStride: Int { isNarrow ? Self.narrowLanes : Self.lanes }

    /// Floats from one row to the next.
    var rowStride: Int { (width + 2 * halo) * pixelStride }

    /// Floats from one channel block to the next.
    var blockStride: Int { (height + 2 * halo) * rowStride }

    /// Floats of one image, halo and unused lanes included.
    public var imageStride: Int { blocks * blockStride }

    /// The index of lane 0 of a pixel; halo pixels have negative coordinates, or coordinates from the extent on.
    public func offset(image: Int, block: Int, y: Int, x: Int) -> Int {
        image * imageStride + block * blockStride + (y + halo) * rowStride + (x + halo) * pixelStride
    }
}

internal import Net
internal import Quant

/// What a net's first layers read of images stored as bytes: a code for each byte and channel.
///
/// Preprocessing and rounding are functions of one byte, so 256 results for each channel are all there is to compute.
struct InputCodes {
    private let preprocessing: Preprocessing
    private let quantizer: AffineQuantizer
    /// For each channel the codes of 256 bytes.
    private let codes: [UInt8]

    /// The codes on a grid.
    init?(_ preprocessing: Preprocessing, _ quantizer: AffineQuantizer, channels: Int) {
        // An image that has every byte in every channel.
        let bytes = Array(repeatElement((0...255).map(UInt8.init), count: channels).joined())
        guard
            let all = LabeledImages(
                pixels: .bytes(bytes), layout: .nchw, count: 1, channels: channels, height: 16, width: 16)
        else { return nil }
        let values = [Float](unsafeUninitializedCapacity: bytes.count) { buffer, count in
            preprocessing.load(0, of: all, into: buffer)
            count = bytes.count
        }
        let grid = StorageGrid.codes(
            scale: quantizer.scale, zeroPoint: quantizer.zeroPoint, codes: 0...quantizer.maximumCode)
        self.preprocessing = preprocessing
        self.quantizer = quantizer
        codes = values.map { grid.code(of: $0, channel: 0) }
    }

    /// Whether these are the codes for another preprocessing and grid.
    func serve(_ preprocessing: Preprocessing, _ quantizer: AffineQuantizer) -> Bool {
        self.preprocessing == preprocessing && self.quantizer == quantizer
    }

    /// Fills an image of a map with the codes of a stored image; `false` if that is not stored as bytes, or if the map is
    /// not an image of its extent.
    func load(_ index: Int, of images: LabeledImages, into map: CodeMap, image: Int) -> Bool {
        let layout = map.layout
        guard case .bytes(let bytes) = images.pixels, layout.channels == images.channels,
            layout.height == images.height, layout.width == images.width
        else { return false }
        let plane = images.height * images.width
        map.withCodes(of: image..<image + 1) { target in
            bytes.withUnsafeBufferPointer { stored in
                codes.withUnsafeBufferPointer { codes in
                    for channel in 0..<images.channels {
                        let source = preprocessing.channelOrder == .bgr ? images.channels - 1 - channel : channel
                        let (start, step) =
                            images.layout == .nchw
                            ? (source * plane, 1) : (source, images.channels)
                        let first = index * images.channels * plane + start
                        for y in 0..<images.height {
                            var read = first + y * images.width * step
                            var write =
                                layout.offset(image: 0, block: channel / MapLayout.lanes, y: y, x: 0)
                                + channel % MapLayout.lanes
                            for _ in 0..<images.width {
                                target[write] = codes[channel * 256 + Int(stored[read])]
                                read += step
                                write += MapLayout.lanes
                            }
                        }
                    }
                }
            }
        }
        return true
    }
}

internal import Net
internal import Quant

/// What a net's first layers read of images stored as bytes: a code for each byte and channel.
///
/// Preprocessing and rounding are functions of one byte, so 256 results for each channel are all there is to compute.
struct InputCodes {
    private let preprocessing: Preprocessing
    private let quantizer: AffineQuantizer
    /// For each channel the codes of 256 bytes, each at its place among four channels; the places beyond the last channel
    /// hold the code of zero.
    private let words: [UInt32]

    /// The codes on a grid.
    init?(_ preprocessing: Preprocessing, _ quantizer: AffineQuantizer, channels: Int) {
        guard let values = preprocessing.valuesOfBytes(channels: channels) else { return nil }
        let grid = StorageGrid.codes(
            scale: quantizer.scale, zeroPoint: quantizer.zeroPoint, codes: 0...quantizer.maximumCode)
        self.preprocessing = preprocessing
        self.quantizer = quantizer
        let padding = repeatElement(UInt8(quantizer.zeroPoint), count: (4 - channels % 4) % 4 * 256)
        words = (values.map { grid.code(of: $0, channel: 0) } + padding).enumerated().map { index, code in
            UInt32(code) << (index / 256 % 4 * 8)
        }
    }

    /// Whether these are the codes for another preprocessing and grid.
    func serve(_ preprocessing: Preprocessing, _ quantizer: AffineQuantizer) -> Bool {
        self.preprocessing == preprocessing && self.quantizer == quantizer
    }

    /// Fills an image of a map with the codes of a stored image; `false` if that is not stored as bytes, or if the map is
    /// not an image of its extent.
    ///
    /// - Throws: why the image cannot be read.
    func load(_ index: Int, of images: LabeledImages, into map: CodeMap, image: Int) throws -> Bool {
        let layout = map.layout
        guard layout.channels == images.channels, layout.height == images.height, layout.width == images.width
        else { return false }
        var isLoaded = false
        try images.pixels.withPixels(of: index) { pixels in
            guard case .bytes(let stored) = pixels else { return }
            fill(map, image, with: stored, of: images)
            isLoaded = true
        }
        return isLoaded
    }

    private func fill(
        _ map: CodeMap, _ image: Int, with stored: UnsafeBufferPointer<UInt8>, of images: LabeledImages
    ) {
        let layout = map.layout
        let plane = images.height * images.width
        // From channel to channel, and from pixel to pixel.
        let (channelStep, step) = images.layout == .nchw ? (plane, 1) : (1, images.channels)
        /// Where a channel of the net is stored; one that does not exist is read as the last one.
        func start(_ channel: Int) -> Int {
            let known = min(channel, images.channels - 1)
            return (preprocessing.channelOrder == .bgr ? images.channels - 1 - known : known) * channelStep
        }
        map.withCodes(of: image..<image + 1) { target in
            guard let base = UnsafeMutableRawPointer(target.baseAddress) else { return }
            words.withUnsafeBufferPointer { words in
                for channel in stride(from: 0, to: images.channels, by: 4) {
                    let table = UnsafeBufferPointer(rebasing: words[channel * 256..<(channel + 4) * 256])
                    var read = (start(channel), start(channel + 1), start(channel + 2), start(channel + 3))
                    for y in 0..<images.height {
                        let row = layout.offset(image: 0, block: channel / MapLayout.lanes, y: y, x: 0)
                        var write = base + row + channel % MapLayout.lanes
                        for _ in 0..<images.width {
                            let word =
                                table[Int(stored[read.0])] | table[256 + Int(stored[read.1])]
                                | table[512 + Int(stored[read.2])] | table[768 + Int(stored[read.3])]
                            write.storeBytes(of: word.littleEndian, as: UInt32.self)
                            write += MapLayout.lanes
                            read = (read.0 + step, read.1 + step, read.2 + step, read.3 + step)
                        }
                    }
                }
            }
        }
    }
}

extension Preprocessing {
    /// What each byte of each channel becomes.
    func valuesOfBytes(channels: Int) -> [Float]? {
        // An image that has every byte in every channel.
        let bytes = Array(repeatElement((0...255).map(UInt8.init), count: channels).joined())
        guard let pixels = MemoryPixels(.bytes(bytes), count: 1),
            let all = LabeledImages(pixels: pixels, layout: .nchw, channels: channels, height: 16, width: 16)
        else { return nil }
        return try? [Float](
            unsafeUninitializedCapacity: bytes.count,
            initializingWith: { buffer, count in
                try load(0, of: all, into: buffer)
                count = bytes.count
            })
    }
}

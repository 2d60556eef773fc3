internal import CKernels
internal import Net
internal import Quant

/// What a net's first layers read of images stored as bytes: a code for each byte and channel.
///
/// Preprocessing and rounding are functions of one byte, so 256 results for each channel are all there is to compute.
struct InputCodes {
    private let preprocessing: Preprocessing
    private let quantizer: AffineQuantizer
    /// For each channel the codes of 256 bytes, and for channels up to a multiple of four 256 times the code of zero.
    private let tables: [UInt8]

    /// The codes on a grid.
    init?(_ preprocessing: Preprocessing, _ quantizer: AffineQuantizer, channels: Int) {
        guard let values = preprocessing.valuesOfBytes(channels: channels) else { return nil }
        let grid = StorageGrid.codes(
            scale: quantizer.scale, zeroPoint: quantizer.zeroPoint, codes: 0...quantizer.maximumCode)
        self.preprocessing = preprocessing
        self.quantizer = quantizer
        let padding = repeatElement(UInt8(quantizer.zeroPoint), count: (4 - channels % 4) % 4 * 256)
        tables = values.map { grid.code(of: $0, channel: 0) } + padding
    }

    /// Whether these are the codes for another preprocessing and grid.
    func serve(_ preprocessing: Preprocessing, _ quantizer: AffineQuantizer) -> Bool {
        self.preprocessing == preprocessing && self.quantizer == quantizer
    }

    /// Fills an image of a map with the codes of a stored image; `false` if that is not stored as bytes, or if the map is
    /// not an image of its extent.
    ///
    /// - Throws: why the image cannot be read.
    func load(_ index: Int, of images: LabeledImages, into map: CodeMap, image: Int, isa: InstructionSet) throws
        -> Bool
    {
        let layout = map.layout
        guard layout.channels == images.channels, layout.height == images.height, layout.width == images.width
        else { return false }
        var isLoaded = false
        try images.pixels.withPixels(of: index) { pixels in
            guard case .bytes(let stored) = pixels else { return }
            fill(map, image, with: stored, of: images, isa)
            isLoaded = true
        }
        return isLoaded
    }

    private func fill(
        _ map: CodeMap, _ image: Int, with stored: UnsafeBufferPointer<UInt8>, of images: LabeledImages,
        _ isa: InstructionSet
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
            guard let base = target.baseAddress, let stored = stored.baseAddress else { return }
            tables.withUnsafeBufferPointer { tables in
                for channel in stride(from: 0, to: images.channels, by: 4) {
                    let first = (0..<4).map { stored + start(channel + $0) }
                    for y in 0..<images.height {
                        let row = layout.offset(image: 0, block: channel / MapLayout.lanes, y: y, x: 0)
                        var planes: [UnsafePointer<UInt8>?] = first.map { $0 + y * images.width * step }
                        nk_load_bytes(
                            isa.level, &planes, step, tables.baseAddress.map { $0 + channel * 256 },
                            images.channels <= 4, UInt8(map.zeroPoint), base + row + channel % MapLayout.lanes,
                            Int32(images.width))
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

internal import Net
internal import Quant

/// What a net's first layers read of images in narrow maps: preprocessed values, or codes minus zero point of a grid.
///
/// For images stored as bytes 256 results for each channel are all there is to compute, as in `InputCodes`.
struct InputValues {
    /// What the values are rounded to; `nil` where they stay real.
    private let grid: StorageGrid?
    private var known: (preprocessing: Preprocessing, channels: Int, table: [Float])?

    init(_ activationGrid: ActivationGrid) {
        grid = activationGrid == .real ? nil : activationGrid.copyGrid
    }

    /// Fills images of a narrow map from planar values.
    func load(planar values: [Float], into map: FeatureMap, images: Range<Int>) {
        guard let grid else { return map.load(planar: values, into: images) }
        map.load(planar: values.map(grid.stored), into: images)
    }

    /// Fills an image of a narrow map from a stored image; `false` if that is not stored as bytes, or if the map is not an
    /// image of its extent.
    ///
    /// - Throws: why the image cannot be read.
    mutating func load(
        _ index: Int, of source: ImageSource, into map: FeatureMap, image: Int
    ) throws -> Bool {
        let (images, layout) = (source.images, map.layout)
        guard layout.channels == images.channels, layout.height == images.height, layout.width == images.width,
            let table = table(source.preprocessing, images.channels)
        else { return false }
        var isLoaded = false
        try images.pixels.withPixels(of: index) { pixels in
            guard case .bytes(let stored) = pixels else { return }
            let isReversed = source.preprocessing.channelOrder == .bgr
            Self.fill(map, image, with: stored, of: images, table, isReversed: isReversed)
            isLoaded = true
        }
        return isLoaded
    }

    /// [channel][256], zeros for channels that do not exist.
    private mutating func table(_ preprocessing: Preprocessing, _ channels: Int) -> [Float]? {
        if let known, known.preprocessing == preprocessing, known.channels == channels { return known.table }
        guard let values = preprocessing.valuesOfBytes(channels: channels) else { return nil }
        let stored = grid.map { values.map($0.stored) } ?? values
        let table = stored + [Float](repeating: 0, count: (MapLayout.narrowLanes - channels) * 256)
        known = (preprocessing, channels, table)
        return table
    }

    private static func fill(
        _ map: FeatureMap, _ image: Int, with stored: UnsafeBufferPointer<UInt8>, of images: LabeledImages,
        _ table: [Float], isReversed: Bool
    ) {
        let (channels, layout) = (images.channels, map.layout)
        let plane = images.height * images.width
        // From channel to channel, and from pixel to pixel.
        let (channelStep, step) = images.layout == .nchw ? (plane, 1) : (1, channels)
        // Planes of channels that do not exist are those of the first, with a table of zeros.
        func first(_ channel: Int) -> Int {
            guard channel < channels else { return 0 }
            return (isReversed ? channels - 1 - channel : channel) * channelStep
        }
        let planes = SIMD4(first(0), first(1), first(2), first(3))
        map.withVectors(of: image, SIMD4<Float>.self) { pixels in
            table.withUnsafeBufferPointer { table in
                var read = 0
                for y in 0..<layout.height {
                    let row = pixels + layout.offset(image: 0, block: 0, y: y, x: 0) / MapLayout.narrowLanes
                    for x in 0..<layout.width {
                        row[x] = SIMD4(
                            table[Int(stored[planes[0] + read])], table[256 + Int(stored[planes[1] + read])],
                            table[512 + Int(stored[planes[2] + read])], table[768 + Int(stored[planes[3] + read])])
                        read += step
                    }
                }
            }
        }
    }
}

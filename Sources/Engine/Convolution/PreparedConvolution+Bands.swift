internal import CKernels
internal import Net

/// Two layers in bands of rows: what the first writes of a large map is read by the second while it is in the cache.
extension PreparedConvolution {
    /// A layer with where it reads and writes.
    struct Call {
        let convolution: PreparedConvolution
        let epilogue: Epilogue
        let input: StoredMap
        let maps: EpilogueMaps

        fileprivate func geometry(_ images: Range<Int>) -> ConvolutionGeometry {
            let output = convolution.outputSize(height: input.layout.height, width: input.layout.width)
            convolution.check(input: input, images: images, epilogue: epilogue, maps: maps, output: output)
            return ConvolutionGeometry(window: convolution.window, input: input, images: images, output: output)
        }

        fileprivate func withTiles(
            _ geometry: ConvolutionGeometry, _ isa: InstructionSet, _ scratch: Scratch, _ cancelled: () -> Bool,
            _ body: ((NKTile) -> Void) throws(Cancelled) -> Void
        ) throws(Cancelled) {
            try convolution.withSums(geometry, epilogue, isa, scratch, cancelled) { (sums) throws(Cancelled) in
                try convolution.withTiles(convolution.weights, geometry, sums, epilogue, maps, isa, body)
            }
        }

        /// The tile of some rows of one image.
        fileprivate func tile(_ image: Int, _ rows: Range<Int>, _ geometry: ConvolutionGeometry) -> NKTile {
            NKTile(
                firstImage: Int32(image), endImage: Int32(image + 1), firstBlock: 0,
                endBlock: Int32(convolution.weights.blocks.count), firstRow: Int32(rows.lowerBound),
                endRow: Int32(rows.upperBound), pixels: Int32(geometry.pixels))
        }
    }

    /// Whether the layer, with an epilogue, may be the first, or the second, of two that run in bands: it must not need the
    /// scratch memory of the other, nor whole maps.
    func runsInBands(isSecond: Bool, _ epilogue: Epilogue) -> Bool {
        guard case .floats(let weights) = weights else { return false }
        return isSecond ? weights.depthwise && !epilogue.usesWindowSums : ones == nil
    }

    /// Runs `first`, and `second` on what it stores; the same bits as one after the other.
    ///
    /// - Throws: `Cancelled` if `cancelled` returned true; the maps are then incomplete.
    static func run(
        _ first: Call, _ second: Call, images: Range<Int>, isa: InstructionSet, scratch: Scratch,
        cancelled: () -> Bool
    ) throws(Cancelled) {
        let (above, below) = (first.geometry(images), second.geometry(images))
        let window = second.convolution.window
        // A quarter of a megabyte of the map between them.
        let rowBytes = 4 * second.input.layout.blocks * second.input.layout.rowStride
        let band = max(1, 250_000 / (rowBytes * window.strides.height))
        try first.withTiles(above, isa, scratch, cancelled) { (runFirst) throws(Cancelled) in
            try second.withTiles(below, isa, scratch, cancelled) { (runSecond) throws(Cancelled) in
                for image in 0..<images.count {
                    var done = 0
                    for row in stride(from: 0, to: below.rows, by: band) {
                        if cancelled() { throw Cancelled() }
                        let end = min(below.rows, row + band)
                        let reach =
                            (end - 1) * window.strides.height + (window.kernel.height - 1) * window.dilations.height
                            - window.padding.top + 1
                        let needed = end == below.rows ? above.rows : min(above.rows, reach)
                        if needed > done {
                            runFirst(first.tile(image, done..<needed, above))
                            done = needed
                        }
                        runSecond(second.tile(image, row..<end, below))
                    }
                }
            }
        }
    }
}

internal import CKernels
internal import Net

/// Where one run of kernel calls reads and how its results are arranged: image after image, or, for 1x1 results, a single
/// row whose pixels are the images of a batch.
struct ConvolutionGeometry {
    /// The images whose results this covers.
    let images: Range<Int>
    let source: StoredMap
    let rows: Int
    let pixels: Int
    let input: NKInput
    /// Whether the pixels are images.
    let isImageRow: Bool
    /// Where the first image's results go in the maps written.
    private var firstStored: Int

    init(window: Window, input map: StoredMap, images: Range<Int>, output: (height: Int, width: Int)) {
        let layout = map.layout
        let corner = map.view(image: images.lowerBound, y: -window.padding.top, x: -window.padding.left)
        isImageRow = output.height * output.width == 1
        firstStored = images.lowerBound
        self.images = images
        source = map
        rows = output.height
        pixels = isImageRow ? images.count : output.width
        input = NKInput(
            origin: UnsafePointer(corner.origin), codes: UnsafePointer(corner.codes),
            imageStride: layout.imageStride, blockStride: layout.blockStride,
            outputRowStep: window.strides.height * layout.rowStride,
            outputPixelStep: isImageRow ? layout.imageStride : window.strides.width * layout.pixelStride,
            kernelRowStep: window.dilations.height * layout.rowStride,
            kernelColumnStep: window.dilations.width * layout.pixelStride,
            rows: NKAxis(
                stride: Int32(window.strides.height), dilation: Int32(window.dilations.height),
                before: Int32(window.padding.top), extent: Int32(layout.height)),
            columns: isImageRow
                ? NKAxis()
                : NKAxis(
                    stride: Int32(window.strides.width), dilation: Int32(window.dilations.width),
                    before: Int32(window.padding.left), extent: Int32(layout.width)))
    }

    /// A map of results as the kernels see it.
    func view(_ map: StoredMap) -> NKMap {
        isImageRow ? map.imageRowView(from: firstStored) : map.view(image: firstStored)
    }

    /// The same reads, with results stored from image 0 on.
    func storedFromFirstImage() -> ConvolutionGeometry {
        var copy = self
        copy.firstStored = 0
        return copy
    }

    /// Tiles of about `budget` multiply-adds.
    ///
    /// Several images; or some blocks of all rows, where weights are more than what they read; or several rows of all
    /// blocks; or some blocks of few rows when these are already more than that. `rowsTogether` rows are computed at a time.
    func tiles(blocks: Int, workPerElement: Int, rowsTogether: Int, budget: Int) -> [NKTile] {
        let images = isImageRow ? 1 : self.images.count
        let blockWork = pixels * MapLayout.lanes * workPerElement
        let imagesPerTile = max(1, budget / (blockWork * blocks * rows))
        let groupWork = blockWork * rowsTogether
        let readsMoreWeights = blocks * MapLayout.lanes * workPerElement > source.layout.imageStride
        let rowsPerTile: Int
        let blocksPerTile: Int
        if imagesPerTile == 1, readsMoreWeights, blockWork * rows <= budget {
            rowsPerTile = rows
            blocksPerTile = Self.even(budget / (blockWork * rows))
        } else {
            rowsPerTile = max(1, budget / (groupWork * blocks)) * rowsTogether
            blocksPerTile = rowsPerTile > rowsTogether ? blocks : Self.even(budget / groupWork)
        }
        var tiles: [NKTile] = []
        for image in stride(from: 0, to: images, by: imagesPerTile) {
            for row in stride(from: 0, to: rows, by: rowsPerTile) {
                for block in stride(from: 0, to: blocks, by: blocksPerTile) {
                    tiles.append(
                        NKTile(
                            firstImage: Int32(image), endImage: Int32(min(images, image + imagesPerTile)),
                            firstBlock: Int32(block), endBlock: Int32(min(blocks, block + blocksPerTile)),
                            firstRow: Int32(row), endRow: Int32(min(rows, row + rowsPerTile)), pixels: Int32(pixels)
                        ))
                }
            }
        }
        return tiles
    }

    /// As many blocks, but an even number, since kernels take two at a time.
    private static func even(_ blocks: Int) -> Int { max(2, blocks / 2 * 2) }
}

internal import CKernels
internal import Net

extension NKWindow {
    /// No window sums.
    static var none: NKWindow {
        NKWindow(
            origin: nil, imageStride: 0, blocksPerPlane: 1, planeStride: 0, rowStride: 0, pixelStride: 0,
            perLane: false, byKernel: false, slack: 0, scratch: nil)
    }
}

/// Sums of the input over the window of each output, one per pixel and group.
extension PreparedConvolution {
    /// The window sums of `images`, as [image][group][y][x]; exact for integer-valued inputs while below 2^24.
    ///
    /// `run` computes what its epilogue needs by itself; this is the same computation on its own.
    public func windowSums(
        input: FeatureMap, images: Range<Int>, isa: InstructionSet, scratch: Scratch
    ) throws(Cancelled) -> [Float] {
        let output = outputSize(height: input.layout.height, width: input.layout.width)
        var result: [Float] = []
        for image in images {
            let geometry = ConvolutionGeometry(
                window: window, input: .floats(input), images: image..<image + 1, output: output)
            result += try withWindowSums(geometry, isa: isa, scratch: scratch, cancelled: { false }) {
                (sums) throws(Cancelled) -> [Float] in
                (0..<groups).flatMap { group -> [Float] in
                    let channel = group * (outputChannels / groups)
                    let lane = sums.perLane ? channel % MapLayout.lanes : 0
                    let plane = channel / MapLayout.lanes / sums.blocksPerPlane * sums.planeStride + lane
                    return (0..<output.height).flatMap { y in
                        (0..<output.width).map { x in
                            sums.origin[plane + y * sums.rowStride + x * sums.pixelStride]
                        }
                    }
                }
            }
        }
        return result
    }

    /// Whether the float kernel sums windows as it goes, if it is told to.
    func kernelSumsWindows(_ geometry: ConvolutionGeometry) -> Bool {
        guard case .floats = weights else { return false }
        return ones == nil && !geometry.isImageRow
    }

    /// Calls `body` with what makes the float kernel sum windows itself.
    func withRoomForSums(
        _ geometry: ConvolutionGeometry, scratch: Scratch, _ body: (NKWindow) throws(Cancelled) -> Void
    ) throws(Cancelled) {
        let layout = geometry.source.layout
        let slack = 2 * layout.halo + window.strides.width
        let positions = (layout.height + 2 * layout.halo) * (layout.width + 2 * layout.halo + slack)
        var sums = NKWindow.none
        sums.byKernel = true
        sums.slack = Int32(slack)
        sums.blocksPerPlane = weights.blocks.count / groups
        try scratch.withFloats(count: geometry.rows * geometry.pixels + positions) { (floats) throws(Cancelled) in
            sums.scratch = floats
            try body(sums)
        }
    }

    /// Calls `body` with the window sums of `geometry`'s outputs.
    func withWindowSums<Result>(
        _ geometry: ConvolutionGeometry, isa: InstructionSet, scratch: Scratch, cancelled: () -> Bool,
        _ body: (NKWindow) throws(Cancelled) -> Result
    ) throws(Cancelled) -> Result {
        if let ones {
            return try withLaneSums(ones, geometry, isa, scratch, cancelled, body)
        }
        return try withPlaneSums(geometry, isa, scratch, body)
    }

    /// One sum per channel, by convolving with weights of one.
    private func withLaneSums<Result>(
        _ ones: KernelWeights, _ geometry: ConvolutionGeometry, _ isa: InstructionSet, _ scratch: Scratch,
        _ cancelled: () -> Bool, _ body: (NKWindow) throws(Cancelled) -> Result
    ) throws(Cancelled) -> Result {
        let columns = geometry.isImageRow ? 1 : geometry.pixels
        let layout = MapLayout(channels: outputChannels, height: geometry.rows, width: columns)
        let map = scratch.map(layout: layout, capacity: geometry.images.count)
        let copy = Epilogue(channels: outputChannels)
        let local = geometry.storedFromFirstImage()
        try run(ones, local, .none, copy, EpilogueMaps(outputs: [map]), isa, cancelled)
        let view = local.view(.floats(map))
        return try body(
            NKWindow(
                origin: UnsafePointer(view.origin), imageStride: view.imageStride, blocksPerPlane: 1,
                planeStride: view.blockStride,
                rowStride: view.rowStride, pixelStride: view.pixelStride, perLane: true, byKernel: false, slack: 0,
                scratch: nil))
    }

    /// One sum per pixel and group: channel sums of the whole image with its halo, then a box filter.
    private func withPlaneSums<Result>(
        _ geometry: ConvolutionGeometry, _ isa: InstructionSet, _ scratch: Scratch,
        _ body: (NKWindow) throws(Cancelled) -> Result
    ) throws(Cancelled) -> Result {
        let layout = geometry.source.layout
        let columns = geometry.isImageRow ? 1 : geometry.pixels
        let height = layout.height + 2 * layout.halo
        let width = layout.width + 2 * layout.halo
        let corner = (layout.halo - window.padding.top) * width + layout.halo - window.padding.left
        // The sums of a 1x1 window are those of its channels.
        let isOnePosition = window.kernel == Window.Pair(1, 1)
        let channelLength = height * width
        let planeLength = isOnePosition ? channelLength : geometry.rows * columns
        let sumsLength = geometry.images.count * groups * planeLength
        let room = sumsLength + (isOnePosition ? 0 : channelLength)
        return try scratch.withFloats(count: room) { (floats) throws(Cancelled) -> Result in
            for (index, image) in geometry.images.enumerated() {
                for group in 0..<groups {
                    let blocks = layout.blocks / groups
                    let map = geometry.source.view(
                        image: image, block: group * blocks, y: -layout.halo, x: -layout.halo)
                    let sums = floats + (index * groups + group) * planeLength
                    let channelSums = isOnePosition ? sums : floats + sumsLength
                    nk_channel_sums(isa.level, map, Int32(blocks), Int32(height), Int32(width), channelSums)
                    if isOnePosition { continue }
                    let plane = NKInput(
                        origin: UnsafePointer(channelSums + corner), codes: nil, imageStride: 0, blockStride: 0,
                        outputRowStep: window.strides.height * width, outputPixelStep: window.strides.width,
                        kernelRowStep: window.dilations.height * width, kernelColumnStep: window.dilations.width,
                        rows: NKAxis(), columns: NKAxis())
                    nk_box_sums(
                        isa.level, plane, Int32(window.kernel.height), Int32(window.kernel.width),
                        Int32(geometry.rows), Int32(columns), sums)
                }
            }
            let pixelStride = isOnePosition ? window.strides.width : 1
            return try body(
                NKWindow(
                    origin: UnsafePointer(floats + (isOnePosition ? corner : 0)), imageStride: groups * planeLength,
                    blocksPerPlane: weights.blocks.count / groups, planeStride: planeLength,
                    rowStride: isOnePosition ? window.strides.height * width : columns,
                    pixelStride: geometry.isImageRow ? groups * planeLength : pixelStride, perLane: false,
                    byKernel: false, slack: 0, scratch: nil))
        }
    }
}

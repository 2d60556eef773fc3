internal import CKernels
public import Net

/// A convolution with its weights in kernel order: dense, grouped or depthwise, any kernel, stride and dilation.
///
///     acc[o, y, x] = sum over i, k, l of weights[o, i, k, l]
///                    * input[group(o) + i, y strideY + k dilationY - top, x strideX + l dilationX - left]
///
/// followed by an `Epilogue`. Elements outside the input are zero; they are read from its halo, which must be as wide
/// as the padding. Prepared once per layer and setting, shared by all threads.
public struct PreparedConvolution: Sendable {
    /// Channels of the result.
    public let outputChannels: Int
    /// Channels of the input.
    public let inputChannels: Int
    /// Channel groups; each output reads the inputs of its group.
    public let groups: Int
    /// Kernel, strides, dilations and padding.
    public let window: Window

    let weights: KernelWeights
    /// Weights of one, for window sums where blocks and groups do not align.
    let ones: KernelWeights?

    /// Prepares real weights, for maps of floats, given as [outputChannels][inputChannels / groups][kernel height][kernel width].
    public init(weights: [Float], outputChannels: Int, inputChannels: Int, groups: Int = 1, window: Window) {
        let taps = window.kernel.height * window.kernel.width
        self.init(weights, outputChannels, inputChannels, groups, window) { weights, _ in
            .floats(
                PackedWeights(
                    weights, outputChannels: outputChannels, inputChannels: inputChannels, groups: groups,
                    taps: taps))
        }
    }

    /// Prepares codes of weights, 0...255 less the zero point of their output, for maps of codes 0...largestInput and results
    /// of `outputRows` rows at one level.
    package init(
        codes: [UInt8], zeroPoints: [Int], outputChannels: Int, inputChannels: Int, groups: Int = 1, window: Window,
        outputRows: Int, largestInput: Int = 255, isa: InstructionSet
    ) {
        let none = [Int](repeating: 0, count: outputChannels)
        self.init(codes, outputChannels, inputChannels, groups, window) { packed, isOnes in
            .codes(
                PackedCodes(
                    packed, zeroPoints: isOnes ? none : zeroPoints, outputChannels: outputChannels,
                    inputChannels: inputChannels, groups: groups, window: window, outputRows: outputRows,
                    largestInput: largestInput, isa: isa))
        }
    }

    private init<Weight: ExpressibleByIntegerLiteral>(
        _ weights: [Weight], _ outputChannels: Int, _ inputChannels: Int, _ groups: Int, _ window: Window,
        pack: (_ weights: [Weight], _ areOnes: Bool) -> KernelWeights
    ) {
        precondition(
            groups > 0 && inputChannels % groups == 0 && outputChannels % groups == 0, "groups divide channels")
        let taps = window.kernel.height * window.kernel.width
        precondition(
            weights.count == outputChannels * (inputChannels / groups) * taps, "one weight for each position")
        self.outputChannels = outputChannels
        self.inputChannels = inputChannels
        self.groups = groups
        self.window = window
        self.weights = pack(weights, false)
        let lanes = MapLayout.lanes
        let aligned = inputChannels / groups % lanes == 0 && outputChannels / groups % lanes == 0
        ones =
            groups == 1 || aligned || self.weights.sumsWindows
            ? nil : pack([Weight](repeating: 1, count: weights.count), true)
    }

    /// The result's rows and columns for an input of `height` x `width`.
    public func outputSize(height: Int, width: Int) -> (height: Int, width: Int) {
        let padding = window.padding
        func size(_ extent: Int, _ kernel: Int, _ dilation: Int, _ stride: Int) -> Int {
            (extent - dilation * (kernel - 1) - 1) / stride + 1
        }
        return (
            size(
                height + padding.top + padding.bottom, window.kernel.height, window.dilations.height,
                window.strides.height),
            size(
                width + padding.left + padding.right, window.kernel.width, window.dilations.width,
                window.strides.width)
        )
    }

    /// Convolves `images` of the input and stores the epilogue's results in `maps`.
    ///
    /// The same image gives the same bits whatever the range of images, for one level. `cancelled` is asked between
    /// tiles of about 20 million multiply-adds. No map of `maps` may be the input.
    ///
    /// - Throws: `Cancelled` if `cancelled` returned true; the maps are then incomplete.
    public func run(
        input: FeatureMap, images: Range<Int>, epilogue: Epilogue, maps: EpilogueMaps, isa: InstructionSet,
        scratch: Scratch, cancelled: () -> Bool = { false }
    ) throws(Cancelled) {
        try run(
            input: .floats(input), images: images, epilogue: epilogue, maps: maps, isa: isa, scratch: scratch,
            cancelled: cancelled)
    }

    /// The same for an input that holds what the weights were prepared for.
    package func run(
        input: StoredMap, images: Range<Int>, epilogue: Epilogue, maps: EpilogueMaps, isa: InstructionSet,
        scratch: Scratch, cancelled: () -> Bool
    ) throws(Cancelled) {
        let output = outputSize(height: input.layout.height, width: input.layout.width)
        check(input: input, images: images, epilogue: epilogue, maps: maps, output: output)
        guard !images.isEmpty else { return }
        let geometry = ConvolutionGeometry(window: window, input: input, images: images, output: output)
        try withSums(geometry, epilogue, isa, scratch, cancelled) { (sums) throws(Cancelled) in
            try run(weights, geometry, sums, epilogue, maps, isa, cancelled)
        }
    }

    /// Calls `body` with the window sums that an epilogue needs.
    func withSums(
        _ geometry: ConvolutionGeometry, _ epilogue: Epilogue, _ isa: InstructionSet, _ scratch: Scratch,
        _ cancelled: () -> Bool, _ body: (NKWindow) throws(Cancelled) -> Void
    ) throws(Cancelled) {
        if epilogue.usesWindowSums, kernelSumsWindows(geometry) {
            try withRoomForSums(geometry, scratch: scratch, body)
        } else if !weights.sumsWindows, epilogue.usesWindowSums || weights.needWindowSums {
            try withWindowSums(geometry, isa: isa, scratch: scratch, cancelled: cancelled, body)
        } else {
            try body(NKWindow.none)
        }
    }

    func check(
        input: StoredMap, images: Range<Int>, epilogue: Epilogue, maps: EpilogueMaps,
        output: (height: Int, width: Int)
    ) {
        precondition(input.layout.channels == inputChannels, "the input has the layer's channels")
        precondition(input.holds(images), "images outside the input")
        precondition(output.height > 0 && output.width > 0, "the kernel fits the padded input")
        precondition(epilogue.channels == outputChannels, "the epilogue has the layer's channels")
        let halo = input.layout.halo
        let padding = window.padding
        precondition(max(padding.top, padding.left) <= halo, "the halo covers the padding")
        let lastRow =
            (output.height - 1) * window.strides.height + (window.kernel.height - 1) * window.dilations.height
        let lastColumn =
            (output.width - 1) * window.strides.width + (window.kernel.width - 1) * window.dilations.width
        precondition(
            lastRow - padding.top < input.layout.height + halo
                && lastColumn - padding.left < input.layout.width + halo,
            "the halo covers the padding")
        precondition(maps.outputs.allSatisfy { !$0.isSame(as: input) }, "outputs differ from the input")
        maps.check(channels: outputChannels, height: output.height, width: output.width, images: images)
    }

    /// Runs all tiles of one geometry.
    func run(
        _ weights: KernelWeights, _ geometry: ConvolutionGeometry, _ sums: NKWindow, _ epilogue: Epilogue,
        _ maps: EpilogueMaps, _ isa: InstructionSet, _ cancelled: () -> Bool
    ) throws(Cancelled) {
        let taps = window.kernel.height * window.kernel.width
        let inputs = weights.isDepthwise ? 1 : inputChannels / groups
        precondition(weights.rowsTogether == 1 || !geometry.isImageRow, "weights are prepared for these rows")
        let tiles = geometry.tiles(
            blocks: weights.blocks.count, workPerElement: taps * inputs, rowsTogether: weights.rowsTogether,
            budget: weights.workPerTile)
        try withTiles(weights, geometry, sums, epilogue, maps, isa) { (runTile) throws(Cancelled) in
            for tile in tiles {
                if cancelled() { throw Cancelled() }
                runTile(tile)
            }
        }
    }

    /// Calls `body` with what computes a tile.
    func withTiles(
        _ weights: KernelWeights, _ geometry: ConvolutionGeometry, _ sums: NKWindow, _ epilogue: Epilogue,
        _ maps: EpilogueMaps, _ isa: InstructionSet, _ body: ((NKTile) -> Void) throws(Cancelled) -> Void
    ) throws(Cancelled) {
        try weights.blocks.withUnsafeBufferPointer { (blocks) throws(Cancelled) in
            try epilogue.withKernelForm(maps, view: geometry.view) { (form) throws(Cancelled) in
                var form = form
                try weights.withKernelForm(
                    window, blocks, geometry.source, summingWindows: epilogue.usesWindowSums
                ) { (weights) throws(Cancelled) in
                    switch weights {
                    case .floats(var convolution):
                        try body { tile in nk_convolve(isa.level, &convolution, geometry.input, tile, sums, &form) }
                    case .codes(var convolution):
                        try body { tile in
                            nk_convolve_codes(isa.level, &convolution, geometry.input, tile, sums, &form)
                        }
                    }
                }
            }
        }
    }
}

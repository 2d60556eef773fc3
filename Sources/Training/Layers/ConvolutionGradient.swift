internal import CKernels
public import Engine
public import Net

/// A convolution that is trained: what it computes, and its gradients with respect to input and weights.
///
///     z[o, y, x] = Σ w[o, i, k, l] x[i, y s + k − top, x s + l − left]
///     ∂L/∂w[o, i, k, l] = Σ over images, y, x of x[i, y s + k − top, x s + l − left] ∂L/∂z[o, y, x]
///     ∂L/∂x = ∂L/∂z, its pixels s apart, convolved with the weights turned by 180°, inputs and outputs exchanged
///
/// Dense or depthwise, any kernel and stride, no dilation; a dense layer is a 1x1 convolution on 1x1 maps. Maps of inputs need a halo
/// of the padding, those of gradients one of `gradientHalo`.
public struct ConvolutionGradient: Sendable {
    /// Channels of the result.
    public let outputs: Int
    /// Channels of the input.
    public let inputs: Int
    /// Whether output i reads input i only.
    public let isDepthwise: Bool
    /// Kernel, strides and padding.
    public let window: Window
    /// The input's rows and columns.
    public let size: (height: Int, width: Int)

    /// A convolution of maps of a size.
    public init(inputs: Int, outputs: Int, isDepthwise: Bool = false, window: Window, height: Int, width: Int) {
        precondition(!isDepthwise || inputs == outputs, "depthwise convolutions keep the number of channels")
        precondition(window.dilations == Window.Pair(1, 1), "a trained convolution is not dilated")
        self.inputs = inputs
        self.outputs = outputs
        self.isDepthwise = isDepthwise
        self.window = window
        size = (height, width)
    }

    /// The result's rows and columns.
    public var outputSize: (height: Int, width: Int) {
        func extent(_ size: Int, _ before: Int, _ after: Int, _ kernel: Int, _ stride: Int) -> Int {
            (size + before + after - kernel) / stride + 1
        }
        let padding = window.padding
        return (
            extent(size.height, padding.top, padding.bottom, window.kernel.height, window.strides.height),
            extent(size.width, padding.left, padding.right, window.kernel.width, window.strides.width)
        )
    }

    /// The halo that maps of the input need.
    public var inputHalo: Int {
        let padding = window.padding
        return max(padding.top, padding.left, padding.bottom, padding.right)
    }

    /// The halo that maps of the result's gradient need.
    public var gradientHalo: Int { isSpread ? 0 : spreadHalo }

    /// The number of weights, [outputs][inputs or 1][kernel height][kernel width].
    public var weightCount: Int { outputs * (isDepthwise ? 1 : inputs) * taps }

    private var taps: Int { window.kernel.height * window.kernel.width }
    private var isSpread: Bool { window.strides != Window.Pair(1, 1) }

    /// The gradient's extent with its pixels a stride apart.
    private var spreadSize: (height: Int, width: Int) {
        let output = outputSize
        return ((output.height - 1) * window.strides.height + 1, (output.width - 1) * window.strides.width + 1)
    }

    /// Where the turned kernel lies about the spread gradient, so that the result has the input's size.
    private var turnedPadding: Window.Padding {
        let (kernel, padding, spread) = (window.kernel, window.padding, spreadSize)
        let top = kernel.height - 1 - padding.top
        let left = kernel.width - 1 - padding.left
        return Window.Padding(
            top: top, left: left, bottom: size.height - spread.height + kernel.height - 1 - top,
            right: size.width - spread.width + kernel.width - 1 - left)
    }

    private var spreadHalo: Int {
        let padding = turnedPadding
        return max(padding.top, padding.left, padding.bottom, padding.right, 0)
    }

    /// The convolution with weights, for runs forward.
    public func forward(_ weights: [Float]) -> PreparedConvolution {
        PreparedConvolution(
            weights: weights, outputChannels: outputs, inputChannels: inputs, groups: isDepthwise ? inputs : 1,
            window: window)
    }

    /// The convolution of gradients with the same weights, for runs backward.
    public func backward(_ weights: [Float]) -> PreparedConvolution {
        precondition(weights.count == weightCount, "one weight for each position")
        let perOutput = isDepthwise ? 1 : inputs
        var turned = [Float](repeating: 0, count: weightCount)
        for output in 0..<outputs {
            for input in 0..<perOutput {
                let from = (output * perOutput + input) * taps
                let to = isDepthwise ? output * taps : (input * outputs + output) * taps
                for tap in 0..<taps { turned[to + taps - 1 - tap] = weights[from + tap] }
            }
        }
        return PreparedConvolution(
            weights: turned, outputChannels: inputs, inputChannels: outputs, groups: isDepthwise ? inputs : 1,
            window: Window(kernel: window.kernel, padding: turnedPadding))
    }

    /// The map in which `inputGradient` spreads gradients; `nil` where it reads them as they are.
    public func spreadMap(capacity: Int) -> FeatureMap? {
        guard isSpread else { return nil }
        let spread = spreadSize
        return FeatureMap(
            layout: MapLayout(channels: outputs, height: spread.height, width: spread.width, halo: spreadHalo),
            capacity: capacity)
    }

    /// ∂L/∂x of images, or ∂L/∂x added to what is there.
    ///
    /// - Parameters:
    ///   - backward: what `backward(_:)` made of the weights.
    ///   - spread: what `spreadMap(capacity:)` gave.
    public func inputGradient(
        _ backward: PreparedConvolution, of gradient: FeatureMap, spread: FeatureMap?, into result: FeatureMap,
        isAdded: Bool, images: Range<Int>, isa: InstructionSet, scratch: Scratch
    ) {
        let source = spread ?? gradient
        if let spread { self.spread(gradient, into: spread, images) }
        do {
            try backward.run(
                input: source, images: images, epilogue: Epilogue(channels: inputs),
                maps: EpilogueMaps(outputs: [result], addend: isAdded ? result : nil), isa: isa, scratch: scratch)
        } catch {
            preconditionFailure("nothing cancels it")
        }
    }

    private func spread(_ gradient: FeatureMap, into spread: FeatureMap, _ images: Range<Int>) {
        let (from, to) = (gradient.layout, spread.layout)
        gradient.withFloats(of: images) { source in
            spread.withFloats(of: images) { target in
                for image in 0..<images.count {
                    for block in 0..<from.blocks {
                        for y in 0..<from.height {
                            for x in 0..<from.width {
                                let start = from.offset(image: image, block: block, y: y, x: x)
                                let place = to.offset(
                                    image: image, block: block, y: y * window.strides.height,
                                    x: x * window.strides.width)
                                for lane in 0..<MapLayout.lanes { target[place + lane] = source[start + lane] }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Adds ∂L/∂w of images to `sums`, which are laid out as the kernels lay out weights; see `weights(from:)`.
    public func addWeightGradient(
        input: FeatureMap, gradient: FeatureMap, images: Range<Int>, to sums: inout [Float], isa: InstructionSet
    ) {
        precondition(sums.count == sumCount, "as many sums as `emptySums` has")
        precondition(input.layout.halo >= inputHalo, "the input's halo is as wide as the padding")
        let output = outputSize
        let blocks = (outputs + MapLayout.lanes - 1) / MapLayout.lanes
        let perBlock = (isDepthwise ? MapLayout.lanes : inputs * MapLayout.lanes) * taps
        let outputBlocks = (0..<blocks).map {
            NKOutputBlock(firstInput: 0, endInput: Int32(inputs), weights: $0 * perBlock)
        }
        let (from, to) = (input.layout, gradient.layout)
        let rowStride = from.offset(image: 0, block: 0, y: 1, x: 0) - from.offset(image: 0, block: 0, y: 0, x: 0)
        let padding = window.padding
        input.withFloats(of: images) { source in
            gradient.withFloats(of: images) { gradients in
                outputBlocks.withUnsafeBufferPointer { outputBlocks in
                    sums.withUnsafeMutableBufferPointer { sums in
                        guard let x = source.baseAddress, let g = gradients.baseAddress else { return }
                        let corner = from.offset(image: 0, block: 0, y: -padding.top, x: -padding.left)
                        let reads = NKInput(
                            origin: x + corner, codes: nil, imageStride: from.imageStride,
                            blockStride: from.offset(image: 0, block: 1, y: 0, x: 0)
                                - from.offset(image: 0, block: 0, y: 0, x: 0),
                            outputRowStep: window.strides.height * rowStride,
                            outputPixelStep: window.strides.width * MapLayout.lanes, kernelRowStep: rowStride,
                            kernelColumnStep: MapLayout.lanes, rows: NKAxis(), columns: NKAxis())
                        var map = NKMap()
                        map.origin = g + to.offset(image: 0, block: 0, y: 0, x: 0)
                        map.imageStride = to.imageStride
                        map.blockStride =
                            to.offset(image: 0, block: 1, y: 0, x: 0) - to.offset(image: 0, block: 0, y: 0, x: 0)
                        map.rowStride =
                            to.offset(image: 0, block: 0, y: 1, x: 0) - to.offset(image: 0, block: 0, y: 0, x: 0)
                        map.pixelStride = MapLayout.lanes
                        var convolution = NKConvolution()
                        convolution.depthwise = isDepthwise
                        convolution.kernelHeight = Int32(window.kernel.height)
                        convolution.kernelWidth = Int32(window.kernel.width)
                        convolution.blocks = outputBlocks.baseAddress
                        let tile = NKTile(
                            firstImage: 0, endImage: Int32(images.count), firstBlock: 0, endBlock: Int32(blocks),
                            firstRow: 0, endRow: Int32(output.height), pixels: Int32(output.width))
                        nk_weight_gradient(isa.level, &convolution, reads, map, tile, sums.baseAddress)
                    }
                }
            }
        }
    }

    private var sumCount: Int {
        let blocks = (outputs + MapLayout.lanes - 1) / MapLayout.lanes
        return blocks * MapLayout.lanes * (isDepthwise ? 1 : inputs) * taps
    }

    /// Sums of no images.
    public var emptySums: [Float] { [Float](repeating: 0, count: sumCount) }

    /// ∂L/∂w in the order of weights, from sums.
    public func weightGradient(from sums: [Float]) -> [Float] {
        precondition(sums.count == sumCount, "as many sums as `emptySums` has")
        let lanes = MapLayout.lanes
        let perOutput = isDepthwise ? 1 : inputs
        var result = [Float](repeating: 0, count: weightCount)
        for output in 0..<outputs {
            let start = output / lanes * lanes * perOutput * taps + output % lanes
            for input in 0..<perOutput {
                let first = input / lanes * lanes
                let together = min(lanes, perOutput - first)
                for tap in 0..<taps {
                    result[(output * perOutput + input) * taps + tap] =
                        sums[start + (first * taps + tap * together + input - first) * lanes]
                }
            }
        }
        return result
    }
}

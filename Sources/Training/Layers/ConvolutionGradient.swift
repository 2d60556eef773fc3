internal import CKernels
public import Engine
public import Net

/// A convolution that is trained: what it computes, and its gradients with respect to input and weights.
///
///     z[o, y, x] = Σ w[o, i, k, l] x[i, y s + k − top, x s + l − left]
///     ∂L/∂w[o, i, k, l] = Σ over images, y, x of x[i, y s + k − top, x s + l − left] ∂L/∂z[o, y, x]
///     ∂L/∂x = ∂L/∂z, its pixels s apart, convolved with the weights turned by 180°, inputs and outputs exchanged: for
///             each place between strides a convolution of ∂L/∂z with the weights that fall on pixels
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
    public var gradientHalo: Int { phases.map(\.halo).max() ?? 0 }

    /// The number of weights, [outputs][inputs or 1][kernel height][kernel width].
    public var weightCount: Int { outputs * (isDepthwise ? 1 : inputs) * taps }

    private var taps: Int { window.kernel.height * window.kernel.width }
    /// The parts of the input's gradient, one for each place of a pixel between strides.
    var phases: [GradientPhase] {
        let (kernel, strides, padding, output) = (window.kernel, window.strides, window.padding, outputSize)
        let rows = (0..<strides.height).map {
            GradientPhase.Axis(
                start: $0, stride: strides.height, kernel: kernel.height, padding: padding.top, size: size.height,
                outputs: output.height)
        }
        let columns = (0..<strides.width).map {
            GradientPhase.Axis(
                start: $0, stride: strides.width, kernel: kernel.width, padding: padding.left, size: size.width,
                outputs: output.width)
        }
        return rows.flatMap { row in columns.map { GradientPhase(rows: row, columns: $0) } }
            .filter { $0.rows.count > 0 && $0.columns.count > 0 }
    }

    /// The convolution with weights, for runs forward.
    public func forward(_ weights: [Float]) -> PreparedConvolution {
        PreparedConvolution(
            weights: weights, outputChannels: outputs, inputChannels: inputs, groups: isDepthwise ? inputs : 1,
            window: window)
    }

    /// The convolution with weights that gives its sums, for runs forward at a level.
    public func sums(_ weights: [Float], _ isa: InstructionSet) -> SumConvolution {
        SumConvolution(
            weights: weights, outputChannels: outputs, inputChannels: inputs, groups: isDepthwise ? inputs : 1,
            window: window, width: outputSize.width, isa: isa)
    }

    /// The convolutions of gradients with the same weights, for runs backward: one for each phase that any weight reaches.
    public func backward(_ weights: [Float], _ isa: InstructionSet) -> BackwardConvolution {
        precondition(weights.count == weightCount, "one weight for each position")
        return BackwardConvolution(
            phases: phases.map { phase in
                (
                    phase,
                    phase.window.map { window in
                        SumConvolution(
                            weights: turned(weights, phase), outputChannels: inputs, inputChannels: outputs,
                            groups: isDepthwise ? inputs : 1, window: window, width: phase.columns.count, isa: isa)
                    }
                )
            }, channels: inputs, isDivided: window.strides != Window.Pair(1, 1))
    }

    /// The weights of a phase, turned by 180°, inputs and outputs exchanged.
    private func turned(_ weights: [Float], _ phase: GradientPhase) -> [Float] {
        let kernel = window.kernel
        let (height, width) = (phase.rows.taps.count, phase.columns.taps.count)
        let perOutput = isDepthwise ? 1 : inputs
        var turned = [Float](repeating: 0, count: outputs * perOutput * height * width)
        for output in 0..<outputs {
            for input in 0..<perOutput {
                let from = (output * perOutput + input) * taps
                let to = (isDepthwise ? output : input * outputs + output) * height * width
                for (row, k) in phase.rows.taps.enumerated() where k < kernel.height {
                    for (column, l) in phase.columns.taps.enumerated() where l < kernel.width {
                        turned[to + (height - 1 - row) * width + width - 1 - column] =
                            weights[from + k * kernel.width + l]
                    }
                }
            }
        }
        return turned
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
                            kernelColumnStep: MapLayout.lanes,
                            rows: NKAxis(
                                stride: Int32(window.strides.height), dilation: 1, before: Int32(padding.top),
                                extent: Int32(size.height)),
                            columns: NKAxis(
                                stride: Int32(window.strides.width), dilation: 1, before: Int32(padding.left),
                                extent: Int32(size.width)))
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

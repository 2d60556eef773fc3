internal import Net

/// A matrix product with its weights in kernel order: out[n, o] = sum over i of weights[o, i] in[n, i].
///
/// The input may be a 1x1 map, or a map whose flattened (channel, y, x) order is the input axis: a linear layer after
/// a flattening is a convolution whose kernel is the whole map. Images of a batch share each weight read.
public struct PreparedLinear: Sendable {
    /// The same product as a convolution with a 1x1 result.
    public let convolution: PreparedConvolution

    /// Prepares weights given as [outputs][channels * height * width] for inputs of `channels` x `height` x `width`.
    public init(weights: [Float], outputs: Int, channels: Int, height: Int = 1, width: Int = 1) {
        convolution = PreparedConvolution(
            weights: weights, outputChannels: outputs, inputChannels: channels,
            window: Window(kernel: Window.Pair(height, width)))
    }

    /// Multiplies `images` of the input and stores the epilogue's results in 1x1 maps; see `PreparedConvolution.run`.
    ///
    /// - Throws: `Cancelled` if `cancelled` returned true; the maps are then incomplete.
    public func run(
        input: FeatureMap, images: Range<Int>, epilogue: Epilogue, maps: EpilogueMaps, isa: InstructionSet,
        scratch: Scratch, cancelled: () -> Bool = { false }
    ) throws(Cancelled) {
        try convolution.run(
            input: input, images: images, epilogue: epilogue, maps: maps, isa: isa, scratch: scratch,
            cancelled: cancelled)
    }
}

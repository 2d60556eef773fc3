internal import CKernels
public import Engine
public import Net

/// A convolution of floats that gives its sums, or adds them to another map: forward before a normalization, and backward.
///
/// Dense 3x3 convolutions with stride 1 take two thirds of the products by minimal filtering (`nk_filter_rows`), where the level has it.
/// Their sums differ in last bits from those of `PreparedConvolution`, with which trained nets run.
public struct SumConvolution: Sendable {
    private let form: Form
    private let inputChannels: Int
    private let outputChannels: Int

    private enum Form: Sendable {
        case prepared(PreparedConvolution, Epilogue)
        case filtered(AlignedArray<Float>)
    }

    /// Prepares weights [outputChannels][inputChannels / groups][kernel height][kernel width] for results of `width` columns at a level.
    public init(
        weights: [Float], outputChannels: Int, inputChannels: Int, groups: Int, window: Window, width: Int,
        isa: InstructionSet
    ) {
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        let isPlain =
            window.kernel == Window.Pair(3, 3) && window.strides == Window.Pair(1, 1)
            && window.dilations == Window.Pair(1, 1)
            && window.padding == Window.Padding(top: 1, left: 1, bottom: 1, right: 1)
        // Of few channels or odd rows too many products are wasted.
        if groups == 1, isPlain, width % 2 == 0, min(inputChannels, outputChannels) >= 8, nk_filters_rows(isa.level)
        {
            form = .filtered(Self.filter(weights, outputs: outputChannels, inputs: inputChannels))
        } else {
            form = .prepared(
                PreparedConvolution(
                    weights: weights, outputChannels: outputChannels, inputChannels: inputChannels, groups: groups,
                    window: window), Epilogue(channels: outputChannels))
        }
    }

    /// The sums of images in `result`, added to `addend`, another map or the result itself.
    ///
    /// Not in parallel with the same scratch memory.
    public func run(
        _ input: FeatureMap, into result: FeatureMap, adding addend: FeatureMap? = nil, images: Range<Int>,
        isa: InstructionSet, scratch: Scratch
    ) {
        switch form {
        case .prepared(let convolution, let epilogue):
            do {
                try convolution.run(
                    input: input, images: images, epilogue: epilogue,
                    maps: EpilogueMaps(outputs: [result], addend: addend), isa: isa, scratch: scratch)
            } catch {
                preconditionFailure("nothing cancels it")
            }
        case .filtered(let weights):
            let layout = result.layout
            precondition(
                input.layout.channels == inputChannels && layout.channels == outputChannels
                    && (input.layout.height, input.layout.width) == (layout.height, layout.width)
                    && input.layout.halo >= 1, "maps of the layer's sizes")
            for map in [input, result, addend ?? result] {
                precondition(map.capacity >= images.upperBound, "images outside a map")
            }
            let pairs = (layout.height + 2) * ((layout.width + 1) / 2)
            scratch.withFloats(count: input.layout.blocks * pairs * 4 * MapLayout.lanes) { room in
                weights.withElements { weights in
                    nk_filter_rows(
                        isa.level, weights, Int32(inputChannels), Int32(outputChannels),
                        input.view(image: images.lowerBound, block: 0),
                        result.view(image: images.lowerBound, block: 0),
                        addend?.view(image: images.lowerBound, block: 0) ?? NKMap(), Int32(images.count),
                        Int32(layout.height), Int32(layout.width), room)
                }
            }
        }
    }

    /// The weights of minimal filtering, [output block][input][kernel row][4][16], inputs and rows in the order block, row, lane.
    private static func filter(_ weights: [Float], outputs: Int, inputs: Int) -> AlignedArray<Float> {
        let lanes = MapLayout.lanes
        let perBlock = inputs * 12 * lanes
        return AlignedArray(count: (outputs + lanes - 1) / lanes * perBlock) { filtered in
            weights.withUnsafeBufferPointer { weights in
                for output in 0..<outputs {
                    for input in 0..<inputs {
                        let first = input / lanes * lanes
                        let together = min(lanes, inputs - first)
                        for row in 0..<3 {
                            let from = ((output * inputs + input) * 3 + row) * 3
                            let (left, middle, right) = (weights[from], weights[from + 1], weights[from + 2])
                            let place = first * 3 + row * together + input - first
                            let to = output / lanes * perBlock + place * 4 * lanes + output % lanes
                            filtered[to] = left
                            filtered[to + lanes] = (left + right + middle) / 2
                            filtered[to + 2 * lanes] = (left + right - middle) / 2
                            filtered[to + 3 * lanes] = right
                        }
                    }
                }
            }
        }
    }
}

internal import CKernels

/// Weights in the order the kernels read them, with the channels each block of outputs needs.
///
/// A block of 16 output channels reads one range of input channels: all of them, those of its group, or, when groups
/// do not fill blocks, the union of its outputs' groups with zero weights between them (a block-diagonal matrix).
/// Those zeros meet inputs of other groups: a NaN or infinity there spreads to the whole block.
/// Depthwise layers (one input and one output channel per group) have a kernel of their own.
struct PackedWeights: Sendable {
    let floats: AlignedArray<Float>
    let blocks: [NKOutputBlock]
    let depthwise: Bool

    /// Packs `weight(output channel, input channel in group, tap)` values given as [O][I / groups][taps].
    init(_ weights: [Float], outputChannels: Int, inputChannels: Int, groups: Int, taps: Int) {
        let lanes = MapLayout.lanes
        let inputsPerGroup = inputChannels / groups
        let outputsPerGroup = outputChannels / groups
        let blockCount = (outputChannels + lanes - 1) / lanes
        let isDepthwise = Self.isDepthwise(
            outputChannels: outputChannels, inputChannels: inputChannels, groups: groups)

        var blocks: [NKOutputBlock] = []
        var length = 0
        for block in 0..<blockCount {
            let lastOutput = min((block + 1) * lanes, outputChannels) - 1
            let first = block * lanes / outputsPerGroup * inputsPerGroup
            let end = (lastOutput / outputsPerGroup + 1) * inputsPerGroup
            blocks.append(NKOutputBlock(firstInput: Int32(first), endInput: Int32(end), weights: length * lanes))
            length += isDepthwise ? taps : (end - first) * taps
        }
        floats = AlignedArray(count: length * lanes) { packed in
            weights.withUnsafeBufferPointer { source in
                for output in 0..<outputChannels {
                    let block = blocks[output / lanes]
                    let row = source[output * inputsPerGroup * taps..<(output + 1) * inputsPerGroup * taps]
                    let first = isDepthwise ? 0 : Int(block.firstInput)
                    let end = isDepthwise ? 1 : Int(block.endInput)
                    let firstOfGroup = isDepthwise ? 0 : output / outputsPerGroup * inputsPerGroup
                    Self.pack(
                        UnsafeBufferPointer(rebasing: row), firstInput: firstOfGroup, range: first..<end,
                        taps: taps,
                        into: UnsafeMutableBufferPointer(rebasing: packed[(block.weights + output % lanes)...]))
                }
            }
        }
        self.blocks = blocks
        depthwise = isDepthwise
    }

    /// Whether every output reads one input of its own.
    static func isDepthwise(outputChannels: Int, inputChannels: Int, groups: Int) -> Bool {
        groups > 1 && inputChannels == groups && outputChannels == groups
    }

    /// Packs one output's weights [input][tap] as [input block of range][tap][input lane][16].
    private static func pack(
        _ source: UnsafeBufferPointer<Float>, firstInput: Int, range: Range<Int>, taps: Int,
        into destination: UnsafeMutableBufferPointer<Float>
    ) {
        let lanes = MapLayout.lanes
        let inputs = source.count / taps
        for index in 0..<inputs {
            let input = firstInput + index
            let blockFirst = max(range.lowerBound, input / lanes * lanes)
            let blockEnd = min(range.upperBound, (input / lanes + 1) * lanes)
            let blockLanes = blockEnd - blockFirst
            let start = (blockFirst - range.lowerBound) * taps + input - blockFirst
            for tap in 0..<taps {
                destination[(start + tap * blockLanes) * lanes] = source[index * taps + tap]
            }
        }
    }
}

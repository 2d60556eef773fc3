internal import CKernels
internal import Net

/// Codes of weights in the order the integer kernels of one level read them; see NKWeightLayout.
///
/// The kernels multiply -128...127. An output whose codes less zero point reach beyond that is held as codes less 128, which
/// its window sums put right. A depthwise layer's weights are held in two parts then; where the level multiplies pairs,
/// depthwise layers multiply floats, which hold all these sums exactly.
struct PackedCodes: Sendable {
    private enum Storage: Sendable {
        case bytes(AlignedArray<Int8>)
        case floats(AlignedArray<Float>)
    }

    let blocks: [NKOutputBlock]
    let isDepthwise: Bool
    private let storage: Storage
    private let weightSums: AlignedArray<Int32>
    private let windowShift: AlignedArray<Int32>?
    /// How many steps' products 16 bits hold, where the level multiplies bytes only so far; 0 where it multiplies pairs, or
    /// bytes without a limit.
    let narrowSteps: Int
    /// Numbers of 8 bits that each weight of a depthwise layer is the sum of.
    let parts: Int
    /// The largest code that they multiply.
    let largestInput: Int
    /// Whether they are multiplied as bytes, without a limit.
    let isBytes: Bool
    /// How the rows of a 3x3 layer share products; `nil` where each is multiplied on its own.
    let filter: MinimalFilter?
    /// What the filter's weights add up to, [block][position][kernel column][16].
    private let filterSums: AlignedArray<Int32>

    /// The most products of one sum: 255 × 128 times as many stays below 2^31, and a window sum below 2^24.
    static let maximumTerms = 65_000

    /// Whether window sums have to put the sums right.
    var isShifted: Bool { windowShift != nil }

    /// Whether the kernel sums the windows itself.
    var sumsWindows: Bool {
        if case .bytes = storage { isDepthwise } else { false }
    }

    /// Packs codes given as [O][I / groups][taps], which stand for code less the zero point of their output, to multiply
    /// codes of at most `largestInput`, for results of `outputRows` rows.
    init(
        _ codes: [UInt8], zeroPoints: [Int], outputChannels: Int, inputChannels: Int, groups: Int, window: Window,
        outputRows: Int, largestInput: Int, isa: InstructionSet
    ) {
        let lanes = MapLayout.lanes
        let taps = window.kernel.height * window.kernel.width
        self.largestInput = largestInput
        isBytes = nk_weight_layout(isa.level) == NKWeightBytes
        isDepthwise = PackedWeights.isDepthwise(
            outputChannels: outputChannels, inputChannels: inputChannels, groups: groups)
        if isDepthwise, isBytes {
            let weights = codes.enumerated().map { Int($1) - zeroPoints[$0 / taps] }
            let order = DepthwiseOrder(
                kernelWidth: window.kernel.width, kernelHeight: window.kernel.height, weights: weights)
            blocks = (0..<(outputChannels + lanes - 1) / lanes).map {
                NKOutputBlock(firstInput: 0, endInput: 0, weights: $0 * order.blockBytes)
            }
            storage = .bytes(
                AlignedArray(count: blocks.count * order.blockBytes) { packed in
                    for output in 0..<outputChannels { order.pack(weights, output, into: packed) }
                })
            parts = order.parts
            narrowSteps = 0
            windowShift = nil
            (filter, filterSums) = (nil, AlignedArray(count: 0) { _ in })
            weightSums = Self.perOutput(outputChannels) { output in
                Int32(weights[output * taps..<(output + 1) * taps].reduce(0, +))
            }
            return
        }
        parts = 1
        if isDepthwise {
            let weights = codes.enumerated().map { Float(Int($1) - zeroPoints[$0 / taps]) }
            let packed = PackedWeights(
                weights, outputChannels: outputChannels, inputChannels: inputChannels, groups: groups,
                taps: taps)
            blocks = packed.blocks
            storage = .floats(packed.floats)
            narrowSteps = 0
            windowShift = nil
            (filter, filterSums) = (nil, AlignedArray(count: 0) { _ in })
            weightSums = Self.perOutput(outputChannels) { output in
                Int32(weights[output * taps..<(output + 1) * taps].reduce(0, +))
            }
            return
        }
        let inputsPerGroup = inputChannels / groups
        let outputsPerGroup = outputChannels / groups
        let inputs = inputsPerGroup * taps
        let rows = codes.withUnsafeBufferPointer { codes in
            (0..<outputChannels).map { output in
                CodeRow(
                    UnsafeBufferPointer(rebasing: codes[output * inputs..<(output + 1) * inputs]),
                    zeroPoints[output])
            }
        }
        let largest = rows.map(\.largest).max() ?? 0
        narrowSteps = Self.narrowSteps(largestInput: largestInput, largestWeight: largest, isa)
        let centres = rows.map(\.centre)
        windowShift =
            centres == zeroPoints ? nil : Self.perOutput(outputChannels) { Int32(centres[$0] - zeroPoints[$0]) }
        weightSums = Self.perOutput(outputChannels) { rows[$0].sum }
        if groups == 1, windowShift == nil, isBytes,
            let filter = MinimalFilter(
                window, inputChannels: inputChannels, outputRows: outputRows, largestInput: largestInput,
                largestWeight: largest)
        {
            let packed = filter.pack(
                codes, zeroPoints: zeroPoints, outputChannels: outputChannels, inputChannels: inputChannels)
            (self.filter, storage, filterSums) = (filter, .bytes(packed.weights), packed.sums)
            blocks = (0..<(outputChannels + lanes - 1) / lanes).map {
                NKOutputBlock(
                    firstInput: 0, endInput: Int32((inputChannels + 3) / 4 * 4),
                    weights: $0 * filter.blockBytes(inputChannels: inputChannels))
            }
            return
        }
        (filter, filterSums) = (nil, AlignedArray(count: 0) { _ in })
        let order = CodeOrder(layout: narrowSteps > 0 ? NKWeightBytes : nk_weight_layout(isa.level))
        var blocks: [NKOutputBlock] = []
        var length = 0
        for firstOutput in stride(from: 0, to: outputChannels, by: lanes) {
            let lastOutput = min(firstOutput + lanes, outputChannels) - 1
            let first = firstOutput / outputsPerGroup * inputsPerGroup / 4 * 4
            let end = ((lastOutput / outputsPerGroup + 1) * inputsPerGroup + 3) / 4 * 4
            blocks.append(NKOutputBlock(firstInput: Int32(first), endInput: Int32(end), weights: length))
            length += (end - first) / 4 * taps * order.stepBytes
        }
        storage = .bytes(
            AlignedArray(count: length) { packed in
                codes.withUnsafeBufferPointer { codes in
                    for output in 0..<outputChannels {
                        let block = blocks[output / lanes]
                        order.pack(
                            UnsafeBufferPointer(rebasing: codes[output * inputs..<(output + 1) * inputs]),
                            taps: taps,
                            centre: centres[output], firstInput: output / outputsPerGroup * inputsPerGroup,
                            range: Int(block.firstInput)..<Int(block.endInput),
                            into: UnsafeMutableBufferPointer(rebasing: packed[block.weights...]),
                            lane: output % lanes)
                    }
                }
            })
        self.blocks = blocks
    }

    /// How many sums of two products 16 bits hold, if that is enough to gain by it.
    private static func narrowSteps(largestInput: Int, largestWeight: Int, _ isa: InstructionSet) -> Int {
        guard nk_multiplies_narrow(isa.level) else { return 0 }
        let steps = Int(Int16.max) / max(1, 2 * largestInput * largestWeight)
        return steps < 4 ? 0 : steps
    }

    /// [block][16] of what `value` says of each output.
    private static func perOutput(_ outputs: Int, _ value: (Int) -> Int32) -> AlignedArray<Int32> {
        let lanes = MapLayout.lanes
        return AlignedArray(count: (outputs + lanes - 1) / lanes * lanes) { memory in
            for output in 0..<outputs { memory[output] = value(output) }
        }
    }

    /// Calls `body` with the sums of the filter's weights.
    func withFilterSums<Result, Failure>(
        _ body: (UnsafePointer<Int32>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try filterSums.withElements(body)
    }

    /// Calls `body` with the weights, the sum of each output's weights, and the shifts if there are any.
    func withElements<Result, Failure>(
        _ body: (UnsafeRawPointer, UnsafePointer<Int32>, UnsafePointer<Int32>?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try weightSums.withElements { (sums) throws(Failure) -> Result in
            switch storage {
            case .floats(let floats):
                return try floats.withElements { (floats) throws(Failure) -> Result in
                    try body(UnsafeRawPointer(floats), sums, nil)
                }
            case .bytes(let bytes):
                return try bytes.withElements { (bytes) throws(Failure) -> Result in
                    guard let windowShift else { return try body(UnsafeRawPointer(bytes), sums, nil) }
                    return try windowShift.withElements { (shift) throws(Failure) -> Result in
                        try body(UnsafeRawPointer(bytes), sums, shift)
                    }
                }
            }
        }
    }
}

/// Where the weights of a depthwise layer go: [block][row][group of four columns][part][16][4 columns].
private struct DepthwiseOrder {
    let kernelWidth: Int
    let kernelHeight: Int
    let parts: Int

    init(kernelWidth: Int, kernelHeight: Int, weights: [Int]) {
        self.kernelWidth = kernelWidth
        self.kernelHeight = kernelHeight
        let (low, high) = (weights.min() ?? 0, weights.max() ?? 0)
        parts = max((high + 126) / 127, (127 - low) / 128, 1)
    }

    private var groups: Int { (kernelWidth + 3) / 4 }

    var blockBytes: Int { kernelHeight * groups * parts * 64 }

    func pack(_ weights: [Int], _ output: Int, into packed: UnsafeMutableBufferPointer<Int8>) {
        let lanes = MapLayout.lanes
        for row in 0..<kernelHeight {
            for column in 0..<kernelWidth {
                let weight = weights[(output * kernelHeight + row) * kernelWidth + column]
                let step = (row * groups + column / 4) * parts * 64 + output % lanes * 4 + column % 4
                let start = output / lanes * blockBytes + step
                var left = weight
                for part in 0..<parts {
                    let own = max(-128, min(127, left))
                    packed[start + part * 64] = Int8(own)
                    left -= own
                }
            }
        }
    }
}

/// What one output's codes of weights tell of themselves.
private struct CodeRow {
    /// What is taken from the codes: the zero point if that leaves numbers of 8 bits, else 128.
    let centre: Int
    /// The largest magnitude of what is left.
    let largest: Int
    /// The sum of what is left.
    let sum: Int32

    init(_ codes: UnsafeBufferPointer<UInt8>, _ zeroPoint: Int) {
        var (low, high, total) = (UInt8.max, UInt8.min, UInt32(0))
        for code in codes {
            low = min(low, code)
            high = max(high, code)
            total &+= UInt32(code)
        }
        centre = zeroPoint <= 128 && Int(high) - zeroPoint <= 127 ? zeroPoint : 128
        largest = codes.isEmpty ? 0 : max(abs(Int(high) - centre), abs(Int(low) - centre))
        sum = Int32(Int(total) - centre * codes.count)
    }
}

/// Where the weight of one output and input goes.
private struct CodeOrder {
    let layout: NKWeightLayout

    /// Bytes of the weights of sixteen outputs for four input channels.
    var stepBytes: Int { layout == NKWeightBytes ? 64 : 128 }

    /// Packs one output's codes [input][tap], whose inputs start at `firstInput`, as lane `lane` of a block that reads
    /// the channels `range`: [input block of range][tap][group of four].
    func pack(
        _ codes: UnsafeBufferPointer<UInt8>, taps: Int, centre: Int, firstInput: Int, range: Range<Int>,
        into packed: UnsafeMutableBufferPointer<Int8>, lane: Int
    ) {
        let lanes = MapLayout.lanes
        let end = firstInput + codes.count / taps
        var input = firstInput
        while input < end {
            // Inputs of one block: taps are as far apart as the block has groups of four.
            let blockFirst = max(range.lowerBound, input / lanes * lanes)
            let blockEnd = min(range.upperBound, (input / lanes + 1) * lanes)
            let tapStep = (blockEnd - blockFirst) / 4 * stepBytes
            let start = (blockFirst - range.lowerBound) / 4 * taps * stepBytes
            for channel in input..<min(end, blockEnd) {
                let place = channel - blockFirst
                var position = start + place / 4 * stepBytes + 4 * lane
                var read = (channel - firstInput) * taps
                if layout == NKWeightBytes {
                    position += place % 4
                    for _ in 0..<taps {
                        packed[position] = Int8(truncatingIfNeeded: Int(codes[read]) - centre)
                        position += tapStep
                        read += 1
                    }
                } else {
                    // Even channels, then odd ones, as numbers of 16 bits in the order of the processor.
                    position += place % 2 * 64 + place % 4 / 2 * 2
                    for _ in 0..<taps {
                        withUnsafeBytes(of: Int16(truncatingIfNeeded: Int(codes[read]) - centre)) { bytes in
                            packed[position] = Int8(bitPattern: bytes[0])
                            packed[position + 1] = Int8(bitPattern: bytes[1])
                        }
                        position += tapStep
                        read += 1
                    }
                }
            }
            input = blockEnd
        }
    }
}

internal import CKernels
internal import Net

/// Weights in the order of the kernels: real ones for maps of floats, or codes for maps of codes.
enum KernelWeights: Sendable {
    case floats(PackedWeights)
    case codes(PackedCodes)

    /// What the kernels are called with.
    enum KernelForm {
        case floats(NKConvolution)
        case codes(NKCodeConvolution)
    }

    var blocks: [NKOutputBlock] {
        switch self {
        case .floats(let weights): weights.blocks
        case .codes(let weights): weights.blocks
        }
    }

    /// Whether the sums are wrong without those over windows.
    var needWindowSums: Bool {
        if case .codes(let weights) = self { weights.isShifted } else { false }
    }

    /// Whether the kernel sums windows itself, if an epilogue uses them.
    var sumsWindows: Bool {
        if case .codes(let weights) = self { weights.sumsWindows } else { false }
    }

    /// Output rows that are computed at a time.
    var rowsTogether: Int {
        if case .codes(let weights) = self { weights.filter?.rawValue ?? 1 } else { 1 }
    }

    /// Multiply-adds between two questions whether to go on: 0.4 ms with AVX-512, 4 ms at the baseline.
    ///
    /// Codes take a quarter of the time where their products are bytes, and weights are read again for every tile.
    var workPerTile: Int {
        if case .codes(let weights) = self, weights.isBytes { 80_000_000 } else { 20_000_000 }
    }

    var isDepthwise: Bool {
        switch self {
        case .floats(let weights): weights.depthwise
        case .codes(let weights): weights.isDepthwise
        }
    }

    /// Calls `body` with the weights as the kernels see them, to convolve `source`.
    func withKernelForm<Result, Failure>(
        _ window: Window, _ blocks: UnsafeBufferPointer<NKOutputBlock>, _ source: StoredMap,
        summingWindows: Bool,
        _ body: (KernelForm) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let (height, width) = (Int32(window.kernel.height), Int32(window.kernel.width))
        switch (self, source) {
        case (.floats(let weights), .floats):
            return try weights.floats.withElements { (floats) throws(Failure) -> Result in
                try body(
                    .floats(
                        NKConvolution(
                            depthwise: weights.depthwise, kernelHeight: height, kernelWidth: width, weights: floats,
                            blocks: blocks.baseAddress, blockCount: Int32(blocks.count))))
            }
        case (.codes(let weights), .codes(let map, _)):
            return try weights.withElements { (memory, sums, shift) throws(Failure) -> Result in
                try weights.withFilterSums { (filterSums) throws(Failure) -> Result in
                    try body(
                        .codes(
                            NKCodeConvolution(
                                depthwise: weights.isDepthwise, parts: Int32(weights.parts),
                                sumsWindows: summingWindows && weights.sumsWindows,
                                narrowSteps: Int32(clamping: weights.narrowSteps),
                                filteredRows: Int32(weights.filter?.rawValue ?? 0),
                                largestInput: Int32(weights.largestInput), filterSums: filterSums,
                                kernelHeight: height, kernelWidth: width, weights: memory,
                                blocks: blocks.baseAddress, blockCount: Int32(blocks.count),
                                zeroPoint: Int32(map.zeroPoint),
                                weightSums: sums, windowShift: shift)))
                }
            }
        default: preconditionFailure("weights for another kind of input")
        }
    }
}

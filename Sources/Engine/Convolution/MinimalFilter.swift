internal import Net

/// Winograd's minimal filtering along the columns of a 3x3 layer of stride 1: groups of output rows share their products.
///
/// Transformed weights of one kernel column, the positions, are sums of its three rows times small factors. Products with
/// transformed codes give the sums of the whole group, exactly, as long as both are bytes; levels/filtered_codes.h multiplies them.
enum MinimalFilter: Int, Sendable {
    /// F(2, 3): four products for two rows instead of six. Codes to 127, weights to 42.
    case twoRows = 2
    /// F(4, 3): six products for four rows instead of twelve. Codes to 25, weights to 18.
    case fourRows = 4

    /// The most input channels: with more, transformed rows of a few pixels would not fit where the kernel keeps them.
    private static let maximumChannels = 1024

    /// The filter with the fewest products, if one has fewer than the rows by themselves and codes and weights of these
    /// magnitudes stay bytes.
    init?(_ window: Window, inputChannels: Int, outputRows: Int, largestInput: Int, largestWeight: Int) {
        let one = Window.Pair(1, 1)
        guard window.kernel == Window.Pair(3, 3), window.strides == one, window.dilations == one,
            inputChannels <= Self.maximumChannels
        else { return nil }
        // Kernel rows in the halo are left out by the direct form.
        let direct = 3 * outputRows - min(2, window.padding.top + window.padding.bottom)
        let fitting = [MinimalFilter.twoRows, .fourRows].filter {
            largestInput <= $0.largestInput && largestWeight <= $0.largestWeight
        }
        guard let best = fitting.min(by: { $0.products(outputRows) < $1.products(outputRows) }),
            best.products(outputRows) < direct
        else { return nil }
        self = best
    }

    /// Transformed rows of a group.
    var positions: Int { rawValue + 2 }

    /// The largest code whose transformed rows are bytes: their span is 2 or 10 times that.
    private var largestInput: Int { self == .twoRows ? 127 : 25 }

    /// The largest weight whose transformed weights are bytes: up to 3 or 7 times that.
    private var largestWeight: Int { self == .twoRows ? 42 : 18 }

    /// Products for a kernel column and a column of results.
    private func products(_ outputRows: Int) -> Int { (outputRows + rawValue - 1) / rawValue * positions }

    /// Bytes of the weights of sixteen outputs.
    func blockBytes(inputChannels: Int) -> Int { (inputChannels + 3) / 4 * positions * 3 * 64 }

    /// Transformed weights in kernel order, see NKCodeConvolution, and their sums.
    func pack(
        _ codes: [UInt8], zeroPoints: [Int], outputChannels: Int, inputChannels: Int
    ) -> (weights: AlignedArray<Int8>, sums: AlignedArray<Int32>) {
        let lanes = MapLayout.lanes
        let blocks = (outputChannels + lanes - 1) / lanes
        let blockBytes = blockBytes(inputChannels: inputChannels)
        let end = (inputChannels + 3) / 4 * 4
        let step = positions * 3 * lanes
        var sums: [Int32] = Array(repeating: 0, count: blocks * step)
        let weights = AlignedArray<Int8>(count: blocks * blockBytes) { packed in
            codes.withUnsafeBufferPointer { codes in
                for output in 0..<outputChannels {
                    let zero = Int32(zeroPoints[output])
                    let (block, lane) = (output / lanes, output % lanes)
                    var total = (SIMD8<Int32>.zero, SIMD8<Int32>.zero, SIMD8<Int32>.zero)
                    for channel in 0..<inputChannels {
                        let first = channel / lanes * lanes
                        let positionStep = min(lanes, end - first) / 4 * 192
                        let read = (output * inputChannels + channel) * 9
                        let start =
                            block * blockBytes + first / 4 * positions * 192 + (channel - first) / 4 * 192
                            + 4 * lane + channel % 4
                        func packColumn(_ column: Int) -> SIMD8<Int32> {
                            let transformed = transform(
                                Int32(codes[read + column]) - zero, Int32(codes[read + 3 + column]) - zero,
                                Int32(codes[read + 6 + column]) - zero)
                            let bytes = SIMD8<Int8>(truncatingIfNeeded: transformed)
                            let place = start + column * 64
                            for position in 0..<4 { packed[place + position * positionStep] = bytes[position] }
                            if self == .fourRows {
                                for position in 4..<6 { packed[place + position * positionStep] = bytes[position] }
                            }
                            return transformed
                        }
                        total.0 &+= packColumn(0)
                        total.1 &+= packColumn(1)
                        total.2 &+= packColumn(2)
                    }
                    for position in 0..<positions {
                        let place = block * step + position * 3 * lanes + lane
                        sums[place] = total.0[position]
                        sums[place + lanes] = total.1[position]
                        sums[place + 2 * lanes] = total.2[position]
                    }
                }
            }
        }
        return (weights, AlignedArray(count: sums.count) { _ = $0.update(fromContentsOf: sums) })
    }

    /// The positions of one kernel column, from its three rows.
    @inline(__always)
    private func transform(_ top: Int32, _ middle: Int32, _ bottom: Int32) -> SIMD8<Int32> {
        switch self {
        case .twoRows:
            [top, top &+ middle &+ bottom, top &- middle &+ bottom, bottom, 0, 0, 0, 0]
        case .fourRows:
            [
                top, top &+ middle &+ bottom, top &- middle &+ bottom, top &+ 2 &* middle &+ 4 &* bottom,
                top &- 2 &* middle &+ 4 &* bottom, bottom, 0, 0,
            ]
        }
    }
}

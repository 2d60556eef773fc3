/// The weights' part of a layer's plan.
struct WeightPlanning {
    let result: LayerPlan.Weights
    let allocation: BitAllocation?
    let sqnr: Double?

    init(layer: Layer, settings: LayerSettings, policy: AllocationPolicy) {
        guard case .bits(let bits) = settings.weights else {
            result = .float
            allocation = nil
            sqnr = nil
            return
        }
        let channels = WeightChannels(layer, clipping: settings.weightClipping)
        var channelBits = [Int](repeating: bits, count: channels.count)
        let fixed = (0..<channels.count).map { settings.weightChannelBits[$0] }
        if settings.allocation.coversWeights, bits < 8 {
            var known = [Double?](repeating: nil, count: 9 * channels.count)
            let allocated = BitAllocation.allocate(
                measures: (0..<channels.count).map { channels.measure($0, policy.measure, bits: bits) }, goal: bits,
                policy: policy, fixed: fixed
            ) { channel, width in
                let error = known[9 * channel + width] ?? channels.error(channel, bits: width)
                known[9 * channel + width] = error
                return error
            }
            channelBits = allocated.bits
            allocation = allocated
        } else {
            for (channel, chosen) in settings.weightChannelBits where channelBits.indices.contains(channel) {
                channelBits[channel] = chosen
            }
            allocation = nil
        }
        let quantized = QuantizedWeights(
            layer.weights.values, outputChannels: channels.count, bits: channelBits,
            correction: bits < 8 ? settings.correction : .none,
            ranges: channelBits.enumerated().map { channels.range($0.offset, bits: $0.element) })
        result = .quantized(quantized)
        sqnr = decibels(signal: quantized.signalPower, noise: quantized.squaredError)
    }
}

/// The output channels of a layer's weights, and the range that each gets at a width.
private struct WeightChannels {
    /// Bins of a channel's histogram, which has hundreds of samples rather than millions.
    private static let bins = 512

    private let weights: [Float]
    private let length: Int
    private let clipping: ClippingMethod
    let count: Int

    init(_ layer: Layer, clipping: ClippingMethod) {
        weights = layer.weights.values
        length = layer.weightsPerChannel
        count = layer.outputChannels
        self.clipping = clipping
    }

    /// α of a channel: half the range that will be quantized, or σ.
    func measure(_ channel: Int, _ measure: AllocationMeasure, bits: Int) -> Double {
        switch measure {
        case .range:
            let range = range(channel, bits: max(1, bits))
            return (range.upperBound - range.lowerBound) / 2
        case .sigma: return error(channel, bits: 0).squareRoot()
        }
    }

    /// What is quantized: all values, or what the clipping method leaves of them.
    func range(_ channel: Int, bits: Int) -> ClosedRange<Double> {
        guard clipping != .minMax, bits > 0, length > 0 else {
            let (low, high) = values(channel).withUnsafeBufferPointer { $0.extremes }
            return Double(low)...Double(high)
        }
        let found = ClippingRange(for: observation(channel), bits: bits, method: clipping)
        return found.lo...found.hi
    }

    /// The mean squared error at a number of bits, uncorrected; at 0 bits the variance.
    func error(_ channel: Int, bits: Int) -> Double {
        let range = range(channel, bits: bits)
        return values(channel).withUnsafeBufferPointer { weights in
            guard bits > 0 else {
                let (sum, squares) = weights.reduce((0.0, 0.0)) {
                    ($0.0 + Double($1), $0.1 + Double($1) * Double($1))
                }
                let count = Double(max(1, length))
                return max(0, squares - sum * sum / count) / count
            }
            let quantizer = AffineQuantizer(bits: bits, lo: range.lowerBound, hi: range.upperBound)
            return quantizer.squaredError(of: weights) / Double(max(1, length))
        }
    }

    private func values(_ channel: Int) -> ArraySlice<Float> {
        weights[channel * length..<(channel + 1) * length]
    }

    private func observation(_ channel: Int) -> Observation {
        values(channel).withUnsafeBufferPointer { values in
            let moments = Moments(of: values)
            let statistics = Statistics(
                moments, meanAbsoluteDeviation: moments.meanAbsoluteDeviation(of: values))
            var histogram = Histogram(lo: statistics.minimum, hi: statistics.maximum, bins: Self.bins)
            histogram.add(values)
            return Observation(statistics: statistics, histogram: histogram)
        }
    }
}

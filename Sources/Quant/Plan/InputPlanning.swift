/// The activations' part of a layer's plan: the grid of the tensor it reads.
struct InputPlanning {
    let grid: ActivationGrid
    let ranges: [ClippingRange]
    let allocation: BitAllocation?
    let sqnr: Double?

    init(observation: TensorObservation, settings: LayerSettings, policy: AllocationPolicy) {
        guard case .bits(let bits) = settings.activations else {
            grid = .real
            ranges = []
            allocation = nil
            sqnr = nil
            return
        }
        let isPerChannel =
            (settings.granularity.isPerChannel || settings.allocation.coversActivations
                || !settings.activationChannelBits.isEmpty) && !observation.channels.isEmpty
        guard isPerChannel else {
            let whole = observation.tensor
            let range = ClippingRange(
                for: whole, bits: max(1, bits), method: settings.clipping, threshold: settings.threshold, error: nil
            )
            ranges = [range]
            allocation = nil
            grid = bits == 0 ? .channels([nil]) : .tensor(AffineQuantizer(bits: bits, lo: range.lo, hi: range.hi))
            sqnr = bits == 0 ? nil : decibels(signal: whole.histogram.power, noise: range.error)
            return
        }
        let channels = observation.channels
        // The ranges found so far: the allocation asks for some of those that the plan uses.
        var known = [ClippingRange?](repeating: nil, count: 9 * channels.count)
        var errors = [HistogramError?](repeating: nil, count: channels.count)
        func error(_ channel: Int) -> HistogramError {
            let error = errors[channel] ?? HistogramError(channels[channel].histogram)
            errors[channel] = error
            return error
        }
        func range(_ channel: Int, _ width: Int) -> ClippingRange {
            if let range = known[9 * channel + width] { return range }
            let found = ClippingRange(
                for: channels[channel], bits: width, method: settings.clipping, threshold: settings.threshold,
                error: error(channel))
            known[9 * channel + width] = found
            return found
        }
        var channelBits = [Int](repeating: bits, count: channels.count)
        if settings.allocation.coversActivations, bits < 8 {
            let allocated = BitAllocation.allocate(
                measures: channels.indices.map { channel in
                    switch policy.measure {
                    case .range:
                        range(channel, max(1, bits)).measure(zeroShare: channels[channel].statistics.zeroShare)
                    case .sigma: channels[channel].statistics.standardDeviation
                    }
                }, goal: bits, policy: policy, fixed: channels.indices.map { settings.activationChannelBits[$0] }
            ) { channel, width in
                width == 0 ? channels[channel].histogram.power : range(channel, width).error
            }
            channelBits = allocated.bits
            allocation = allocated
        } else {
            for (channel, chosen) in settings.activationChannelBits where channelBits.indices.contains(channel) {
                channelBits[channel] = chosen
            }
            allocation = nil
        }
        var quantizers: [AffineQuantizer?] = []
        var ranges: [ClippingRange] = []
        var noise = 0.0
        var signal = 0.0
        for (channel, width) in channelBits.enumerated() {
            let observed = channels[channel]
            signal += observed.histogram.power
            guard width > 0 else {
                quantizers.append(nil)
                ranges.append(range(channel, max(1, bits)))
                noise += observed.histogram.power
                continue
            }
            let range = range(channel, width)
            quantizers.append(AffineQuantizer(bits: width, lo: range.lo, hi: range.hi))
            ranges.append(range)
            if settings.granularity != .powerOfTwo { noise += range.error }
        }
        if settings.granularity == .powerOfTwo {
            let snapped = PowerOfTwoSteps(
                channelBits.enumerated().map { channel, width in
                    width == 0
                        ? nil
                        : PowerOfTwoSteps.Channel(bits: width, range: ranges[channel], error: error(channel))
                })
            grid = .shifted(common: snapped.common, snapped.channels)
            noise += snapped.error
        } else {
            grid = .channels(quantizers)
        }
        self.ranges = ranges
        sqnr = decibels(signal: signal, noise: noise)
    }
}

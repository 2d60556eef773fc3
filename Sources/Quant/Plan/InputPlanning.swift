/// The activations' part of a layer's plan: the grid of the tensor it reads.
struct InputPlanning {
    let grid: ActivationGrid
    let ranges: [ClippingRange]
    let allocation: BitAllocation?
    let sqnr: Double?

    init(observation: TensorObservation, settings: LayerSettings, budget: AllocationBudget, rule: AllocationRule) {
        guard case .bits(let bits) = settings.activations else {
            grid = .real
            ranges = []
            allocation = nil
            sqnr = nil
            return
        }
        let isPerChannel =
            (settings.granularity == .channel || settings.allocation.coversActivations
                || !settings.activationChannelBits.isEmpty) && !observation.channels.isEmpty
        guard isPerChannel else {
            let whole = observation.tensor
            let range = InputPlanning.range(of: whole, bits: max(1, bits), settings)
            ranges = [range]
            allocation = nil
            grid = bits == 0 ? .channels([nil]) : .tensor(AffineQuantizer(bits: bits, lo: range.lo, hi: range.hi))
            sqnr = bits == 0 ? nil : decibels(signal: whole.histogram.power, noise: range.error)
            return
        }
        let channels = observation.channels
        let base = channels.map { InputPlanning.range(of: $0, bits: max(1, bits), settings) }
        var channelBits = [Int](repeating: bits, count: channels.count)
        if settings.allocation.coversActivations, bits < 8 {
            let allocated = BitAllocation.allocate(
                halfRanges: base.map(\.threshold),
                errors: channels.map { InputPlanning.errors(of: $0, settings) }, goal: bits, rule: rule,
                budget: budget, fixed: channels.indices.map { settings.activationChannelBits[$0] })
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
                ranges.append(base[channel])
                noise += observed.histogram.power
                continue
            }
            let range =
                width == bits ? base[channel] : InputPlanning.range(of: observed, bits: width, settings)
            quantizers.append(AffineQuantizer(bits: width, lo: range.lo, hi: range.hi))
            ranges.append(range)
            noise += range.error
        }
        grid = .channels(quantizers)
        self.ranges = ranges
        sqnr = decibels(signal: signal, noise: noise)
    }

    private static func range(of observed: Observation, bits: Int, _ settings: LayerSettings) -> ClippingRange {
        if let threshold = settings.threshold {
            ClippingRange(for: observed, bits: bits, threshold: threshold)
        } else {
            ClippingRange(for: observed, bits: bits, method: settings.clipping)
        }
    }

    /// The measured error of a channel at 0...8 bits.
    private static func errors(of observed: Observation, _ settings: LayerSettings) -> [Double] {
        [observed.histogram.power] + (1...8).map { range(of: observed, bits: $0, settings).error }
    }
}

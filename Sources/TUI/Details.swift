import Net
import Quant
import Workbench

/// What the panes show of the selected layer, derived from a session when the selection or the plan changes.
struct Details {
    /// What the details belong to.
    struct Key: Hashable {
        let generation: Int
        let layer: Int
        let channel: Int?
        let target: Target
    }

    /// A weight channel before and after correction.
    struct WeightChannel {
        /// E[w] − E[ŵ] before correction and after.
        let meanError: (before: Double, after: Double)
        /// ‖w − E w‖ / ‖ŵ − E ŵ‖ before correction and after.
        let normRatio: (before: Double, after: Double)
        /// The mean squared error after correction.
        let error: Double
    }

    let key: Key
    /// The observation shown: the tensor, or the selected channel of it.
    let observation: Observation
    /// Whether `observation` is one channel's.
    let isChannel: Bool
    /// The width of the curves.
    let bits: Int
    let curves: ErrorCurves
    /// The tensor's threshold by the layer's method, on growing shares of the calibration images.
    let convergence: [(images: Int, threshold: Double)]
    /// One entry per output channel; empty for real weights.
    let weightChannels: [WeightChannel]
    /// Counts of the weights, of the selected output channel or of all, in bins over `weightRange`.
    let weightCounts: [Double]
    let weightRange: ClosedRange<Double>
    /// The values that the selected output channel's weights can take.
    let weightGrid: [Double]

    /// The details of a session's selected layer; `nil` before calibration.
    init?(_ session: Session, reusing known: Details?) {
        guard let plan = session.plan, let calibration = session.calibration,
            session.subject.net.layers.indices.contains(session.selection)
        else { return nil }
        let key = Key(
            generation: session.generation, layer: session.selection, channel: session.channel,
            target: session.target)
        if let known, known.key == key {
            self = known
            return
        }
        let layer = session.subject.net.layers[session.selection]
        guard let observed = calibration.observations[layer.input] else { return nil }
        self.key = key
        let planned = plan.layers[session.selection]
        let settings = session.configuration.layers[session.selection]
        let inputChannel = session.target == .activations ? session.channel : nil
        if let inputChannel, observed.channels.indices.contains(inputChannel) {
            observation = observed.channels[inputChannel]
            isChannel = true
            let width = session.channelBits(of: session.selection, .activations)?[inputChannel]
            bits = min(8, max(1, width ?? settings.activations.storedBits))
        } else {
            observation = observed.tensor
            isChannel = false
            bits = min(8, max(1, settings.activations.storedBits))
        }
        curves = ErrorCurves(observation, bits: bits)
        convergence = calibration.convergence(
            of: layer.input, bits: min(8, max(1, settings.activations.storedBits)), method: settings.clipping)

        let length = layer.weightsPerChannel
        let weights = layer.weights.values
        let outputChannel = session.target == .weights ? session.channel : nil
        let shown = outputChannel.map { weights[$0 * length..<($0 + 1) * length] } ?? weights[...]
        let lowest = Double(shown.min() ?? 0)
        let highest = Double(shown.max() ?? 0)
        weightRange = lowest < highest ? lowest...highest : lowest - 0.5...lowest + 0.5
        weightCounts = Details.counts(shown, over: weightRange, bins: min(256, max(16, shown.count / 8)))
        guard case .quantized(let quantized) = planned.weights else {
            weightChannels = []
            weightGrid = []
            return
        }
        let effective = quantized.effective
        weightChannels = (0..<layer.outputChannels).map { channel in
            Details.compare(
                weights[channel * length..<(channel + 1) * length],
                effective[channel * length..<(channel + 1) * length],
                before: (quantized.meanErrors[channel], quantized.normRatios[channel]))
        }
        weightGrid =
            outputChannel.map { channel in
                Set(effective[channel * length..<(channel + 1) * length]).map(Double.init).sorted()
            } ?? []
    }

    private static func counts(_ values: ArraySlice<Float>, over range: ClosedRange<Double>, bins: Int) -> [Double]
    {
        var counts = [Double](repeating: 0, count: bins)
        let factor = Double(bins) / (range.upperBound - range.lowerBound)
        for value in values where value.isFinite {
            counts[min(bins - 1, max(0, Int((Double(value) - range.lowerBound) * factor)))] += 1
        }
        return counts
    }

    private static func compare(
        _ weights: ArraySlice<Float>, _ effective: ArraySlice<Float>, before: (mean: Double, ratio: Double)
    ) -> WeightChannel {
        let count = Double(max(1, weights.count))
        let mean = weights.reduce(0.0) { $0 + Double($1) } / count
        let effectiveMean = effective.reduce(0.0) { $0 + Double($1) } / count
        var power = 0.0
        var effectivePower = 0.0
        var error = 0.0
        for (weight, used) in zip(weights, effective) {
            power += (Double(weight) - mean) * (Double(weight) - mean)
            effectivePower += (Double(used) - effectiveMean) * (Double(used) - effectiveMean)
            error += (Double(weight) - Double(used)) * (Double(weight) - Double(used))
        }
        let ratio = effectivePower > 0 ? (power / effectivePower).squareRoot() : 1
        return WeightChannel(
            meanError: (before.mean, mean - effectiveMean), normRatio: (before.ratio, ratio), error: error / count)
    }
}

extension Trainer {
    /// A step of gradient descent with momentum.
    ///
    ///     g ← g + λ w,  u ← μ u + g,  w ← w − η (g + μ u), or η u without looking ahead
    ///
    /// after all gradients together were scaled down to the largest norm allowed. λ is for weights, not for γ, β and biases.
    func update() {
        let isRecording = normRecord != nil
        let norms = isRecording || options.decay.usesNorms ? state.layers.map { $0?.squaredNorms ?? [] } : []
        if isRecording { normRecord?.append(norms, gradients: parameterGradients.map { $0?.squaredNorms ?? [] }) }
        let factor = clippingFactor
        let scheduled = rate
        for index in state.layers.indices {
            guard let gradients = parameterGradients[index], let parameters = state.layers[index] else { continue }
            let isInvariant = net.layers[index].convolution?.end == .normalized
            var corrections: [Double]?
            if case .corrected(let record) = options.decay, isInvariant, record.squares.indices.contains(state.step)
            {
                corrections = zip(norms[index], record.squares[state.step][index]).map { $1 > 0 ? $0 / $1 : 1 }
            }
            func change(
                _ path: WritableKeyPath<LayerParameters, [Float]>, rate: Double = scheduled, decay: Double = 0,
                corrections: [Double]? = nil
            ) {
                step(
                    index, path, gradients[keyPath: path], rate: rate, decay: decay, factor: factor,
                    corrections: corrections)
            }
            // Norms set the step of weights whose size does not matter; everything else keeps to the schedule.
            let isNormScheduled = options.decay == .normSchedule && isInvariant
            change(
                \.weights, rate: isNormScheduled ? options.schedule.peak : scheduled,
                decay: options.decay.coefficient, corrections: corrections)
            if options.weightNorm == .trained { change(\.gains) }
            if !parameters.scale.isEmpty { change(\.scale) }
            change(\.shift)
            if isNormScheduled { rescale(index, rate: scheduled) }
        }
    }

    /// η of each output's weights in a step: what `update` steps weights of these norms with; see `WeightDecay`.
    func weightRates(_ layer: Int, _ parameters: LayerParameters, inStep step: Int) -> [Double] {
        let outputs = parameters.shift.count
        let scheduled = options.schedule.rate(step: min(step, stepCount - 1), of: stepCount)
        let isInvariant = net.layers[layer].convolution?.end == .normalized
        switch options.decay {
        case .normSchedule where isInvariant:
            return [Double](repeating: options.schedule.peak, count: outputs)
        case .corrected(let record) where isInvariant && record.squares.indices.contains(step):
            return zip(parameters.squaredNorms, record.squares[step][layer]).map {
                $1 > 0 ? scheduled * $0 / $1 : scheduled
            }
        case .on, .off, .corrected, .normSchedule: return [Double](repeating: scheduled, count: outputs)
        }
    }

    /// What brings the norm of all gradients down to the largest allowed; 1 below that.
    private var clippingFactor: Float {
        guard let limit = options.clipping else { return 1 }
        var square = 0.0
        for gradients in parameterGradients {
            guard let gradients else { continue }
            for values in [gradients.weights, gradients.gains, gradients.scale, gradients.shift] {
                square += values.reduce(0) { $0 + Double($1) * Double($1) }
            }
        }
        let norm = square.squareRoot()
        return norm > limit ? Float(limit / norm) : 1
    }

    private func step(
        _ layer: Int, _ path: WritableKeyPath<LayerParameters, [Float]>, _ gradients: [Float], rate: Double,
        decay: Double, factor: Float, corrections: [Double]?
    ) {
        guard var parameters = state.layers[layer], var velocities = state.velocities[layer] else { return }
        // Taken out, so that they are changed where they are.
        state.layers[layer] = nil
        state.velocities[layer] = nil
        let size = gradients.count / parameters.shift.count
        let (momentum, decay) = (options.momentum, Float(decay))
        let (channels, isNesterov) = (parameters.shift.indices, options.isNesterov)
        parameters[keyPath: path].withUnsafeMutableBufferPointer { values in
            velocities[keyPath: path].withUnsafeMutableBufferPointer { velocities in
                for channel in channels {
                    let rate = Float(rate * (corrections?[channel] ?? 1))
                    for index in channel * size..<(channel + 1) * size {
                        let gradient = gradients[index] * factor + decay * values[index]
                        let velocity = momentum * velocities[index] + gradient
                        velocities[index] = velocity
                        values[index] -= rate * (isNesterov ? gradient + momentum * velocity : velocity)
                    }
                }
            }
        }
        state.layers[layer] = parameters
        state.velocities[layer] = velocities
    }

    /// Gives the channels of a layer the norm at which the peak rate makes the effective step of the schedule.
    private func rescale(_ layer: Int, rate: Double) {
        guard let parameters = state.layers[layer], rate > 0 else { return }
        let size = parameters.weights.count / parameters.shift.count
        let growth = options.schedule.peak / rate
        for (channel, square) in parameters.squaredNorms.enumerated() where square > 0 {
            let factor = Float((firstNorms[layer][channel] * growth / square).squareRoot())
            for index in channel * size..<(channel + 1) * size { state.layers[layer]?.weights[index] *= factor }
        }
    }
}

extension WeightDecay {
    fileprivate var usesNorms: Bool { if case .corrected = self { true } else { false } }
}

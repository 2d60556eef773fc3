internal import CKernels
internal import Engine
internal import Glibc

extension Trainer {
    /// Runs the batch through all layers.
    func runForward() {
        found = net.layers.map { _ in nil }
        roundValues(of: 0)
        for (index, layer) in net.layers.enumerated() {
            switch layer.kind {
            case .convolution(let convolution): run(convolution, layer: index)
            default:
                team.each(shards.count) { shard in
                    shards[shard].pool(
                        layer.kind, shards[shard].values[layer.input], into: shards[shard].values[index + 1])
                }
            }
            roundValues(of: index + 1)
        }
    }

    /// What a convolution reads.
    func read(_ tensor: Int, _ shard: Shard) -> FeatureMap { shard.rounded[tensor] ?? shard.values[tensor] }

    private func run(_ convolution: ConvolutionBlueprint, layer: Int) {
        guard let prepared = forward[layer], let parameters = state.layers[layer] else {
            preconditionFailure("weights are prepared")
        }
        let input = net.layers[layer].input
        let outputs = convolution.geometry.outputs
        let activation =
            convolution.activation.bounds.map { Activation.clamp(low: $0.low, high: $0.high) } ?? .none
        func convolve(_ shard: Shard, _ epilogue: Epilogue, _ maps: EpilogueMaps) {
            do {
                try prepared.run(
                    input: read(input, shard), images: shard.all, epilogue: epilogue, maps: maps, isa: isa,
                    scratch: shard.scratch)
            } catch {
                preconditionFailure("nothing cancels it")
            }
        }
        guard convolution.end == .normalized else {
            let epilogue = Epilogue(channels: outputs, bias: parameters.shift, activation: activation)
            team.each(shards.count) { index in
                let shard = shards[index]
                convolve(
                    shard, epilogue,
                    EpilogueMaps(
                        outputs: [shard.values[layer + 1]], addend: convolution.addend.map { shard.values[$0] }))
            }
            return
        }
        let plain = Epilogue(channels: outputs)
        team.each(shards.count) { index in
            if let raw = shards[index].raw[layer] {
                convolve(shards[index], plain, EpilogueMaps(outputs: [raw]))
            }
        }
        let statistics = statistics(of: layer)
        found[layer] = statistics
        keepRunning(statistics, layer)
        let scale = parameters.scale.enumerated().map { Double($1) * statistics.factor($0) }
        let bias = parameters.shift.enumerated().map { Double($1) - statistics.mean[$0] * scale[$0] }
        let epilogue = Epilogue(
            channels: outputs, scale: scale.map { Float($0) }, bias: bias.map { Float($0) }, activation: activation)
        team.each(shards.count) { index in
            let shard = shards[index]
            guard let raw = shard.raw[layer] else { return }
            epilogue.apply(
                to: raw, images: shard.all,
                maps: EpilogueMaps(
                    outputs: [shard.values[layer + 1]], addend: convolution.addend.map { shard.values[$0] }),
                isa: isa)
        }
    }

    /// running = 0.9 running + 0.1 batch, of the mean and of σ̂².
    private func keepRunning(_ statistics: BatchStatistics, _ layer: Int) {
        let kept: Float = 0.9
        for channel in statistics.mean.indices {
            let (mean, sigma) = (Float(statistics.mean[channel]), Float(statistics.sigma[channel]))
            if let old = state.layers[layer] {
                state.layers[layer]?.mean[channel] = kept * old.mean[channel] + (1 - kept) * mean
                state.layers[layer]?.variance[channel] =
                    kept * old.variance[channel] + (1 - kept) * sigma * sigma
            }
        }
    }

    /// Rounds what a tensor holds to the bits of activations, where convolutions read it.
    private func roundValues(of tensor: Int) {
        guard let bits = options.precision?.activations, bits < 32, shards[0].rounded[tensor] != nil else { return }
        let range = extremes { $0.values[tensor] }
        let quantizer = TensorQuantizer(bits: bits, low: range.low, high: range.high)
        let random = random(2)
        team.each(shards.count) { index in
            let shard = shards[index]
            guard let target = shard.rounded[tensor] else { return }
            shard.round(shard.values[tensor], into: target, quantizer, .nearest, random, isa)
        }
    }

    /// The extremes of a tensor over the batch.
    func extremes(_ map: (Shard) -> FeatureMap) -> (low: Float, high: Float) {
        team.each(shards.count) { index in
            let map = map(shards[index])
            let zeros = [Float](repeating: 0, count: map.layout.blocks * MapLayout.lanes)
            shards[index].sumSpread(of: map, centre: zeros, isa)
        }
        let rows = Int(NKSpreadRows)
        let channels = map(shards[0]).layout.channels
        var (low, high) = (Double.infinity, -Double.infinity)
        for shard in shards {
            for channel in 0..<channels {
                low = min(low, shard.row(Int(NKSpreadLeast), of: channel, rowCount: rows))
                high = max(high, shard.row(Int(NKSpreadGreatest), of: channel, rowCount: rows))
            }
        }
        return (Float(low), Float(high))
    }

    /// The cross-entropy of the batch, and its gradient in the maps of the logits: (softmax − one-hot) / images.
    func setOutputGradients(_ labels: [Int]) -> StepResult {
        let last = net.layers.count
        let classes = net.classes
        var (loss, correct) = (0.0, 0)
        for shard in shards {
            guard let gradient = shard.gradients[last] else { continue }
            let logits = shard.values[last].planar(shard.all)
            var values = [Float](repeating: 0, count: logits.count)
            for image in shard.all {
                let row = logits[image * classes..<(image + 1) * classes].map { Double($0) }
                let label = labels[shard.images.lowerBound + image]
                let largest = row.max() ?? 0
                let powers = row.map { exp($0 - largest) }
                let sum = powers.reduce(0, +)
                loss -= row[label] - largest - log(sum)
                if row.firstIndex(of: largest) == label { correct += 1 }
                for (index, power) in powers.enumerated() {
                    values[image * classes + index] =
                        Float((power / sum - (index == label ? 1 : 0)) / Double(labels.count))
                }
            }
            gradient.load(planar: values, into: shard.all)
        }
        return StepResult(loss: loss / Double(labels.count), correct: correct, count: labels.count)
    }
}

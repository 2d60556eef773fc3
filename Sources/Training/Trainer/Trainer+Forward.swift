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
                later([layer.input, index + 1]) { piece in
                    let values = piece.shard.values
                    piece.shard.pool(layer.kind, values[layer.input], into: values[index + 1], piece.images)
                }
            }
            roundValues(of: index + 1)
        }
        finish()
    }

    /// What a convolution reads.
    func read(_ tensor: Int, _ shard: Shard) -> FeatureMap { shard.rounded[tensor] ?? shard.values[tensor] }

    private func run(_ convolution: ConvolutionBlueprint, layer: Int) {
        guard let parameters = state.layers[layer] else { preconditionFailure("convolutions have numbers") }
        let outputs = convolution.geometry.outputs
        let activation =
            convolution.activation.bounds.map { Activation.clamp(low: $0.low, high: $0.high) } ?? .none
        func maps(_ shard: Shard) -> EpilogueMaps {
            EpilogueMaps(
                outputs: [shard.values[layer + 1]], addend: convolution.addend.map { shard.values[$0] })
        }
        let (input, isa) = (net.layers[layer].input, isa)
        switch forward[layer] {
        case .whole(let whole):
            let epilogue = Epilogue(channels: outputs, bias: parameters.shift, activation: activation)
            later([input, layer + 1]) { [self] piece in
                do {
                    try whole.run(
                        input: read(input, piece.shard), images: piece.images, epilogue: epilogue,
                        maps: maps(piece.shard), isa: isa, scratch: piece.workspace.scratch)
                } catch {
                    preconditionFailure("nothing cancels it")
                }
            }
            return
        case .sums(let sums):
            later([input, layer + 1]) { [self] piece in
                guard let raw = piece.shard.raw[layer] else { return }
                sums.run(
                    read(input, piece.shard), into: raw, images: piece.images, isa: isa,
                    scratch: piece.workspace.scratch)
            }
        case nil: preconditionFailure("weights are prepared")
        }
        if options.normPrecision == .half { roundLater(of: layer) }
        sumLater(of: layer)
        finish()
        let statistics = statistics(of: layer)
        found[layer] = statistics
        keepRunning(statistics, layer)
        if options.normPrecision == .half {
            normalizeHalfLater(layer, statistics, parameters)
            let epilogue = Epilogue(channels: outputs, activation: activation)
            later([layer + 1]) { piece in
                epilogue.apply(
                    to: piece.shard.values[layer + 1], images: piece.images, maps: maps(piece.shard), isa: isa)
            }
            return
        }
        let scale = parameters.scale.enumerated().map { Double($1) * statistics.factor[$0] }
        let bias = parameters.shift.enumerated().map { Double($1) - statistics.mean[$0] * scale[$0] }
        let epilogue = Epilogue(
            channels: outputs, scale: scale.map { Float($0) }, bias: bias.map { Float($0) }, activation: activation)
        later([layer + 1]) { piece in
            guard let raw = piece.shard.raw[layer] else { return }
            epilogue.apply(to: raw, images: piece.images, maps: maps(piece.shard), isa: isa)
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
        let range = extremes(of: tensor) { $0.shard.values[tensor].part($0.images) }
        let quantizer = TensorQuantizer(bits: bits, low: range.low, high: range.high)
        let (random, isa) = (random(2), isa)
        later([tensor]) { piece in
            guard let target = piece.shard.rounded[tensor] else { return }
            piece.shard.round(
                piece.shard.values[tensor], into: target, piece.images, quantizer, .nearest, random, isa)
        }
    }

    /// The extremes over the batch of something of a tensor's size.
    ///
    /// - Parameter map: its part for a piece.
    func extremes(of tensor: Int, _ map: @escaping (Stage.Piece) -> FeatureMap) -> (low: Float, high: Float) {
        let layout = shards[0].values[tensor].layout
        let (zeros, isa) = ([Float](repeating: 0, count: layout.blocks * MapLayout.lanes), isa)
        later([tensor]) { piece in
            piece.shard.addSpread(
                of: map(piece), 0..<piece.images.count, isFirst: piece.isFirst, centre: zeros, isa)
        }
        finish()
        let rows = Int(NKSpreadRows)
        let channels = layout.channels
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

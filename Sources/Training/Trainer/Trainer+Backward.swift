internal import CKernels
internal import Engine

extension Trainer {
    /// Takes the gradient of the logits back to the weights of every layer.
    func runBackward() {
        parameterGradients = state.layers.map { $0?.zeros }
        var written: Set<Int> = [net.layers.count]
        for (index, layer) in net.layers.enumerated().reversed() {
            switch layer.kind {
            case .convolution(let convolution): runBackward(convolution, layer: index, written: &written)
            default:
                guard layer.input > 0 else { continue }
                let isAdded = !written.insert(layer.input).inserted
                team.each(shards.count) { number in
                    let shard = shards[number]
                    guard let gradient = shard.gradients[index + 1], let result = shard.gradients[layer.input]
                    else { return }
                    shard.poolGradient(
                        layer.kind, input: shard.values[layer.input], output: shard.values[index + 1],
                        gradient: gradient, into: result, isAdded: isAdded)
                }
            }
        }
        addUpWeightGradients()
    }

    private func runBackward(_ convolution: ConvolutionBlueprint, layer: Int, written: inout Set<Int>) {
        let outputs = convolution.geometry.outputs
        let mean = padded((found[layer]?.mean ?? [Double](repeating: 0, count: outputs)).map { Float($0) })
        let addend = convolution.addend ?? 0
        let addsToAddend = addend > 0 && !written.insert(addend).inserted
        team.each(shards.count) { index in
            let shard = shards[index]
            guard let gradient = shard.gradients[layer + 1] else { return }
            shard.gate(gradient, convolution.activation, layer: layer, centre: mean, isa)
            if addend > 0, let target = shard.gradients[addend] {
                shard.copy(gradient, to: target, isAdded: addsToAddend, isa)
            }
        }
        func total(_ row: Int, _ channel: Int) -> Double {
            shards.reduce(0) { $0 + $1.row(row, of: channel, rowCount: Int(NKGateRows)) }
        }
        let sums = (0..<outputs).map { total(Int(NKGateSum), $0) }
        parameterGradients[layer]?.shift = sums.map { Float($0) }

        var normalization: NormalizationGradient?
        if let statistics = found[layer], let scale = state.layers[layer]?.scale {
            let products = (0..<outputs).map { total(Int(NKGateProduct), $0) }
            parameterGradients[layer]?.scale = products.enumerated().map { Float($1 * statistics.factor($0)) }
            normalization = NormalizationGradient(
                options.norm, statistics, scale: scale, sums: sums, products: products)
        }
        let input = net.layers[layer].input
        let isAdded = input > 0 && !written.insert(input).inserted
        guard let precision = options.precision else {
            team.each(shards.count) { index in
                let shard = shards[index]
                guard let gradient = shard.gradients[layer + 1] else { return }
                if let normalization { shard.undo(normalization, gradient, layer: layer, shard: index, isa) }
                addWeightGradient(convolution, layer, shard, gradient)
                passOn(layer, shard, gradient, isAdded: isAdded)
            }
            recordGradient(of: layer)
            return
        }
        team.each(shards.count) { index in
            if let normalization, let gradient = shards[index].gradients[layer + 1] {
                shards[index].undo(normalization, gradient, layer: layer, shard: index, isa)
            }
        }
        runBackward(convolution, layer, precision, isAdded: isAdded)
    }

    /// The bifurcation: a coarse copy of the gradient is handed on, a fine one steps the weights.
    private func runBackward(
        _ convolution: ConvolutionBlueprint, _ layer: Int, _ precision: TrainingPrecision, isAdded: Bool
    ) {
        let range = extremes { shard in
            guard let gradient = shard.gradients[layer + 1] else { preconditionFailure("layers have gradients") }
            return gradient
        }
        func quantizer(_ bits: Int) -> TensorQuantizer? {
            bits < 32 ? TensorQuantizer(bits: bits, low: range.low, high: range.high) : nil
        }
        recordGradient(of: layer, range: range)
        let (coarse, fine) = (quantizer(precision.layerGradients), quantizer(precision.weightGradients))
        let (first, second) = (random(16 + 2 * layer), random(17 + 2 * layer))
        team.each(shards.count) { index in
            let shard = shards[index]
            guard let gradient = shard.gradients[layer + 1] else { return }
            var handedOn = gradient
            if let coarse, net.layers[layer].input > 0 {
                handedOn = shard.roundedGradient(like: gradient)
                shard.round(gradient, into: handedOn, coarse, precision.rounding, first, isa)
            }
            passOn(layer, shard, handedOn, isAdded: isAdded)
            if let fine { shard.round(gradient, into: gradient, fine, precision.rounding, second, isa) }
            addWeightGradient(convolution, layer, shard, gradient)
        }
    }

    private func addWeightGradient(
        _ convolution: ConvolutionBlueprint, _ layer: Int, _ shard: Shard, _ gradient: FeatureMap
    ) {
        shard.weightSums[layer].withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
        convolution.geometry.addWeightGradient(
            input: read(net.layers[layer].input, shard), gradient: gradient, images: shard.all,
            to: &shard.weightSums[layer], isa: isa)
    }

    private func passOn(
        _ layer: Int, _ shard: Shard, _ gradient: FeatureMap, isAdded: Bool
    ) {
        guard let prepared = backward[layer], let result = shard.gradients[net.layers[layer].input] else { return }
        prepared.run(
            gradient, into: result, isAdded: isAdded, images: shard.all, isa: isa, scratch: shard.scratch,
            parts: &shard.parts)
    }

    private func addUpWeightGradients() {
        let indices = net.layers.indices.filter { net.layers[$0].convolution != nil }
        var all = [[Float]](repeating: [], count: indices.count)
        all.withUnsafeMutableBufferPointer { all in
            // Each thread writes elements of its own.
            let results = all
            team.each(indices.count) { place in
                let layer = indices[place]
                guard let geometry = net.layers[layer].convolution?.geometry else { return }
                var sums = shards[0].weightSums[layer]
                for shard in shards.dropFirst() {
                    shard.weightSums[layer].withUnsafeBufferPointer { more in
                        sums.withUnsafeMutableBufferPointer { sums in
                            for index in sums.indices { sums[index] += more[index] }
                        }
                    }
                }
                results[place] = geometry.weightGradient(from: sums)
            }
        }
        for (place, layer) in indices.enumerated() {
            guard let parameters = state.layers[layer] else { continue }
            let gradients = options.weightNorm.gradients(
                of: all[place], v: parameters.weights, gains: parameters.gains)
            parameterGradients[layer]?.weights = gradients.v
            parameterGradients[layer]?.gains = gradients.gains
        }
    }
}

/// ∂L/∂x of a normalization, as numbers for each channel:  dx = a g + b (x − μ) + c, or b sign(x − μ), and additions at single places.
///
/// With s = sqrt(σ̂² + ε), P = Σ g (x − μ) / s, n values, and d the derivative of σ̂ with respect to the centred values:
///
///     dx_i = γ / s (g_i − mean g) − γ P σ̂ / s² (d_i − mean d)
///
/// Source: docs/training.md, eq. 7.
struct NormalizationGradient {
    /// [block][row][16], as of `nk_normalization_gradient`.
    let table: [Float]
    /// Whether the sign takes the place of x − μ.
    let bySign: Bool
    /// What is added at single places.
    let additions: [(channel: Int, place: BatchStatistics.Place, value: Float)]

    init(
        _ scheme: NormScheme, _ found: BatchStatistics, scale: [Float], sums: [Double], products: [Double]
    ) {
        let (lanes, rows) = (MapLayout.lanes, Int(NKGradientRows))
        let n = Double(found.count)
        var table = [Float](repeating: 0, count: (scale.count + lanes - 1) / lanes * rows * lanes)
        var additions: [(channel: Int, place: BatchStatistics.Place, value: Float)] = []
        for (channel, gamma) in scale.enumerated() {
            let (gamma, factor, sigma) = (Double(gamma), found.factor(channel), found.sigma[channel])
            let shrink = gamma * products[channel] * factor * sigma * factor * factor
            var (slope, meanDerivative) = (0.0, 0.0)
            switch scheme {
            case .l2: slope = sigma > 0 ? -shrink / (n * sigma) : 0
            case .l1:
                slope = -shrink * found.constant / n
                meanDerivative = found.constant * found.meanSign[channel] / n
            case .lInfinity, .topK, .range:
                for (place, share) in found.chosen[channel] {
                    additions.append((channel, place, Float(-shrink * found.constant * share)))
                    meanDerivative += found.constant * share / n
                }
            }
            func set(_ row: NKGradientRow, _ value: Double) {
                table[(channel / lanes * rows + row.rawValue) * lanes + channel % lanes] = Float(value)
            }
            set(.factor, gamma * factor)
            set(.slope, slope)
            set(.constant, -gamma * factor * sums[channel] / n + shrink * meanDerivative)
            set(.centre, found.mean[channel])
        }
        self.table = table
        self.additions = additions
        bySign = scheme == .l1
    }

    private enum NKGradientRow: Int { case factor, slope, constant, centre }
}

extension Shard {
    /// The gradient before an activation, in place; `rows` become its sums.
    fileprivate func gate(
        _ gradient: FeatureMap, _ activation: Gate, layer: Int, centre: [Float], _ isa: InstructionSet
    ) {
        let layout = gradient.layout
        let perBlock = Int(NKGateRows) * MapLayout.lanes
        let bounds = activation.bounds
        rows = [Double](repeating: 0, count: layout.blocks * perBlock)
        rows.withUnsafeMutableBufferPointer { rows in
            centre.withUnsafeBufferPointer { centre in
                guard let rows = rows.baseAddress, let centre = centre.baseAddress else { return }
                pieces(of: gradient) { image, block in
                    nk_gate_gradient(
                        isa.level, gradient.view(image: image, block: block),
                        bounds == nil ? NKMap() : values[layer + 1].view(image: image, block: block),
                        bounds?.low ?? 0, bounds?.high ?? 0,
                        raw[layer]?.view(image: image, block: block) ?? NKMap(), Int32(layout.height),
                        Int32(layout.width), centre + block * MapLayout.lanes, rows + block * perBlock)
                }
            }
        }
    }

    /// The gradient before a normalization, in place.
    fileprivate func undo(
        _ normalization: NormalizationGradient, _ gradient: FeatureMap, layer: Int, shard: Int,
        _ isa: InstructionSet
    ) {
        guard let raw = raw[layer] else { return }
        let layout = gradient.layout
        normalization.table.withUnsafeBufferPointer { table in
            guard let table = table.baseAddress else { return }
            pieces(of: gradient) { image, block in
                nk_normalization_gradient(
                    isa.level, gradient.view(image: image, block: block), raw.view(image: image, block: block),
                    Int32(layout.height), Int32(layout.width), normalization.bySign,
                    table + block * Int(NKGradientRows) * MapLayout.lanes)
            }
        }
        for addition in normalization.additions where addition.place.shard == shard {
            let (y, x) = (addition.place.pixel / layout.width, addition.place.pixel % layout.width)
            gradient[addition.place.image, addition.channel, y, x] += addition.value
        }
    }
}

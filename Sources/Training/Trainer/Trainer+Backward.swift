internal import CKernels
internal import Engine

extension Trainer {
    /// Takes the gradient of the logits back to the weights of every layer.
    func runBackward() {
        parameterGradients = state.layers.map { _ in nil }
        undone = net.layers.map { _ in nil }
        var flow = GradientFlow(written: [net.layers.count])
        for (index, layer) in net.layers.enumerated().reversed() {
            switch layer.kind {
            case .convolution(let convolution): runBackward(convolution, layer: index, &flow)
            default:
                guard layer.input > 0 else { continue }
                let source = gradientMap(of: index + 1, &flow)
                copyCarried(to: layer.input, &flow)
                let isAdded = !flow.written.insert(layer.input).inserted
                later([layer.input, index + 1]) { piece in
                    let shard = piece.shard
                    guard let gradient = shard.gradients[source], let result = shard.gradients[layer.input]
                    else { return }
                    shard.poolGradient(
                        layer.kind, input: shard.values[layer.input], output: shard.values[index + 1],
                        gradient: gradient, into: result, isAdded: isAdded, piece.images)
                }
            }
        }
        finish()
        addUpWeightGradients()
    }

    private func runBackward(_ convolution: ConvolutionBlueprint, layer: Int, _ flow: inout GradientFlow) {
        let outputs = convolution.geometry.outputs
        let isNormalized = convolution.end == .normalized
        let mean = padded((found[layer]?.mean ?? [Double](repeating: 0, count: outputs)).map { Float($0) })
        // Of sums that are convolved as they are the gradient needs a halo, and gates work in place.
        if !isNormalized || convolution.activation != .open { copyCarried(to: layer + 1, &flow) }
        let (source, isa) = (gradientMap(of: layer + 1, &flow), isa)
        later([layer + 1]) { piece in
            guard let gradient = piece.shard.gradients[source] else { return }
            piece.shard.gate(gradient, convolution.activation, layer: layer, centre: mean, piece, isa)
        }
        if let addend = convolution.addend, addend > 0 { carry(source, to: addend, &flow) }
        finish()
        func total(_ row: Int, _ channel: Int) -> Double {
            shards.reduce(0) { $0 + $1.row(row, of: channel, rowCount: Int(NKGateRows)) }
        }
        var gradients = LayerParameters.none
        let sums = (0..<outputs).map { total(Int(NKGateSum), $0) }
        gradients.shift = sums.map { Float($0) }
        if let statistics = found[layer], let scale = state.layers[layer]?.scale {
            let products = (0..<outputs).map { total(Int(NKGateProduct), $0) }
            gradients.scale = products.enumerated().map { Float($1 * statistics.factor[$0]) }
            undone[layer] = NormalizationGradient(
                options.norm, statistics, scale: scale, sums: sums, products: products, source: source)
        }
        parameterGradients[layer] = gradients
        let input = net.layers[layer].input
        var addend: Int?
        if input > 0 {
            addend = flow.carried.removeValue(forKey: input)
            if !flow.written.insert(input).inserted { addend = input }
        }
        if let precision = options.precision {
            runBackward(layer, precision, adding: addend)
            return
        }
        recordGradient(of: layer)
        later([input, layer + 1]) { [self] piece in
            let gradient = sumsGradient(layer, piece)
            addWeightGradient(layer, piece, gradient)
            passOn(layer, piece, gradient, adding: addend)
        }
    }

    /// The bifurcation: a coarse copy of the gradient is handed on, a fine one steps the weights.
    private func runBackward(_ layer: Int, _ precision: TrainingPrecision, adding addend: Int?) {
        let range = extremes(of: layer + 1) { [self] in sumsGradient(layer, $0) }
        func quantizer(_ bits: Int) -> TensorQuantizer? {
            bits < 32 ? TensorQuantizer(bits: bits, low: range.low, high: range.high) : nil
        }
        recordGradient(of: layer, range: range)
        let (coarse, fine) = (quantizer(precision.layerGradients), quantizer(precision.weightGradients))
        let (first, second, isa) = (random(16 + 2 * layer), random(17 + 2 * layer), isa)
        later([net.layers[layer].input, layer + 1]) { [self] piece in
            let gradient = sumsGradient(layer, piece)
            func rounded(_ quantizer: TensorQuantizer?, _ random: CounterGenerator) -> FeatureMap {
                guard let quantizer else { return gradient }
                let result = piece.workspace.map(.roundedGradient, gradient.layout)
                piece.shard.round(
                    gradient, into: result, 0..<piece.images.count, first: piece.images.lowerBound, quantizer,
                    precision.rounding, random, isa)
                return result
            }
            if net.layers[layer].input > 0 { passOn(layer, piece, rounded(coarse, first), adding: addend) }
            addWeightGradient(layer, piece, rounded(fine, second))
        }
    }

    /// The gradient of a layer's sums for a shard's images, [image][channel][row][column], before any rounding.
    func sumsGradient(_ layer: Int, ofShard index: Int) -> [Float] {
        let shard = shards[index]
        let piece = Stage.Piece(shard: shard, index: index, images: shard.all, workspace: workspaces[0])
        return sumsGradient(layer, piece).planar(shard.all)
    }

    /// The gradient of a layer's sums for a piece's images, from 0 on.
    func sumsGradient(_ layer: Int, _ piece: Stage.Piece) -> FeatureMap {
        guard let convolution = net.layers[layer].convolution else { preconditionFailure("a convolution") }
        let shard = piece.shard
        guard let undone = undone[layer], let gradient = shard.gradients[undone.source] else {
            guard let gradient = shard.gradients[layer + 1] else { preconditionFailure("layers have gradients") }
            return gradient.part(piece.images)
        }
        let size = net.layers[layer].output
        let result = piece.workspace.map(
            .sumsGradient,
            MapLayout(
                channels: size.channels, height: size.height, width: size.width,
                halo: convolution.geometry.gradientHalo))
        shard.undo(undone, gradient, layer: layer, into: result, piece, isa)
        return result
    }

    private func addWeightGradient(_ layer: Int, _ piece: Stage.Piece, _ gradient: FeatureMap) {
        let shard = piece.shard
        if piece.isFirst { shard.weightSums[layer].withUnsafeMutableBufferPointer { $0.update(repeating: 0) } }
        net.layers[layer].convolution?.geometry.addWeightGradient(
            input: read(net.layers[layer].input, shard).part(piece.images), gradient: gradient,
            images: 0..<piece.images.count, to: &shard.weightSums[layer], isa: isa)
    }

    private func passOn(_ layer: Int, _ piece: Stage.Piece, _ gradient: FeatureMap, adding addend: Int?) {
        let (shard, input) = (piece.shard, net.layers[layer].input)
        guard let prepared = backward[layer], let result = shard.gradients[input]?.part(piece.images) else {
            return
        }
        let other = addend == input ? result : addend.flatMap { shard.gradients[$0]?.part(piece.images) }
        prepared.run(
            gradient, into: result, adding: other, images: 0..<piece.images.count, isa: isa,
            scratch: piece.workspace.scratch, parts: &piece.workspace.parts)
    }

    private func addUpWeightGradients() {
        let all = concurrentMap(net.layers.count) { layer -> [Float]? in
            guard let geometry = net.layers[layer].convolution?.geometry else { return nil }
            var sums = shards[0].weightSums[layer]
            for shard in shards.dropFirst() {
                shard.weightSums[layer].withUnsafeBufferPointer { more in
                    sums.withUnsafeMutableBufferPointer { sums in
                        for index in sums.indices { sums[index] += more[index] }
                    }
                }
            }
            return geometry.weightGradient(from: sums)
        }
        for (layer, sums) in all.enumerated() {
            guard let sums, let parameters = state.layers[layer] else { continue }
            let gradients = options.weightNorm.gradients(
                of: sums, v: parameters.weights, gains: parameters.gains)
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

    /// The tensor whose map holds g.
    let source: Int

    init(
        _ scheme: NormScheme, _ found: BatchStatistics, scale: [Float], sums: [Double], products: [Double],
        source: Int
    ) {
        let (lanes, rows) = (MapLayout.lanes, Int(NKGradientRows))
        let n = Double(found.count)
        var table = [Float](repeating: 0, count: (scale.count + lanes - 1) / lanes * rows * lanes)
        var additions: [(channel: Int, place: BatchStatistics.Place, value: Float)] = []
        for (channel, gamma) in scale.enumerated() {
            let (gamma, factor, sigma) = (Double(gamma), found.factor[channel], found.sigma[channel])
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
        self.source = source
    }

    private enum NKGradientRow: Int { case factor, slope, constant, centre }
}

/// Where the gradients of tensors are while layers add to them.
private struct GradientFlow {
    /// Tensors with something in their own maps.
    var written: Set<Int>
    /// Tensors whose gradient so far is that of another, from which nothing has been copied.
    var carried: [Int: Int] = [:]
}

extension Trainer {
    /// The tensor whose map holds the gradient of another, which is complete.
    private func gradientMap(of tensor: Int, _ flow: inout GradientFlow) -> Int {
        flow.written.contains(tensor) ? tensor : flow.carried[tensor] ?? tensor
    }

    /// Adds the gradient of a sum to that of an addend: the first is left where it is.
    private func carry(_ source: Int, to addend: Int, _ flow: inout GradientFlow) {
        copyCarried(to: addend, &flow)
        guard flow.written.contains(addend) else {
            flow.carried[addend] = source
            return
        }
        copyLater(source, to: addend, isAdded: true)
    }

    /// Copies what a tensor's gradient is so far to its own map, if it is elsewhere.
    private func copyCarried(to tensor: Int, _ flow: inout GradientFlow) {
        guard let source = flow.carried.removeValue(forKey: tensor) else { return }
        flow.written.insert(tensor)
        copyLater(source, to: tensor, isAdded: false)
    }

    private func copyLater(_ source: Int, to tensor: Int, isAdded: Bool) {
        let isa = isa
        later([tensor]) { piece in
            guard let from = piece.shard.gradients[source], let to = piece.shard.gradients[tensor] else { return }
            piece.shard.copy(from, to: to, piece.images, isAdded: isAdded, isa)
        }
    }
}

extension Shard {
    /// The gradient before an activation, in place; `rows` become its sums.
    fileprivate func gate(
        _ gradient: FeatureMap, _ activation: Gate, layer: Int, centre: [Float], _ piece: Stage.Piece,
        _ isa: InstructionSet
    ) {
        let layout = gradient.layout
        let perBlock = Int(NKGateRows) * MapLayout.lanes
        let bounds = activation.bounds
        if piece.isFirst { rows = [Double](repeating: 0, count: layout.blocks * perBlock) }
        rows.withUnsafeMutableBufferPointer { rows in
            centre.withUnsafeBufferPointer { centre in
                guard let rows = rows.baseAddress, let centre = centre.baseAddress else { return }
                pieces(of: gradient, piece.images) { image, block in
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

    /// The gradient before a normalization; the piece's images are the result's from 0 on.
    fileprivate func undo(
        _ normalization: NormalizationGradient, _ gradient: FeatureMap, layer: Int, into result: FeatureMap,
        _ piece: Stage.Piece, _ isa: InstructionSet
    ) {
        guard let raw = raw[layer] else { return }
        let layout = gradient.layout
        let first = piece.images.lowerBound
        normalization.table.withUnsafeBufferPointer { table in
            guard let table = table.baseAddress else { return }
            pieces(of: gradient, piece.images) { image, block in
                nk_normalization_gradient(
                    isa.level, gradient.view(image: image, block: block), raw.view(image: image, block: block),
                    result.view(image: image - first, block: block), Int32(layout.height), Int32(layout.width),
                    normalization.bySign, table + block * Int(NKGradientRows) * MapLayout.lanes)
            }
        }
        for addition in normalization.additions
        where addition.place.shard == piece.index && piece.images.contains(addition.place.image) {
            let (y, x) = (addition.place.pixel / layout.width, addition.place.pixel % layout.width)
            result[addition.place.image - first, addition.channel, y, x] += addition.value
        }
    }
}

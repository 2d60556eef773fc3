public import Net
public import Quant

/// A folded net compiled for one plan: what runs, in which order, and where each result is kept.
///
/// Without a plan it is the float net. With one, `Arithmetic` says which kernels run. Simulated is float arithmetic on
/// values on the grid: a layer whose input has one scale multiplies integer codes, exact below 2^24; one with a scale per
/// channel multiplies real values on the grid. The integer path computes the same sums on 8-bit codes, exactly, and
/// keeps maps as codes; where float sums are exact too, every stored value is equal. Programs are values and shared by all threads; each thread runs its own `Execution`.
public struct Program: Sendable {
    /// The folded net.
    public let net: LayerGraph
    /// The output judged: the logits of one of the net's outputs.
    public let logits: TensorID
    /// The plan compiled, `nil` for the float net.
    public let plan: QuantizationPlan?

    /// How each layer of the net computes its sums.
    public let paths: [LayerPath]

    let layers: [PreparedLayer]
    /// The activations of layers whose sums are observed before; those layers' epilogues leave them out.
    let activations: [Int: Epilogue]
    let steps: [LayerStep]
    let forms: [TensorID: TensorForms]
    /// How what no layer writes is stored: net inputs and results of operations.
    let storing: [TensorID: (epilogue: Epilogue, slots: [Int])]
    let slots: [SlotForm]
    /// The memory of slots where tensors are observed, which is done for many images at a time.
    let sharedMemory: SharedMemory?
    /// The tensors whose real values an observer is shown.
    let observed: Set<TensorID>
    /// The one net input, if all that is read of it are codes on one grid.
    let inputCodes: (tensor: TensorID, copy: TensorForms.Copy)?

    /// The net input, if all that reads it are convolutions of floats on grids of one scale: its maps are narrow.
    let narrowInput: TensorID?

    /// Units that run in bands of rows with the one that follows.
    let banded: Set<Int>

    /// Compiles a net.
    ///
    /// - Parameters:
    ///   - output: which of the net's outputs is judged.
    ///   - observing: tensors whose real values an observer will be shown; of the float net, what enters a layer's
    ///     activation too.
    ///   - arithmetic: which kernels run where several compute the same.
    ///   - previous: an earlier program of the same net; layers whose weights did not change keep their packed form.
    public init(
        _ net: LayerGraph, plan: QuantizationPlan? = nil, output: Int = 0, observing: Set<TensorID> = [],
        arithmetic: Arithmetic = .simulated, reusing previous: Program? = nil
    ) {
        self.net = net
        self.plan = plan
        logits = net.logits[output]
        observed = observing
        let paths = LayerPath.paths(of: net, plan: plan, arithmetic)
        self.paths = paths
        narrowInput = Program.narrowInput(of: net, plan, paths, observing.union([logits]))
        let assignment = SlotAssignment(
            net: net, plan: plan, observed: observing, logits: net.logits, paths: paths,
            storesCodes: arithmetic != .simulated, narrow: narrowInput)
        forms = assignment.forms
        slots = assignment.slots
        sharedMemory = observing.isEmpty ? nil : SharedMemory(assignment.slots, uses: assignment.uses)
        inputCodes = Program.inputCodes(of: net, assignment.forms, observing.union([logits]))
        layers = concurrentMap(net.layers.count) { index in
            let layer = net.layers[index]
            let weights = PreparedLayer.weights(for: plan?.layers[index], paths[index], arithmetic)
            if let known = previous?.layers[index], known.source == weights { return known }
            return PreparedLayer(layer, input: net.graph[layer.input].shape, source: weights)
        }
        let forms = self.forms
        var storing: [TensorID: (epilogue: Epilogue, slots: [Int])] = [:]
        let operations = net.units.compactMap { if case .operation(let node) = $0 { node } else { nil } }
        for tensor in net.graph.inputs + operations.flatMap(\.outputs) {
            guard let form = forms[tensor], tensor != narrowInput else { continue }
            let stored = Program.outputs(of: form)
            storing[tensor] = (
                Epilogue(channels: MapLayout(net.graph[tensor].shape).channels, outputs: stored.outputs),
                stored.slots
            )
        }
        self.storing = storing
        let layers = self.layers
        let isSplit = net.layers.map { $0.preActivation != $0.output && observing.contains($0.preActivation) }
        precondition(plan == nil || !isSplit.contains(true), "sums are observed in the float net")
        steps = net.layers.enumerated().map { index, layer in
            let copy = TensorForms.Copy(
                grid: plan?.layers[index].input ?? .real, isCodes: paths[index] == .integer)
            return LayerStep(
                layer, copy, forms, layers[index].factors(plan?.layers[index]),
                isSplit[index] ? .none : Activation(layer.activation))
        }
        // Bands would be shown in pieces.
        banded = observing.isEmpty ? Program.banded(net, layers, steps) : []
        var activations: [Int: Epilogue] = [:]
        for (index, layer) in net.layers.enumerated() where isSplit[index] {
            activations[index] = Epilogue(
                channels: layer.outputChannels, activation: Activation(layer.activation), outputs: [.real])
        }
        self.activations = activations
    }

    private static func inputCodes(
        of net: LayerGraph, _ forms: [TensorID: TensorForms], _ seen: Set<TensorID>
    ) -> (tensor: TensorID, copy: TensorForms.Copy)? {
        guard net.graph.inputs.count == 1, let input = net.graph.inputs.first, let form = forms[input],
            form.stored == nil, form.copies.count == 1, let copy = form.copies.first?.key, copy.isCodes,
            !seen.contains(input), !net.graph.outputs.contains(input), net.graph[input].shape.count > 0
        else { return nil }
        for unit in net.units {
            switch unit {
            case .layer(let index): if net.layers[index].addend == input { return nil }
            case .operation(let node): if node.inputs.contains(input) { return nil }
            }
        }
        return (input, copy)
    }

    /// Layers before a depthwise one, where the map between them does not stay in a core's cache.
    private static func banded(
        _ net: LayerGraph, _ layers: [PreparedLayer], _ steps: [LayerStep]
    ) -> Set<Int> {
        Set(
            net.units.indices.dropLast().filter { position in
                guard case .layer(let first) = net.units[position],
                    case .layer(let second) = net.units[position + 1]
                else { return false }
                let shape = net.graph[net.layers[first].output].shape
                let result = net.graph[net.layers[second].output].shape
                // A second that writes where the first reads would be too early.
                let read = [steps[first].input] + [steps[first].addend?.slot].compactMap(\.self)
                return net.layers[second].input == net.layers[first].output
                    && net.layers[second].addend != net.layers[first].output
                    && layers[first].convolution.runsInBands(isSecond: false, steps[first].epilogue)
                    && layers[second].convolution.runsInBands(isSecond: true, steps[second].epilogue)
                    && shape.rank == 4 && shape.count > 150_000 && result[2] * result[3] > 1
                    && steps[first].outputs.count < Epilogue.maximumOutputs
                    && steps[second].outputs.count < Epilogue.maximumOutputs
                    && Set(read).isDisjoint(with: steps[second].outputs)
            })
    }

    private static func narrowInput(
        of net: LayerGraph, _ plan: QuantizationPlan?, _ paths: [LayerPath], _ seen: Set<TensorID>
    ) -> TensorID? {
        guard net.graph.inputs.count == 1, let input = net.graph.inputs.first, plan?.stored[input] == nil,
            !seen.contains(input), !net.graph.outputs.contains(input)
        else { return nil }
        let shape = net.graph[input].shape
        guard shape.rank == 4, shape[0] == 1, (1...MapLayout.narrowLanes).contains(shape[1]), shape.count > 0
        else { return nil }
        var isRead = false
        for unit in net.units {
            switch unit {
            case .layer(let index):
                let layer = net.layers[index]
                if layer.addend == input { return nil }
                guard layer.input == input else { continue }
                // One channel to one is a depthwise convolution to the kernels, and results of one pixel go image by image.
                let output = net.graph[layer.preActivation].shape
                guard case .convolution(_, groups: 1) = layer.kind, output[1] > 1, output[2] * output[3] > 1,
                    paths[index] != .integer, plan?.layers[index].input.isNarrow ?? true
                else { return nil }
                isRead = true
            case .operation(let node): if node.inputs.contains(input) { return nil }
            }
        }
        return isRead ? input : nil
    }

    /// The number of values of the judged output for one image.
    public var logitCount: Int { net.graph[logits].shape.count }

    /// What a layer's epilogue stores for a tensor, and in which slots; further copies are made afterwards.
    static func outputs(of forms: TensorForms) -> (outputs: [Epilogue.Output], slots: [Int]) {
        var outputs: [Epilogue.Output] = []
        var slots: [Int] = []
        if let value = forms.value {
            outputs.append(forms.stored.map { .quantized($0.valueGrid) } ?? .real)
            slots.append(value)
        }
        for copy in forms.copies where outputs.count < Epilogue.maximumOutputs {
            outputs.append(
                forms.stored == nil
                    ? .quantized(copy.key.grid.copyGrid) : .requantized(copy.key.grid.copyGrid, source: 0))
            slots.append(copy.slot)
        }
        return (outputs, slots)
    }
}

extension ActivationGrid {
    /// Whether narrow maps hold it: real values, or one scale.
    fileprivate var isNarrow: Bool {
        switch self {
        case .real, .tensor: true
        case .channels, .shifted: false
        }
    }
}

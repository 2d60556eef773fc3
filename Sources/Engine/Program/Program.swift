public import Net
public import Quant

/// A folded net compiled for one plan: what runs, in which order, and where each result is kept.
///
/// Without a plan it is the float net. With one it is the simulated path: float arithmetic on values on the grid. A
/// layer whose input has one scale multiplies integer codes, exact below 2^24; one with a scale per channel multiplies
/// real values on the grid. Programs are values and shared by all threads; each thread runs its own `Execution`.
public struct Program: Sendable {
    /// The folded net.
    public let net: LayerGraph
    /// The output judged: the logits of one of the net's outputs.
    public let logits: TensorID
    /// The plan compiled, `nil` for the float net.
    public let plan: QuantizationPlan?

    let layers: [PreparedLayer]
    let epilogues: [Epilogue]
    let forms: [TensorID: TensorForms]
    let slots: [MapLayout]
    /// For each unit the slots free after it, so that later units reuse their memory.
    let observed: Set<TensorID>

    /// Compiles a net.
    ///
    /// - Parameters:
    ///   - output: which of the net's outputs is judged.
    ///   - observing: tensors whose real values an observer will be shown.
    ///   - previous: an earlier program of the same net; layers whose weights did not change keep their packed form.
    public init(
        _ net: LayerGraph, plan: QuantizationPlan? = nil, output: Int = 0, observing: Set<TensorID> = [],
        reusing previous: Program? = nil
    ) {
        self.net = net
        self.plan = plan
        logits = net.logits[output]
        observed = observing
        let assignment = SlotAssignment(net: net, plan: plan, observed: observing, logits: net.logits)
        forms = assignment.forms
        slots = assignment.slots
        layers = net.layers.enumerated().map { index, layer in
            let weights = PreparedLayer.weights(for: plan?.layers[index])
            if let known = previous?.layers[index], known.source == weights { return known }
            return PreparedLayer(layer, input: net.graph[layer.input].shape, source: weights)
        }
        let forms = self.forms
        epilogues = net.layers.enumerated().map { index, layer in
            let factors = PreparedLayer.factors(plan?.layers[index])
            return Epilogue(
                channels: layer.outputChannels, scale: factors.scale, bias: layer.bias, offset: factors.offset,
                activation: Activation(layer.activation),
                outputs: Program.outputs(of: forms[layer.output] ?? TensorForms()).outputs)
        }
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
                    ? .quantized(copy.grid.copyGrid) : .requantized(copy.grid.copyGrid, source: 0))
            slots.append(copy.slot)
        }
        return (outputs, slots)
    }
}

/// Which forms of which tensors a program keeps, and where.
struct SlotAssignment {
    private(set) var forms: [TensorID: TensorForms] = [:]
    private(set) var slots: [MapLayout] = []

    private let net: LayerGraph
    private let plan: QuantizationPlan?
    private var halos: [TensorID: Int] = [:]
    /// Slots whose content is no longer needed, by layout.
    private var free: [MapLayout: [Int]] = [:]

    init(net: LayerGraph, plan: QuantizationPlan?, observed: Set<TensorID>, logits: [TensorID]) {
        self.net = net
        self.plan = plan
        var lastUse: [TensorID: Int] = [:]
        var needsValue = observed.union(logits).union(net.graph.outputs)
        for (position, unit) in net.units.enumerated() {
            switch unit {
            case .layer(let index):
                let layer = net.layers[index]
                lastUse[layer.input] = position
                halos[layer.input] = max(halos[layer.input] ?? 0, SlotAssignment.halo(layer, net.graph))
                if let addend = layer.addend {
                    needsValue.insert(addend)
                    lastUse[addend] = position
                }
                if (plan?.layers[index].input ?? .real) == .real { needsValue.insert(layer.input) }
            case .operation(let node):
                for input in node.inputs.compactMap({ $0 }) where net.graph.constants[input] == nil {
                    needsValue.insert(input)
                    lastUse[input] = position
                }
                // An operation writes real values first; layers' copies are made from them.
                needsValue.formUnion(node.outputs)
            }
        }
        // What is read after the run is never reused.
        for tensor in Set(logits).union(net.graph.outputs) { lastUse[tensor] = Int.max }
        var expiring: [Int: [TensorID]] = [:]
        for (tensor, position) in lastUse { expiring[position, default: []].append(tensor) }
        for input in net.graph.inputs { allocate(input, needsValue: needsValue) }
        for (position, unit) in net.units.enumerated() {
            switch unit {
            case .layer(let index): allocate(net.layers[index].output, needsValue: needsValue)
            case .operation(let node): for output in node.outputs { allocate(output, needsValue: needsValue) }
            }
            for tensor in (expiring[position] ?? []).sorted() { release(tensor) }
        }
    }

    /// Rows and columns beyond the input that a layer's window reaches.
    private static func halo(_ layer: Layer, _ graph: Graph) -> Int {
        guard case .convolution(let window, _) = layer.kind else { return 0 }
        let (input, output) = (graph[layer.input].shape, graph[layer.preActivation].shape)
        let lastRow =
            (output[2] - 1) * window.strides.height + (window.kernel.height - 1) * window.dilations.height
        let lastColumn =
            (output[3] - 1) * window.strides.width + (window.kernel.width - 1) * window.dilations.width
        return [
            window.padding.top, window.padding.left, lastRow - window.padding.top - (input[2] - 1),
            lastColumn - window.padding.left - (input[3] - 1), 0,
        ].max() ?? 0
    }

    private mutating func allocate(_ tensor: TensorID, needsValue: Set<TensorID>) {
        let layout = MapLayout(net.graph[tensor].shape, halo: halos[tensor] ?? 0)
        var form = TensorForms()
        form.stored = plan?.stored[tensor]
        var grids: [ActivationGrid] = []
        if let plan {
            for (layer, planned) in zip(net.layers, plan.layers) where layer.input == tensor {
                if planned.input != .real, !grids.contains(planned.input) { grids.append(planned.input) }
            }
        }
        let isWritten = net.graph.inputs.contains(tensor)
        if needsValue.contains(tensor) || form.stored != nil || grids.isEmpty || isWritten
            || grids.count > Epilogue.maximumOutputs
        {
            form.value = slot(layout)
        }
        form.copies = grids.map { ($0, slot(layout)) }
        forms[tensor] = form
    }

    private mutating func slot(_ layout: MapLayout) -> Int {
        if let reused = free[layout]?.popLast() { return reused }
        slots.append(layout)
        return slots.count - 1
    }

    private mutating func release(_ tensor: TensorID) {
        guard let form = forms[tensor] else { return }
        for slot in [form.value].compactMap({ $0 }) + form.copies.map(\.slot) {
            free[slots[slot], default: []].append(slot)
        }
    }
}

internal import Net
internal import Quant

/// Which forms of which tensors a program keeps, and where.
struct SlotAssignment {
    private(set) var forms: [TensorID: TensorForms] = [:]
    private(set) var slots: [SlotForm] = []
    /// When each slot holds what is still needed, as positions of units; inputs are there before the first.
    private(set) var uses: [[ClosedRange<Int>]] = []

    private let net: LayerGraph
    private let plan: QuantizationPlan?
    private let grids: [TensorID: ActivationGrid]
    private let paths: [LayerPath]
    private let narrow: TensorID?
    private var halos: [TensorID: Int] = [:]
    /// Slots whose content is no longer needed, by layout.
    private var free: [SlotForm: [Int]] = [:]
    /// The unit that is looked at.
    private var position = -1

    init(
        net: LayerGraph, plan: QuantizationPlan?, observed: Set<TensorID>, logits: [TensorID], paths: [LayerPath],
        storesCodes: Bool, narrow: TensorID? = nil
    ) {
        self.narrow = narrow
        self.net = net
        self.plan = plan
        self.paths = paths
        grids = plan.map { StoredGrids(net, $0, seen: observed.union(logits)).grids } ?? [:]
        var lastUse: [TensorID: Int] = [:]
        var needsValue = observed.union(logits).union(net.graph.outputs)
        // What others look at, and layers of real inputs read, stays in floats.
        var staysFloat = storesCodes ? needsValue.union(net.graph.inputs) : nil
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
                if (plan?.layers[index].input ?? .real) == .real {
                    needsValue.insert(layer.input)
                    staysFloat?.insert(layer.input)
                }
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
        for input in net.graph.inputs { allocate(input, needsValue, staysFloat) }
        for (position, unit) in net.units.enumerated() {
            self.position = position
            switch unit {
            case .layer(let index): allocate(net.layers[index].output, needsValue, staysFloat)
            case .operation(let node): for output in node.outputs { allocate(output, needsValue, staysFloat) }
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

    /// `staysFloat` is nil where no tensor is stored as codes.
    private mutating func allocate(_ tensor: TensorID, _ needsValue: Set<TensorID>, _ staysFloat: Set<TensorID>?) {
        let layout = MapLayout(net.graph[tensor].shape, halo: halos[tensor] ?? 0, isNarrow: tensor == narrow)
        var form = TensorForms()
        form.stored = grids[tensor]
        var copies: [TensorForms.Copy] = []
        if let plan {
            for (index, layer) in net.layers.enumerated() where layer.input == tensor {
                let copy = TensorForms.Copy(grid: plan.layers[index].input, isCodes: paths[index] == .integer)
                if copy.grid != .real, !copies.contains(copy) { copies.append(copy) }
            }
        }
        // A narrow input is written in the forms that layers read, others as values first.
        let isWritten = net.graph.inputs.contains(tensor) && tensor != narrow
        if needsValue.contains(tensor) || form.stored != nil || copies.isEmpty || isWritten
            || copies.count > Epilogue.maximumOutputs
        {
            var zeroPoint: Int?
            if case .tensor(let quantizer)? = form.stored, let staysFloat, !staysFloat.contains(tensor) {
                zeroPoint = quantizer.zeroPoint
                form.holdsCodes = true
            }
            form.value = slot(SlotForm(layout: layout, zeroPoint: zeroPoint))
        }
        form.copies = copies.filter { !form.serves($0) }.map {
            ($0, slot(SlotForm(layout: layout, zeroPoint: $0.zeroPoint)))
        }
        forms[tensor] = form
    }

    private mutating func slot(_ form: SlotForm) -> Int {
        // Until it is released: nobody may release it.
        let use = position...Int.max
        if let reused = free[form]?.popLast() {
            uses[reused].append(use)
            return reused
        }
        slots.append(form)
        uses.append([use])
        return slots.count - 1
    }

    private mutating func release(_ tensor: TensorID) {
        guard let form = forms[tensor] else { return }
        for slot in [form.value].compactMap({ $0 }) + form.copies.map(\.slot) {
            free[slots[slot], default: []].append(slot)
            if let use = uses[slot].popLast() { uses[slot].append(use.lowerBound...position) }
        }
    }
}

internal import CKernels
public import Net
internal import Quant

/// One thread's run of a program over small batches of images; its memory is reused from batch to batch.
public final class Execution {
    /// Called with each observed tensor's values while a run passes them.
    public typealias Observer = (TensorID, FeatureMap, Range<Int>) -> Void

    /// The program run.
    public let program: Program
    /// The most images of one run.
    public let capacity: Int

    private let isa: InstructionSet
    private let scratch = Scratch()
    private var maps: [FeatureMap?]
    private var preActivations: [MapLayout: FeatureMap] = [:]

    /// Memory for runs of up to `capacity` images.
    public init(_ program: Program, capacity: Int, isa: InstructionSet) {
        self.program = program
        self.capacity = capacity
        self.isa = isa
        maps = [FeatureMap?](repeating: nil, count: program.slots.count)
    }

    /// Runs the net on a batch and returns the judged output's values, image after image.
    ///
    /// - Parameters:
    ///   - inputs: the preprocessed values of each net input, [image][C][H][W].
    ///   - images: the number of images, at most `capacity`.
    ///   - observer: shown every observed tensor.
    ///   - cancelled: asked between units and tiles.
    /// - Throws: `Cancelled` if `cancelled` returned true.
    public func run(
        _ inputs: [[Float]], images: Int, observer: Observer? = nil, cancelled: () -> Bool = { false }
    ) throws(Cancelled) -> [Float] {
        load(inputs, images: images, observer)
        return try runUnits(from: 0, images: images, observer: observer, cancelled: cancelled)
    }

    /// The same for images at the visiting order's `positions`, from the nearest checkpoint that a cache holds for them.
    func run(
        _ positions: Range<Int>, of source: ImageSource, _ access: CheckpointCache.Access?, cancelled: () -> Bool
    ) throws(Cancelled) -> [Float] {
        guard let access else {
            return try run([source.values(at: positions)], images: positions.count, cancelled: cancelled)
        }
        var start = 0
        if let (checkpoint, snapshot) = access.nearest(positions.lowerBound) {
            restore(snapshot, of: checkpoint.tensor, images: positions.count)
            start = checkpoint.unit + 1
        } else {
            load([source.values(at: positions)], images: positions.count, nil)
        }
        return try runUnits(
            from: start, images: positions.count,
            passed: { unit in
                guard let checkpoint = access.wanted[unit] else { return }
                access.save(
                    self.snapshot(of: checkpoint.tensor, images: positions.count), checkpoint,
                    at: positions.lowerBound)
            }, cancelled: cancelled)
    }

    private func load(_ inputs: [[Float]], images: Int, _ observer: Observer?) {
        precondition(images <= capacity && inputs.count == program.net.graph.inputs.count)
        let batch = 0..<images
        for (tensor, values) in zip(program.net.graph.inputs, inputs) {
            guard let form = program.forms[tensor], let slot = form.value else { continue }
            map(slot).load(planar: values, into: batch)
            finish(tensor, batch)
            observe(tensor, map(slot), batch, observer)
        }
    }

    private func runUnits(
        from start: Int, images: Int, observer: Observer? = nil, passed: (Int) -> Void = { _ in },
        cancelled: () -> Bool
    ) throws(Cancelled) -> [Float] {
        let batch = 0..<images
        for position in start..<program.net.units.count {
            if cancelled() { throw Cancelled() }
            switch program.net.units[position] {
            case .layer(let index): try run(layer: index, batch, observer, cancelled)
            case .operation(let node): run(node, batch, observer)
            }
            passed(position)
        }
        if let constant = program.net.graph.constants[program.logits] {
            // A net may promise an output that does not depend on its input.
            return Array(repeatElement(constant.values, count: images).joined())
        }
        return values(of: program.logits).planar(batch)
    }

    private func snapshot(of tensor: TensorID, images: Int) -> Snapshot {
        Snapshot(
            forms: (program.forms[tensor]?.kept ?? []).map { form in
                map(form.slot).withFloats(of: 0..<images) { floats in
                    guard let grid = form.grid else { return .floats(Array(floats)) }
                    return .codes(
                        [UInt8](unsafeUninitializedCapacity: floats.count) { codes, count in
                            nk_encode(
                                floats.baseAddress, codes.baseAddress, floats.count, 1 / grid.scale,
                                Float(grid.zeroPoint))
                            count = floats.count
                        })
                }
            })
    }

    private func restore(_ snapshot: Snapshot, of tensor: TensorID, images: Int) {
        guard let tensorForms = program.forms[tensor] else { return }
        for (form, values) in zip(tensorForms.kept, snapshot.forms) {
            map(form.slot).withFloats(of: 0..<images) { floats in
                switch values {
                case .floats(let kept): _ = floats.update(fromContentsOf: kept)
                case .codes(let codes):
                    let grid = form.grid ?? (1, 0)
                    nk_decode(codes, floats.baseAddress, codes.count, grid.scale, Float(grid.zeroPoint))
                }
            }
        }
        guard let slot = tensorForms.value else { return }
        for copy in tensorForms.copies { self.copy(map(slot), copy.grid, to: copy.slot, 0..<images) }
    }

    private func observe(_ tensor: TensorID, _ map: FeatureMap, _ batch: Range<Int>, _ observer: Observer?) {
        if let observer, program.observed.contains(tensor) { observer(tensor, map, batch) }
    }

    private func run(
        layer index: Int, _ batch: Range<Int>, _ observer: Observer?, _ cancelled: () -> Bool
    ) throws(Cancelled) {
        let layer = program.net.layers[index]
        guard let input = program.forms[layer.input], let output = program.forms[layer.output] else {
            preconditionFailure("a layer without memory")
        }
        let grid = program.plan?.layers[index].input ?? .real
        let isObserved = layer.preActivation != layer.output && program.observed.contains(layer.preActivation)
        let before = isObserved && observer != nil ? preActivationMap(layer) : nil
        try program.layers[index].convolution.run(
            input: map(input.slot(for: grid)), images: batch, epilogue: program.epilogues[index],
            maps: EpilogueMaps(
                outputs: Program.outputs(of: output).slots.map(map), addend: layer.addend.map(values),
                preActivation: before), isa: isa, scratch: scratch, cancelled: cancelled)
        copyBeyondEpilogue(output, batch)
        if let before { observe(layer.preActivation, before, batch, observer) }
        if let slot = output.value { observe(layer.output, map(slot), batch, observer) }
    }

    private func preActivationMap(_ layer: Layer) -> FeatureMap {
        let layout = MapLayout(program.net.graph[layer.output].shape)
        if let known = preActivations[layout] { return known }
        let map = FeatureMap(layout: layout, capacity: capacity)
        preActivations[layout] = map
        return map
    }

    private func run(_ node: Node, _ batch: Range<Int>, _ observer: Observer?) {
        let operation = MapOperation(node: node, graph: program.net.graph, isa: isa)
        let inputs = node.inputs.map {
            $0.flatMap { program.net.graph.constants[$0] == nil ? values(of: $0) : nil }
        }
        operation.run(inputs, into: node.outputs.map(values), images: batch)
        for output in node.outputs {
            finish(output, batch)
            observe(output, values(of: output), batch, observer)
        }
    }

    /// Rounds values just written to their stored grid and makes the layers' copies.
    private func finish(_ tensor: TensorID, _ batch: Range<Int>) {
        guard let form = program.forms[tensor], let slot = form.value else { return }
        let values = map(slot)
        if let stored = form.stored {
            Epilogue(channels: values.layout.channels, outputs: [.quantized(stored.valueGrid)])
                .apply(to: values, images: batch, maps: EpilogueMaps(outputs: [values]), isa: isa)
        }
        for copy in form.copies { self.copy(values, copy.grid, to: copy.slot, batch) }
    }

    private func copyBeyondEpilogue(_ form: TensorForms, _ batch: Range<Int>) {
        let written = Program.outputs(of: form).slots
        for copy in form.copies where !written.contains(copy.slot) {
            guard let slot = form.value else { preconditionFailure("copies without values") }
            self.copy(map(slot), copy.grid, to: copy.slot, batch)
        }
    }

    private func copy(_ values: FeatureMap, _ grid: ActivationGrid, to slot: Int, _ batch: Range<Int>) {
        Epilogue(channels: values.layout.channels, outputs: [.quantized(grid.copyGrid)])
            .apply(to: values, images: batch, maps: EpilogueMaps(outputs: [map(slot)]), isa: isa)
    }

    private func values(of tensor: TensorID) -> FeatureMap {
        guard let slot = program.forms[tensor]?.value else { preconditionFailure("values that are not kept") }
        return map(slot)
    }

    private func map(_ slot: Int) -> FeatureMap {
        if let known = maps[slot] { return known }
        let map = FeatureMap(layout: program.slots[slot], capacity: capacity)
        maps[slot] = map
        return map
    }
}

internal import CKernels
public import Net
internal import Quant

/// One thread's run of a program over small batches of images; its memory is reused from batch to batch.
public final class Execution {
    /// Called with each observed tensor's values while a run passes them, and whether these are a layer's sums, to which its
    /// activation is still to be applied: an observer that has done that, in place, returns `true`.
    public typealias Observer = (TensorID, FeatureMap, Range<Int>, _ isBeforeActivation: Bool) -> Bool

    /// The program run.
    public let program: Program
    /// The most images of one run.
    public let capacity: Int

    private let isa: InstructionSet
    private let scratch = Scratch()
    let memory: SlotMemory
    private var knownInputCodes: InputCodes?
    /// What fills each map of a narrow input.
    private var narrowMaps: [(values: InputValues, slot: Int)] = []
    /// Operands of the operation that runs, where tensors are stored as codes: by layout and place.
    private var operands: [Operand: FeatureMap] = [:]

    /// What makes floats of codes, by the number of channels.
    private var decoding: [Int: Epilogue] = [:]

    private struct Operand: Hashable {
        let layout: MapLayout
        let place: Int
    }

    /// Memory for runs of up to `capacity` images.
    public init(_ program: Program, capacity: Int, isa: InstructionSet) {
        self.program = program
        self.capacity = capacity
        self.isa = isa
        memory = SlotMemory(program, capacity: capacity)
        guard let narrow = program.narrowInput, let form = program.forms[narrow] else { return }
        narrowMaps = form.value.map { [(InputValues(.real), $0)] } ?? []
        narrowMaps += form.copies.map { (InputValues($0.key.grid), $0.slot) }
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
    ///
    /// - Throws: `Cancelled`, or why one of the images cannot be read.
    func run(
        _ positions: Range<Int>, of source: ImageSource, _ access: CheckpointCache.Access?, cancelled: () -> Bool
    ) throws -> [Float] {
        guard let access else {
            try load(positions, of: source)
            return try runUnits(from: 0, images: positions.count, cancelled: cancelled)
        }
        var start = 0
        if let (checkpoint, snapshot) = access.nearest(positions) {
            restore(snapshot, of: checkpoint.tensor, images: positions.count)
            start = checkpoint.unit + 1
        } else {
            try load(positions, of: source)
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

    /// Takes images in, from their bytes at once if the net reads nothing but their codes.
    private func load(_ positions: Range<Int>, of source: ImageSource) throws {
        precondition(positions.count <= capacity)
        if try !loadCodes(positions, of: source), try !loadNarrow(positions, of: source) {
            load([try source.values(at: positions)], images: positions.count, nil)
        }
    }

    private func loadCodes(_ positions: Range<Int>, of source: ImageSource) throws -> Bool {
        guard source.layout == .nchw, let input = program.inputCodes, let form = program.forms[input.tensor],
            let codes = inputCodes(for: source), case .codes(let map) = memory[form.slot(for: input.copy)]
        else { return false }
        return try positions.enumerated().allSatisfy { image, position in
            try codes.load(source.order[position], of: source.images, into: map, image: image, isa: isa)
        }
    }

    private func loadNarrow(_ positions: Range<Int>, of source: ImageSource) throws -> Bool {
        guard source.layout == .nchw, !narrowMaps.isEmpty else { return false }
        for index in narrowMaps.indices {
            let map = floats(narrowMaps[index].slot)
            for (image, position) in positions.enumerated() {
                guard
                    try narrowMaps[index].values.load(source.order[position], of: source, into: map, image: image)
                else { return false }
            }
        }
        return true
    }

    private func inputCodes(for source: ImageSource) -> InputCodes? {
        guard let input = program.inputCodes, case .tensor(let quantizer) = input.copy.grid else { return nil }
        if let known = knownInputCodes, known.serve(source.preprocessing, quantizer) { return known }
        knownInputCodes = InputCodes(source.preprocessing, quantizer, channels: source.images.channels)
        return knownInputCodes
    }

    /// Takes the net inputs in.
    func load(_ inputs: [[Float]], images: Int, _ observer: Observer?) {
        precondition(images <= capacity && inputs.count == program.net.graph.inputs.count)
        let batch = 0..<images
        for (tensor, values) in zip(program.net.graph.inputs, inputs) {
            memory.claim(tensor, batch)
            if tensor == program.narrowInput {
                for map in narrowMaps { map.values.load(planar: values, into: floats(map.slot), images: batch) }
                continue
            }
            guard let form = program.forms[tensor], let slot = form.value else { continue }
            let map = floats(slot)
            if program.net.graph[tensor].shape.count > 0 { map.load(planar: values, into: batch) }
            finish(tensor, map, batch)
            observe(tensor, map, batch, observer)
        }
    }

    /// Runs the net from a unit on; `passed` is told of every unit that is done.
    func runUnits(
        from start: Int, images: Int, observer: Observer? = nil, passed: (Int) -> Void = { _ in },
        cancelled: () -> Bool
    ) throws(Cancelled) -> [Float] {
        let batch = 0..<images
        var position = start
        while position < program.net.units.count {
            if cancelled() { throw Cancelled() }
            if program.banded.contains(position) {
                try runBands(position, batch, cancelled)
                passed(position)
                passed(position + 1)
                position += 2
                continue
            }
            switch program.net.units[position] {
            case .layer(let index):
                memory.claim(program.net.layers[index].output, batch)
                try run(layer: index, batch, observer, cancelled)
            case .operation(let node):
                for output in node.outputs { memory.claim(output, batch) }
                run(node, batch, observer)
            }
            passed(position)
            position += 1
        }
        if let constant = program.net.graph.constants[program.logits] {
            // A net may promise an output that does not depend on its input.
            return Array(repeatElement(constant.values, count: images).joined())
        }
        return floats(of: program.logits).planar(batch)
    }

    /// The values of one of the net's outputs after a run, image after image.
    public func output(_ index: Int, images: Int) -> [Float] {
        let tensor = program.net.graph.outputs[index]
        if let constant = program.net.graph.constants[tensor] {
            return Array(repeatElement(constant.values, count: images).joined())
        }
        return program.net.graph[tensor].shape.count == 0 ? [] : floats(of: tensor).planar(0..<images)
    }

    private func observe(_ tensor: TensorID, _ map: FeatureMap, _ batch: Range<Int>, _ observer: Observer?) {
        if let observer, program.observed.contains(tensor) { _ = observer(tensor, map, batch, false) }
    }

    private func run(
        layer index: Int, _ batch: Range<Int>, _ observer: Observer?, _ cancelled: () -> Bool
    ) throws(Cancelled) {
        let step = program.steps[index]
        try program.layers[index].convolution.run(
            input: map(step.input), images: batch, epilogue: step.epilogue,
            maps: EpilogueMaps(
                stored: step.outputs.map { map($0) }, addend: step.addend.map { map($0.slot, step: $0.step) }),
            isa: isa, scratch: scratch, cancelled: cancelled)
        if step.outputs.count >= Epilogue.maximumOutputs, let form = program.forms[program.net.layers[index].output]
        {
            copyBeyondEpilogue(form, batch)
        }
        if let activation = program.activations[index] {
            let layer = program.net.layers[index]
            let values = floats(of: layer.output)
            if observer?(layer.preActivation, values, batch, true) != true {
                activation.apply(to: values, images: batch, maps: EpilogueMaps(outputs: [values]), isa: isa)
            }
        }
        // Looking is for calibration only; the layer itself, with its weights, is not needed otherwise.
        guard observer != nil else { return }
        let output = program.net.layers[index].output
        if program.observed.contains(output) { observe(output, floats(of: output), batch, observer) }
    }

    /// Runs two layers that follow one another in bands of rows.
    private func runBands(
        _ position: Int, _ batch: Range<Int>, _ cancelled: () -> Bool
    ) throws(Cancelled) {
        let calls = program.net.units[position...position + 1].map { unit in
            guard case .layer(let index) = unit else { preconditionFailure("bands are of layers") }
            let step = program.steps[index]
            return PreparedConvolution.Call(
                convolution: program.layers[index].convolution, epilogue: step.epilogue,
                input: map(step.input),
                maps: EpilogueMaps(
                    stored: step.outputs.map { map($0) }, addend: step.addend.map { map($0.slot, step: $0.step) }))
        }
        try PreparedConvolution.run(
            calls[0], calls[1], images: batch, isa: isa, scratch: scratch, cancelled: cancelled)
    }

    private func run(_ node: Node, _ batch: Range<Int>, _ observer: Observer?) {
        if runOnCodes(node, batch) { return }
        let operation = MapOperation(node: node, graph: program.net.graph, isa: isa)
        let inputs = node.inputs.enumerated().map { place, tensor in
            tensor.flatMap { program.net.graph.constants[$0] == nil ? decoded($0, place, batch) : nil }
        }
        let outputs = node.outputs.enumerated().map { target(of: $1, node.inputs.count + $0) }
        operation.run(inputs, into: outputs, images: batch)
        for (output, map) in zip(node.outputs, outputs) {
            finish(output, map, batch)
            observe(output, map, batch, observer)
        }
    }

    /// Runs a maximum or a movement over codes; `false` if the node is something else, or another grid is involved.
    private func runOnCodes(_ node: Node, _ batch: Range<Int>) -> Bool {
        guard let inputs = storedCodes(node.inputs), let outputs = storedCodes(node.outputs),
            let grid = inputs.first?.grid, (inputs + outputs).allSatisfy({ $0.grid == grid })
        else { return false }
        if case .maxPool(let window) = node.operation {
            maximum(window, of: inputs[0].map, into: outputs[0].map, batch)
        } else if let movement = Movement(node, program.net.graph) {
            movement.run(inputs.map(\.map), into: outputs.map(\.map), images: batch)
        } else {
            return false
        }
        for output in node.outputs { makeCopies(of: output, batch) }
        return true
    }

    /// Maps and grids of tensors, if all of them are stored as codes.
    private func storedCodes(_ tensors: [TensorID?]) -> [(map: CodeMap, grid: ActivationGrid)]? {
        var result: [(map: CodeMap, grid: ActivationGrid)] = []
        for tensor in tensors {
            guard let tensor, let form = program.forms[tensor], let slot = form.value, let grid = form.stored,
                case .codes(let map) = memory[slot]
            else { return nil }
            result.append((map, grid))
        }
        return result
    }

    private func maximum(_ window: Window, of input: CodeMap, into output: CodeMap, _ batch: Range<Int>) {
        let layout = output.layout
        let tile = NKTile(
            firstImage: 0, endImage: 1, firstBlock: 0, endBlock: Int32(layout.blocks), firstRow: 0,
            endRow: Int32(layout.height), pixels: Int32(layout.width))
        for image in batch {
            nk_maximum_codes(
                StoredMap.codes(input, step: 1).view(image: image), Int32(input.layout.height),
                Int32(input.layout.width), StoredMap.codes(output, step: 1).view(image: image), tile,
                Int32(window.kernel.height), Int32(window.kernel.width), Int32(window.strides.height),
                Int32(window.strides.width), Int32(window.dilations.height), Int32(window.dilations.width),
                Int32(window.padding.top), Int32(window.padding.left))
        }
    }

    /// Stores values just computed, rounded to their grid, and makes the layers' copies.
    private func finish(_ tensor: TensorID, _ values: FeatureMap, _ batch: Range<Int>) {
        guard let form = program.forms[tensor] else { return }
        let isStoredAsIs = form.stored == nil && form.copies.isEmpty
        guard let (epilogue, slots) = program.storing[tensor], !isStoredAsIs else { return }
        epilogue.apply(to: values, images: batch, maps: EpilogueMaps(stored: slots.map { map($0) }), isa: isa)
        copyBeyondEpilogue(form, batch)
    }

    private func copyBeyondEpilogue(_ form: TensorForms, _ batch: Range<Int>) {
        guard form.copies.count >= Epilogue.maximumOutputs else { return }
        let written = Program.outputs(of: form).slots
        for copy in form.copies where !written.contains(copy.slot) { self.copy(form, copy, batch) }
    }

    func makeCopies(of tensor: TensorID, _ batch: Range<Int>) {
        guard let form = program.forms[tensor] else { return }
        for copy in form.copies { self.copy(form, copy, batch) }
    }

    private func copy(_ form: TensorForms, _ copy: (key: TensorForms.Copy, slot: Int), _ batch: Range<Int>) {
        guard let slot = form.value else { preconditionFailure("copies without values") }
        let values = map(slot, step: form.storedStep)
        Epilogue(channels: values.layout.channels, outputs: [.quantized(copy.key.grid.copyGrid)])
            .apply(to: values, images: batch, maps: EpilogueMaps(stored: [map(copy.slot)]), isa: isa)
    }

    /// Where a tensor's values are.
    private func values(of tensor: TensorID) -> StoredMap {
        guard let form = program.forms[tensor], let slot = form.value else {
            preconditionFailure("values that are not kept")
        }
        return map(slot, step: form.storedStep)
    }

    /// The values of a tensor that is kept in floats.
    private func floats(of tensor: TensorID) -> FeatureMap {
        guard case .floats(let map) = values(of: tensor) else { preconditionFailure("values kept as codes") }
        return map
    }

    /// The values of a tensor as floats, decoded if they are stored as codes.
    private func decoded(_ tensor: TensorID, _ place: Int, _ batch: Range<Int>) -> FeatureMap {
        let stored = values(of: tensor)
        if case .floats(let map) = stored { return map }
        let map = operand(stored.layout, place)
        let channels = stored.layout.channels
        let epilogue = decoding[channels] ?? Epilogue(channels: channels)
        decoding[channels] = epilogue
        epilogue.apply(to: stored, images: batch, maps: EpilogueMaps(outputs: [map]), isa: isa)
        return map
    }

    /// Where an operation writes a tensor's values in floats.
    private func target(of tensor: TensorID, _ place: Int) -> FeatureMap {
        let stored = values(of: tensor)
        if case .floats(let map) = stored { return map }
        return operand(stored.layout, place)
    }

    private func operand(_ layout: MapLayout, _ place: Int) -> FeatureMap {
        let key = Operand(layout: layout, place: place)
        if let known = operands[key] { return known }
        let map = FeatureMap(layout: layout, capacity: capacity)
        operands[key] = map
        return map
    }

    private func floats(_ slot: Int) -> FeatureMap {
        guard case .floats(let map) = memory[slot] else { preconditionFailure("a slot of codes") }
        return map
    }

    /// A slot's map; `step` is what one unit of its codes stands for, where somebody reads values.
    private func map(_ slot: Int, step: Float = 1) -> StoredMap {
        switch memory[slot] {
        case .floats(let map): .floats(map)
        case .codes(let map): .codes(map, step: step)
        }
    }
}

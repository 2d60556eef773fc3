import Net
import OnnxProto

/// The reading of one model: names become tensors, nodes become operators, shape arithmetic becomes numbers.
struct Importer {
    /// What is known of a name.
    enum Value {
        /// A value known at load.
        case constant(Constant)
        /// A tensor computed in a run.
        case runtime(TensorID)
    }

    let opset: Int
    let options: ImportOptions
    private let model: OnnxModel
    private let name: String
    private let decoder: TensorDecoder

    private var values: [String: Value] = [:]
    /// The batch size that the file fixes for its inputs, if it does.
    var declaredBatch: Int?
    private(set) var tensors: [TensorDescription] = []
    private var constants: [TensorID: Tensor] = [:]
    private(set) var nodes: [Node] = []
    private var usedNames: Set<String> = []
    /// The graph's own identifier of a constant that several nodes read.
    private var constantIDs: [String: TensorID] = [:]

    /// Tensors rounded to codes, by the names of the codes.
    var codes: [String: Codes] = [:]
    /// What the file says of tensors that were rounded.
    var quantizers: [TensorID: StoredQuantizer] = [:]
    /// The same for constants, by name.
    var storedCodes: [String: StoredQuantizer] = [:]
    /// ONNX's number of the type of constants that are codes, and the values they are clipped to.
    var codeTypes: [String: Int32] = [:]
    var codeBounds: [String: ClosedRange<Float>] = [:]
    /// The node that writes each tensor.
    private(set) var writers: [TensorID: Int] = [:]

    /// What is known of net inputs, for operators that need to know it at load.
    private var known: [String: Constant] = [:]

    init(
        model: OnnxModel, name: String, decoder: TensorDecoder, options: ImportOptions = ImportOptions()
    ) throws(OnnxError) {
        self.model = model
        self.options = options
        self.name = name
        self.decoder = decoder
        let version = model.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }?.version ?? 0
        guard version >= 1, version < 1000 else { throw .opset(version: Int(clamping: version)) }
        opset = Int(version)
    }

    mutating func run() throws(OnnxError) -> Graph {
        guard !model.graph.output.isEmpty else { throw .emptyGraph }
        if let sparse = model.graph.sparseInitializer.first {
            throw .tensor(name: sparse.values.name, reason: "it is sparse; export it dense")
        }
        for initializer in model.graph.initializer {
            values[initializer.name] = .constant(try decoder.decode(initializer))
        }
        var inputs: [TensorID] = []
        let real = model.graph.input.filter { values[$0.name] == nil }
        try checkOptions(real)
        for input in real {
            if let value = options.fixed[input.name] {
                values[input.name] = .constant(try fixed(input, value))
                continue
            }
            if let given = options.given[input.name]?.constant {
                if case .integer = given {
                    values[input.name] = .constant(given)
                    continue
                }
                known[input.name] = given
            }
            let shape = try inputShape(input)
            let id = declare(input.name, shape: shape)
            values[input.name] = .runtime(id)
            inputs.append(id)
        }
        for node in try NodeOrder(of: model.graph.node, known: Set(values.keys)).nodes { try read(node) }
        var outputs: [TensorID] = []
        for output in model.graph.output {
            guard let value = values[output.name] else {
                throw .unresolved(node: "output", tensor: output.name)
            }
            outputs.append(self.output(value, named: output.name, beside: inputs + outputs))
        }
        do {
            let graph = try Graph(
                name: name, tensors: tensors, constants: constants, inputs: inputs, outputs: outputs, nodes: nodes,
                quantizers: quantizers)
            var transpositions = Transpositions(graph)
            return try transpositions.run()
        } catch {
            throw .unresolved(node: "graph", tensor: "\(error)")
        }
    }

    /// The tensor of an output, which has the output's name: what only renames it is resolved when a file is read.
    private mutating func output(_ value: Value, named name: String, beside others: [TensorID]) -> TensorID {
        let id = id(of: value, named: name)
        let description = tensors[id.index]
        guard description.name != name else { return id }
        guard others.contains(id) else {
            tensors[id.index] = TensorDescription(
                name: name, shape: description.shape, isBatched: description.isBatched)
            return id
        }
        let own = declare(name, shape: description.shape, isBatched: description.isBatched)
        append(Node(name: uniqueName(name), operation: .reshape, inputs: [id], outputs: [own]))
        return own
    }

    /// Whether tensors without elements may be computed: in a net for images they are a mistake.
    var allowsEmpty: Bool { options.keepsBatch }

    // MARK: Names and values

    /// The shape of what a value holds, for one image.
    func shape(of value: Value) -> Shape {
        switch value {
        case .constant(let constant): constant.shape
        case .runtime(let id): tensors[id.index].shape
        }
    }

    private mutating func declare(_ name: String, shape: Shape, isBatched: Bool = true) -> TensorID {
        tensors.append(TensorDescription(name: name, shape: shape, isBatched: isBatched))
        return TensorID(tensors.count - 1)
    }

    /// The graph's tensor for a value; a constant is stored when it is first read by a node that runs.
    mutating func id(of value: Value, named name: String) -> TensorID {
        switch value {
        case .runtime(let id): return id
        case .constant(let constant):
            if let known = constantIDs[name] { return known }
            let id = declare(name, shape: constant.shape, isBatched: false)
            constants[id] = constant.real
            constantIDs[name] = id
            quantizers[id] = storedCodes[name]
            return id
        }
    }

    /// Appends a node that runs on some of the inputs of the node read, and declares its outputs.
    mutating func emit(
        _ context: NodeContext, _ operation: Operator, inputs: [Int?], shapes: [Shape]
    ) throws(OnnxError) {
        var ids: [TensorID?] = []
        for index in inputs {
            if let index, let value = context.values[index] {
                ids.append(id(of: value, named: context.proto.input[index]))
            } else {
                ids.append(nil)
            }
        }
        emit(context, operation, ids: ids, shapes: shapes)
    }

    /// Appends a node that runs between others which one node of the file stands for.
    mutating func intermediate(
        _ context: NodeContext, _ operation: Operator, _ inputs: [TensorID?], _ shape: Shape
    ) -> TensorID {
        let name = uniqueName("\(context.name).\(operation.name)")
        let output = declare(name, shape: shape)
        append(Node(name: name, operation: operation, inputs: inputs, outputs: [output]))
        return output
    }

    /// Appends a node that runs, and declares the outputs of the node read; one that changes nothing only renames.
    mutating func emit(_ context: NodeContext, _ operation: Operator, ids: [TensorID?], shapes: [Shape]) {
        if shapes.count == 1, let source = ids.first ?? nil,
            operation.changesNothing(of: tensors[source.index].shape, into: shapes[0])
        {
            alias(context, to: .runtime(source))
            return
        }
        var outputs: [TensorID] = []
        for (index, shape) in shapes.enumerated() {
            let name = index < context.proto.output.count ? context.proto.output[index] : ""
            let id = declare(name.isEmpty ? "\(context.name):\(index)" : name, shape: shape)
            if !name.isEmpty { values[name] = .runtime(id) }
            outputs.append(id)
        }
        append(Node(name: context.name, operation: operation, inputs: ids, outputs: outputs))
    }

    private mutating func append(_ node: Node) {
        for output in node.outputs { writers[output] = nodes.count }
        nodes.append(node)
    }

    /// What is known of a name.
    func value(named name: String) -> Value? { values[name] }

    /// Makes an output another name of a value already known.
    mutating func alias(_ context: NodeContext, to value: Value) {
        if let output = context.proto.output.first { values[output] = value }
    }

    /// Gives a name a value known at load.
    mutating func values(_ name: String, are constant: Constant) { values[name] = .constant(constant) }

    /// Gives an output a value known at load.
    mutating func define(_ context: NodeContext, _ constant: Constant) { alias(context, to: .constant(constant)) }

    /// The element type that the file gives a tensor, if it says one.
    func elementType(of name: String) -> Int32? {
        if let stored = model.graph.initializer.first(where: { $0.name == name }) { return stored.dataType }
        if let input = model.graph.input.first(where: { $0.name == name }) {
            return input.type.tensorType.elemType
        }
        for node in model.graph.node where node.output.contains(name) && node.opType == "Constant" {
            return node.attribute.first { $0.name == "value" }?.t.dataType
        }
        return nil
    }

    /// The values of a tensor stored in an attribute.
    func decode(_ tensor: OnnxTensor) throws(OnnxError) -> Constant { try decoder.decode(tensor) }

    // MARK: Nodes

    private mutating func read(_ proto: OnnxNode) throws(OnnxError) {
        let label = uniqueName(proto)
        guard proto.domain.isEmpty || proto.domain == "ai.onnx" else {
            throw .unsupportedOperator(node: label, type: proto.opType, domain: proto.domain, opset: opset)
        }
        var inputs: [Value?] = []
        for input in proto.input {
            if input.isEmpty {
                inputs.append(nil)
            } else if let value = values[input] {
                inputs.append(value)
            } else {
                throw .unresolved(node: label, tensor: input)
            }
        }
        let context = NodeContext(
            name: label, proto: proto, attributes: Attributes(proto, name: label, opset: opset), values: inputs,
            known: proto.input.map { known[$0] })
        for (output, used) in zip(proto.output.dropFirst(), proto.output.dropFirst().map(isRead))
        where used
            && !["Split", "Dropout", "BatchNormalization", "MaxPool", "LayerNormalization"].contains(proto.opType)
        {
            throw context.attributes.unsupported("its output '\(output)' is not supported")
        }
        if try fold(context) { noteStoredCodes(context) } else { try importRuntime(context) }
    }

    func isRead(_ name: String) -> Bool {
        !name.isEmpty
            && (model.graph.output.contains { $0.name == name }
                || model.graph.node.contains { $0.input.contains(name) })
    }

    private mutating func uniqueName(_ node: OnnxNode) -> String {
        uniqueName(node.name.isEmpty ? node.output.first { !$0.isEmpty } ?? node.opType : node.name)
    }

    private mutating func uniqueName(_ base: String) -> String {
        var name = base
        var suffix = 2
        while !usedNames.insert(name).inserted {
            name = "\(base)_\(suffix)"
            suffix += 1
        }
        return name
    }
}

extension Operator {
    /// Whether the result for an input of one shape is the input itself.
    fileprivate func changesNothing(of input: Shape, into output: Shape) -> Bool {
        guard input == output else { return false }
        switch self {
        case .reshape, .expand: return true
        case .slice(let starts, let steps): return starts.allSatisfy { $0 == 0 } && steps.allSatisfy { $0 == 1 }
        case .pad(let before, let after, _): return (before + after).allSatisfy { $0 == 0 }
        case .resample(let axes): return axes.isEmpty
        case .concatenate, .tile: return true
        default: return false
        }
    }
}

/// Identifies one tensor of a graph: an index into `Graph.tensors`.
public struct TensorID: Hashable, Sendable, Comparable {
    /// The position in `Graph.tensors`.
    public let index: Int
    /// The identifier of the tensor at `index`.
    public init(_ index: Int) { self.index = index }
    /// Orders by position.
    public static func < (left: TensorID, right: TensorID) -> Bool { left.index < right.index }
}

/// The name and shape of one tensor of a graph.
public struct TensorDescription: Hashable, Sendable {
    /// The tensor's name in the file (made up where the file has none).
    public let name: String
    /// The shape for one image: a batched tensor has its leading dimension times the number of images.
    public let shape: Shape
    /// Whether the leading dimension grows with the batch; constants and what depends only on them do not.
    public let isBatched: Bool

    /// A description from its parts.
    public init(name: String, shape: Shape, isBatched: Bool) {
        self.name = name
        self.shape = shape
        self.isBatched = isBatched
    }
}

/// One operation of a graph.
public struct Node: Hashable, Sendable {
    /// The node's name, unique in its graph and never empty.
    public let name: String
    /// What it computes.
    public let operation: Operator
    /// The tensors read; `nil` where an optional input is absent.
    public let inputs: [TensorID?]
    /// The tensors written.
    public let outputs: [TensorID]

    /// A node from its parts.
    public init(name: String, operation: Operator, inputs: [TensorID?], outputs: [TensorID]) {
        self.name = name
        self.operation = operation
        self.inputs = inputs
        self.outputs = outputs
    }
}

/// A validated net: nodes in topological order over tensors of known shape.
///
/// Invariants: every node input is a graph input, a constant, or the output of an earlier node; no tensor is written
/// twice; every graph output exists; a constant's shape is its description's.
public struct Graph: Sendable {
    /// The net's name (the file's name without its extension).
    public let name: String
    /// Every tensor, by `TensorID`.
    public let tensors: [TensorDescription]
    /// The values known at load: weights, biases, shapes already resolved.
    public let constants: [TensorID: Tensor]
    /// The tensors a caller provides: graph inputs minus initializers.
    public let inputs: [TensorID]
    /// The tensors a caller may read.
    public let outputs: [TensorID]
    /// The operations, each after those it depends on.
    public let nodes: [Node]
    /// What a file that is already quantized says of its tensors, constants among them.
    public let quantizers: [TensorID: StoredQuantizer]

    /// Validates and stores a graph.
    public init(
        name: String, tensors: [TensorDescription], constants: [TensorID: Tensor], inputs: [TensorID],
        outputs: [TensorID], nodes: [Node], quantizers: [TensorID: StoredQuantizer] = [:]
    ) throws(GraphError) {
        var written = Set(inputs).union(constants.keys)
        for id in written where !tensors.indices.contains(id.index) { throw .unknownTensor(index: id.index) }
        for (id, value) in constants where value.shape != tensors[id.index].shape {
            throw .wrongConstantShape(tensor: tensors[id.index].name)
        }
        for node in nodes {
            for input in node.inputs.compactMap({ $0 }) where !written.contains(input) {
                throw .readBeforeWritten(node: node.name, tensor: Graph.name(of: input, in: tensors))
            }
            for output in node.outputs {
                guard tensors.indices.contains(output.index) else { throw .unknownTensor(index: output.index) }
                guard written.insert(output).inserted else {
                    throw .writtenTwice(node: node.name, tensor: tensors[output.index].name)
                }
            }
        }
        for output in outputs where !written.contains(output) {
            throw .missingOutput(tensor: Graph.name(of: output, in: tensors))
        }
        self.name = name
        self.tensors = tensors
        self.constants = constants
        self.inputs = inputs
        self.outputs = outputs
        self.nodes = nodes
        self.quantizers = quantizers
    }

    /// The description of one tensor.
    public subscript(id: TensorID) -> TensorDescription { tensors[id.index] }

    private static func name(of id: TensorID, in tensors: [TensorDescription]) -> String {
        tensors.indices.contains(id.index) ? tensors[id.index].name : "#\(id.index)"
    }
}

/// Why a graph is not valid.
public enum GraphError: Error, Hashable, Sendable {
    case unknownTensor(index: Int)
    case wrongConstantShape(tensor: String)
    /// Also the sign of a cycle: no order of the nodes exists.
    case readBeforeWritten(node: String, tensor: String)
    case writtenTwice(node: String, tensor: String)
    case missingOutput(tensor: String)
}

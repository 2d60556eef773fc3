/// Why an ONNX file could not become a graph.
public enum OnnxError: Error, Hashable, Sendable {
    /// The file could not be opened or read.
    case unreadable(path: String, reason: String)
    /// The bytes are not an ONNX model.
    case notAModel(path: String)
    /// The model holds no graph, or one without outputs.
    case emptyGraph
    /// The default operator set's version is missing.
    case opset(version: Int)
    /// An operator outside the supported set.
    case unsupportedOperator(node: String, type: String, domain: String, opset: Int)
    /// A supported operator in a form that nibble does not run.
    case unsupported(node: String, type: String, opset: Int, reason: String)
    /// An operator whose attributes, inputs or shapes contradict each other.
    case malformed(node: String, type: String, reason: String)
    /// A stored tensor that is damaged or of an unsupported type.
    case tensor(name: String, reason: String)
    /// A net input whose shape has to be known and is not.
    case unknownDimension(input: String, axis: Int, shape: String)
    /// A shape or value that the caller gives an input, and that does not fit the file.
    case input(name: String, reason: String)
    /// A tensor that no node, initializer or input provides; also the sign of a cycle.
    case unresolved(node: String, tensor: String)
}

extension OnnxError: CustomStringConvertible {
    /// What is wrong, where, and what to do about it, in one line.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
        case .notAModel(let path):
            "\(path) is not an ONNX model or is damaged: export or copy it again"
        case .emptyGraph: "the model holds no graph with an output: export it again"
        case .opset(let version):
            "the model uses operator set \(version); which nibble does not know: export the net again with a numbered set"
        case .unsupportedOperator(let node, let type, let domain, let opset):
            "node '\(node)': operator \(domain.isEmpty ? "" : domain + ".")\(type) (opset \(opset)) is not supported: "
                + "export the net without it (the README lists the operators that are)"
        case .unsupported(let node, let type, let opset, let reason):
            "node '\(node)': \(type) (opset \(opset)) is not supported in this form: \(reason)"
        case .malformed(let node, let type, let reason):
            "node '\(node)' (\(type)) is malformed: \(reason); export the model again"
        case .tensor(let name, let reason): "tensor '\(name)': \(reason)"
        case .unknownDimension(let input, let axis, let shape):
            "input '\(input)' leaves dimension \(axis) of [\(shape)] open: name its shape, such as --shape 1,3,224,224"
        case .input(let name, let reason): "input '\(name)': \(reason)"
        case .unresolved(let node, let tensor):
            "node '\(node)' reads '\(tensor)', which nothing before it provides (a missing tensor or a cycle)"
        }
    }
}

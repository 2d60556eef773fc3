public import Net
import OnnxProto

/// One tensor in a file of its own (`.pb`), as ONNX's test data has them.
public struct TensorFile: Sendable {
    /// The name that the file gives it, often empty.
    public let name: String
    let constant: Constant

    /// Reads a file.
    ///
    /// - Parameter elementType: ONNX's number of the type that the model gives the tensor; files that predate a type hold
    ///   its bits as integers.
    public init(path: String, elementType: Int = 0) throws(OnnxError) {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        guard var tensor = file.decoded(OnnxTensor.self) else { throw .notAModel(path: path) }
        name = tensor.name
        if elementType == 16, tensor.dataType == 4 { tensor.dataType = 16 }
        constant = try TensorDecoder(directory: MappedFile.directory(of: path), refusesNonFinite: false).decode(
            tensor)
    }

    /// The shape.
    public var shape: Shape { constant.shape }
    /// Whether it holds whole numbers or truth values.
    public var isInteger: Bool { constant.integers != nil }
    /// The values in double precision.
    public var values: [Double] { constant.doubles }
    /// The values in single precision.
    public var tensor: Tensor { constant.real }
}

/// What a model is made of, without importing it.
public struct ModelSummary: Sendable {
    /// The operators of all nodes, with their domains where these are not the default one.
    public let operators: Set<String>
    /// Inputs without initializers, in the file's order, with ONNX's numbers of their types.
    public let inputs: [(name: String, elementType: Int)]
    /// The types of the outputs.
    public let outputTypes: [Int]
    /// The types of inputs and outputs that are no tensors: sequences and optional values.
    public let hasOtherThanTensors: Bool
    /// Whether an input or output holds text.
    public let hasText: Bool
    /// Nodes that compute as in training.
    public let trains: Bool

    /// Reads a file.
    public init(path: String) throws(OnnxError) {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        guard let model = file.decoded(OnnxModel.self), model.hasGraph else { throw .notAModel(path: path) }
        let isDefault: (String) -> Bool = { $0.isEmpty || $0 == "ai.onnx" }
        operators = Set(model.graph.node.map { isDefault($0.domain) ? $0.opType : "\($0.domain).\($0.opType)" })
        let stored = Set(model.graph.initializer.map(\.name))
        inputs = model.graph.input.filter { !stored.contains($0.name) }
            .map { ($0.name, Int($0.type.tensorType.elemType)) }
        outputTypes = model.graph.output.map { Int($0.type.tensorType.elemType) }
        let ends = model.graph.input + model.graph.output
        hasOtherThanTensors = ends.contains { !$0.type.hasTensorType }
        hasText = ends.contains { $0.type.tensorType.elemType == 8 }
        trains = model.graph.node.contains { node in
            node.attribute.contains { $0.name == "training_mode" && $0.i != 0 }
                || node.opType == "Dropout" && node.input.count > 2 && !node.input[2].isEmpty
        }
    }

    /// The operators of the default domain that nibble reads.
    public static let supportedOperators: Set<String> = Set(
        """
        Conv ConvTranspose Gemm MatMul Add Sub Mul Div Sum Pow Sqrt Exp Log Neg Abs Max Min Mean Reciprocal Relu \
        LeakyRelu PRelu Clip Sigmoid HardSigmoid HardSwish Tanh Elu Selu Softplus Mish Erf Gelu Softmax LogSoftmax \
        BatchNormalization InstanceNormalization LayerNormalization LRN LpNormalization MaxPool AveragePool \
        GlobalAveragePool GlobalMaxPool ReduceMean ReduceSum ReduceMax ReduceMin Concat Split Slice Pad Resize Upsample \
        DepthToSpace SpaceToDepth Reshape Flatten Transpose Squeeze Unsqueeze Expand Tile Gather Shape Size Constant \
        ConstantOfShape Range Cast Identity Dropout ArgMax Where Equal Less Greater Not And Or Floor Ceil Round Sign \
        QuantizeLinear DequantizeLinear
        """.split(separator: " ").map(String.init))
}

internal import FoundationEssentials
public import Net
internal import OnnxProto
internal import SwiftProtobuf

/// Writes graphs as ONNX files.
public enum OnnxWriter {
    /// The version of the default operator set that files name.
    static let opset = 17
    /// TensorProto's number for 32-bit floats.
    private static let floatType: Int32 = 1

    /// A graph as a model: operator set 17, weights inside, the batch size left open.
    ///
    /// The same graph gives the same bytes.     /// Operators of plain convolutional nets are written: Conv, Gemm, BatchNormalization, Relu, Clip, Add, the pools, Flatten.
    /// - Throws: `OnnxWritingError` for any other.
    public static func bytes(of graph: Graph) throws(OnnxWritingError) -> [UInt8] {
        var model = OnnxModel()
        model.irVersion = 8
        model.producerName = "nibble"
        var set = OnnxOperatorSet()
        set.version = Int64(opset)
        model.opsetImport = [set]
        model.graph.name = graph.name
        model.graph.input = graph.inputs.map { value(graph[$0]) }
        model.graph.output = graph.outputs.map { value(graph[$0]) }
        var added: [OnnxTensor] = []
        for node in graph.nodes { model.graph.node.append(try self.node(node, graph, &added)) }
        model.graph.initializer =
            graph.constants.sorted { $0.key < $1.key }.map { tensor(graph[$0.key].name, $0.value) } + added
        do {
            return try model.serializedBytes()
        } catch {
            throw .tooLarge
        }
    }

    private static func value(_ description: TensorDescription) -> OnnxValueInfo {
        var info = OnnxValueInfo()
        info.name = description.name
        info.type.tensorType.elemType = floatType
        info.type.tensorType.shape.dim = description.shape.dimensions.enumerated().map { axis, extent in
            var dimension = OnnxTensorShape.Dimension()
            if axis == 0, description.isBatched {
                dimension.dimParam = "batch"
            } else {
                dimension.dimValue = Int64(extent)
            }
            return dimension
        }
        return info
    }

    private static func tensor(_ name: String, _ tensor: Tensor) -> OnnxTensor {
        var result = OnnxTensor()
        result.name = name
        result.dataType = floatType
        result.dims = tensor.shape.dimensions.map { Int64($0) }
        result.rawData = Data(tensor.values.flatMap { littleEndianBytes($0.bitPattern) })
        return result
    }

    private static func littleEndianBytes(_ word: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) }
    }

    private static func node(
        _ node: Node, _ graph: Graph, _ added: inout [OnnxTensor]
    ) throws(OnnxWritingError) -> OnnxNode {
        var result = OnnxNode()
        result.name = node.name
        result.opType = node.operation.name
        result.input = node.inputs.map { $0.map { graph[$0].name } ?? "" }
        result.output = node.outputs.map { graph[$0].name }
        switch node.operation {
        case .convolution(let window, let groups):
            result.attribute = attributes(window) + [integer("group", groups)]
        case .gemm(let alpha, let beta, let transposeA, let transposeB):
            result.attribute = [
                number("alpha", alpha), number("beta", beta), integer("transA", transposeA ? 1 : 0),
                integer("transB", transposeB ? 1 : 0),
            ]
        case .batchNormalization(let epsilon): result.attribute = [number("epsilon", epsilon)]
        case .unary(.relu), .elementwise(.add), .globalAveragePool, .globalMaxPool: break
        case .unary(.clip(let minimum, let maximum)):
            for (name, bound) in [("min", minimum), ("max", maximum)] {
                let constant = "\(node.name).\(name)"
                added.append(tensor(constant, Tensor(shape: [], values: [bound])))
                result.input.append(constant)
            }
        case .maxPool(let window): result.attribute = attributes(window)
        case .averagePool(let window, let countsPadding):
            // Average pools of this operator set are not dilated.
            guard window.dilations == Window.Pair(1, 1) else {
                throw .unsupported(node: node.name, type: "AveragePool")
            }
            result.attribute =
                attributes(window).filter { $0.name != "dilations" }
                + [integer("count_include_pad", countsPadding ? 1 : 0)]
        case .reshape:
            guard let shape = node.outputs.first.map({ graph[$0].shape }), shape.rank == 2 else {
                throw .unsupported(node: node.name, type: "Reshape")
            }
            result.opType = "Flatten"
            result.attribute = [integer("axis", 1)]
        default: throw .unsupported(node: node.name, type: node.operation.name)
        }
        return result
    }

    private static func attributes(_ window: Window) -> [OnnxAttribute] {
        let padding = window.padding
        return [
            integers("kernel_shape", [window.kernel.height, window.kernel.width]),
            integers("strides", [window.strides.height, window.strides.width]),
            integers("pads", [padding.top, padding.left, padding.bottom, padding.right]),
            integers("dilations", [window.dilations.height, window.dilations.width]),
        ]
    }

    private static func integer(_ name: String, _ value: Int) -> OnnxAttribute {
        attribute(name, .int) { $0.i = Int64(value) }
    }

    private static func integers(_ name: String, _ values: [Int]) -> OnnxAttribute {
        attribute(name, .ints) { $0.ints = values.map { Int64($0) } }
    }

    private static func number(_ name: String, _ value: Float) -> OnnxAttribute {
        attribute(name, .float) { $0.f = value }
    }

    private static func attribute(
        _ name: String, _ kind: OnnxAttribute.Kind, _ fill: (inout OnnxAttribute) -> Void
    ) -> OnnxAttribute {
        var result = OnnxAttribute()
        result.name = name
        result.type = kind
        fill(&result)
        return result
    }
}

/// Why a graph cannot be written.
public enum OnnxWritingError: Error, Hashable, Sendable {
    /// An operator that is not written, or not in this form.
    case unsupported(node: String, type: String)
    /// More bytes than one file of this format holds.
    case tooLarge
}

extension OnnxWritingError: CustomStringConvertible {
    /// What is wrong, in one line.
    public var description: String {
        switch self {
        case .unsupported(let node, let type): "node '\(node)' (\(type)) cannot be written as ONNX"
        case .tooLarge: "the net is too large for one ONNX file (2 GiB)"
        }
    }
}

import Glibc
import Net
import OnnxProto
import SwiftProtobuf
import Testing

@testable import NetIO

/// Small models written by the tests themselves.
struct ModelBuilder {
    var model = OnnxModel()

    init(opset: Int64 = 17, input: [Int64] = [0, 3, 8, 8]) {
        model.irVersion = 8
        var version = OnnxOperatorSet()
        version.version = opset
        model.opsetImport = [version]
        var value = OnnxValueInfo()
        value.name = "x"
        value.type.tensorType.elemType = 1
        value.type.tensorType.shape.dim = input.map { size in
            var dimension = OnnxTensorShape.Dimension()
            dimension.value = size > 0 ? .dimValue(size) : .dimParam("batch")
            return dimension
        }
        model.graph.input = [value]
    }

    mutating func node(
        _ type: String, _ inputs: [String], _ outputs: [String], name: String = "",
        attributes: [OnnxAttribute] = []
    ) {
        var node = OnnxNode()
        node.opType = type
        node.input = inputs
        node.output = outputs
        node.name = name
        node.attribute = attributes
        model.graph.node.append(node)
    }

    mutating func integers(_ name: String, _ values: [Int64], dims: [Int64]? = nil) {
        var tensor = OnnxTensor()
        tensor.name = name
        tensor.dataType = 7
        tensor.dims = dims ?? [Int64(values.count)]
        tensor.int64Data = values
        model.graph.initializer.append(tensor)
    }

    mutating func reals(_ name: String, dims: [Int64], _ value: (Int) -> Float = { Float($0 % 7) - 3 }) {
        var tensor = OnnxTensor()
        tensor.name = name
        tensor.dataType = 1
        tensor.dims = dims
        tensor.floatData = (0..<Int(dims.reduce(1, *))).map(value)
        model.graph.initializer.append(tensor)
    }

    mutating func output(_ name: String) {
        var value = OnnxValueInfo()
        value.name = name
        model.graph.output.append(value)
    }

    func graph() throws -> Graph {
        var importer = try Importer(model: model, name: "test", decoder: TensorDecoder(directory: "/nonexistent"))
        return try importer.run()
    }

    static func ints(_ name: String, _ values: [Int64]) -> OnnxAttribute {
        var attribute = OnnxAttribute()
        attribute.name = name
        attribute.type = .ints
        attribute.ints = values
        return attribute
    }

    static func int(_ name: String, _ value: Int64) -> OnnxAttribute {
        var attribute = OnnxAttribute()
        attribute.name = name
        attribute.type = .int
        attribute.i = value
        return attribute
    }

    static func string(_ name: String, _ value: String) -> OnnxAttribute {
        var attribute = OnnxAttribute()
        attribute.name = name
        attribute.type = .string
        attribute.s = .init(value.utf8)
        return attribute
    }
}

/// A file that is gone when the value is.
final class TemporaryFile {
    let path: String

    init(_ bytes: [UInt8]) {
        path = "/tmp/nibble-test-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let file = fopen(path, "wb")
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    deinit { unlink(path) }
}

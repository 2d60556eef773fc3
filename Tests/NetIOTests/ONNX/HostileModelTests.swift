import Glibc
import Net
import OnnxProto
import SwiftProtobuf
import Testing

@testable import NetIO

/// Models as nobody exports them.
@Suite struct HostileModelTests {
    let files: DataFiles
    init() throws { files = try DataFiles() }

    private func refusal(_ model: OnnxModel) throws -> OnnxError {
        let path = files.write(try model.serializedBytes(), "net.onnx")
        let error = #expect(throws: OnnxError.self) { try OnnxFile(path: path) }
        let line = try #require(error).description
        #expect(!line.isEmpty && !line.contains("\n"))
        return try #require(error)
    }

    private func convolution(_ change: (inout OnnxTensor) -> Void) throws -> OnnxModel {
        var builder = ModelBuilder()
        builder.reals("w", dims: [4, 3, 3, 3])
        change(&builder.model.graph.initializer[0])
        builder.node("Conv", ["x", "w"], ["y"])
        builder.output("y")
        return builder.model
    }

    @Test func cyclesAreNamed() throws {
        var two = ModelBuilder()
        two.node("Add", ["x", "b"], ["a"])
        two.node("Relu", ["a"], ["b"])
        two.output("b")
        guard case .unresolved = try refusal(two.model) else {
            Issue.record("a cycle of two")
            return
        }
        var own = ModelBuilder()
        own.node("Relu", ["y"], ["y"])
        own.output("y")
        guard case .unresolved = try refusal(own.model) else {
            Issue.record("a node that reads itself")
            return
        }
    }

    @Test(arguments: [
        [Int64.max, 3, 3, 3], [1 << 40, 1 << 40, 3, 3], [-4, 3, 3, 3], [4, 3, -1, 3], [0, 3, 3, 3],
        [1 << 62, 4, 1, 1],
        [4, 3, 3], [],
    ])
    func weightsOfSenselessShapesAreRefused(dims: [Int64]) throws {
        _ = try refusal(convolution { $0.dims = dims })
    }

    @Test(arguments: [[1, Int64.max, 8, 8], [1, 3, 1 << 40, 1 << 40], [1, -3, 8, 8], [1, 3, 0, 8]])
    func inputsOfSenselessShapesAreRefused(dims: [Int64]) throws {
        var model = try convolution { _ in }
        model.graph.input[0].type.tensorType.shape.dim = dims.map { size in
            var dimension = OnnxTensorShape.Dimension()
            dimension.value = .dimValue(size)
            return dimension
        }
        _ = try refusal(model)
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func weightsThatAreNoNumbersAreRefused(value: Float) throws {
        guard case .tensor(let name, let reason) = try refusal(convolution { $0.floatData[5] = value }) else {
            Issue.record("another error")
            return
        }
        #expect(name == "w" && reason.contains("not finite"))
        let raw = try convolution { tensor in
            tensor.rawData = tensor.floatData.withUnsafeBytes { .init($0) }
            tensor.rawData.replaceSubrange(20..<24, with: withUnsafeBytes(of: value.bitPattern) { .init($0) })
            tensor.floatData = []
        }
        _ = try refusal(raw)
    }

    @Test(arguments: [
        ("group", Int64.max), ("group", 0), ("group", -1), ("group", 2),
    ])
    func senselessNumbersOfGroupsAreRefused(name: String, value: Int64) throws {
        var model = try convolution { _ in }
        model.graph.node[0].attribute = [ModelBuilder.int(name, value)]
        _ = try refusal(model)
    }

    @Test(
        arguments: [
            ("strides", [0, 1]), ("strides", [Int64.max, 1]), ("pads", [Int64.max, 0, 0, 0]),
            ("pads", [-9, 0, 0, 0]),
            ("dilations", [Int64.max, Int64.max]), ("dilations", [0, 0]), ("kernel_shape", [5, 5]),
            ("strides", [-1, -1]),
        ] as [(String, [Int64])])
    func senselessWindowsAreRefused(name: String, values: [Int64]) throws {
        var model = try convolution { _ in }
        model.graph.node[0].attribute = [ModelBuilder.ints(name, values)]
        _ = try refusal(model)
    }

    @Test func externalDataStaysInTheModelsDirectoryAlsoBehindLinks() throws {
        let outside = try DataFiles()
        _ = outside.write([UInt8](repeating: 0, count: 432), "secret")
        files.folder("inner")
        symlink(outside.path("secret"), files.path("link"))
        symlink(outside.directory, files.path("folder"))
        symlink("/dev/zero", files.path("zero"))
        mkfifo(files.path("pipe"), 0o644)
        let escapes = [
            "link", "folder/secret", "zero", "pipe", "inner", ".", "../\(files.directory)/net.onnx",
            outside.path("secret"),
            "inner/../../secret", "missing", "", "a\u{0}b", "/dev/zero",
        ]
        for location in escapes {
            let model = try convolution { tensor in
                tensor.floatData = []
                tensor.dataLocation = .external
                var entry = OnnxStringEntry()
                entry.key = "location"
                entry.value = location
                tensor.externalData = [entry]
            }
            guard case .tensor("w", _) = try refusal(model) else {
                Issue.record("\(location)")
                continue
            }
        }
    }

    @Test(arguments: [
        ("offset", "-1"), ("offset", "433"), ("offset", "9223372036854775807"), ("offset", "x"), ("length", "-1"),
        ("length", "431"), ("length", "9223372036854775807"), ("length", "1e3"),
    ])
    func externalDataLiesInsideItsFile(key: String, value: String) throws {
        _ = files.write([UInt8](repeating: 0, count: 432), "weights.bin")
        func model(_ entries: [(String, String)]) throws -> OnnxModel {
            try convolution { tensor in
                tensor.floatData = []
                tensor.dataLocation = .external
                tensor.externalData = entries.map { key, value in
                    var entry = OnnxStringEntry()
                    entry.key = key
                    entry.value = value
                    return entry
                }
            }
        }
        _ = try refusal(model([("location", "weights.bin"), (key, value)]))
        let whole = files.write(
            try model([("location", "weights.bin"), ("length", "432")]).serializedBytes(), "whole.onnx")
        #expect(try OnnxFile(path: whole).graph.nodes.count == 1)
    }

    @Test func messagesNestedTooDeepAreRefused() throws {
        // A graph in an attribute of a node, thousands of times: each level is a message in the one before.
        var inner = OnnxGraph()
        for _ in 0..<80 {
            var attribute = OnnxAttribute()
            attribute.name = "then_branch"
            attribute.g = inner
            var node = OnnxNode()
            node.opType = "If"
            node.input = ["x"]
            node.output = ["y"]
            node.attribute = [attribute]
            inner = OnnxGraph()
            inner.node = [node]
        }
        var builder = ModelBuilder()
        builder.model.graph.node = inner.node
        builder.output("y")
        _ = try refusal(builder.model)
    }
}

import Net
import OnnxProto
import Quant
import SwiftProtobuf
import Testing

@testable import NetIO

@Suite struct OnnxFileTests {
    @Test(.enabled(if: Zoo.has("resnet20.onnx"))) func readsAResidualNetAndFoldsItIntoTwentyLayers() throws {
        let file = try OnnxFile(path: Zoo.path("resnet20.onnx"))
        #expect(file.graph[file.graph.inputs[0]].shape == [1, 3, 32, 32])
        #expect(file.graph[file.graph.outputs[0]].shape == [1, 10])
        #expect(file.sha256.count == 64)
        let net = LayerGraph(file.graph)
        #expect(net.layers.count == 20)
        #expect(net.layers.filter { $0.addend != nil }.count == 9)
        #expect(net.layers.filter { $0.activation == .relu }.count == 19)
        #expect(net.firstLayers == [0])
        #expect(net.lastLayers == [19])
        #expect(net.layers.map(\.weights.shape.count).reduce(0, +) > 260_000)
        #expect(
            !net.units.contains {
                if case .operation(let node) = $0 { node.operation.name == "BatchNormalization" } else { false }
            })
        let strided = net.stored.values.filter { if case .shared = $0 { true } else { false } }
        #expect(strided.count >= 2, "Slice and Pad of the shortcuts keep their grid")
    }

    @Test(.enabled(if: Zoo.has("resnet8.onnx"))) func foldsExplicitPaddingAndKeepsTheLogitsBeforeTheSoftmax() throws
    {
        let net = LayerGraph(try OnnxFile(path: Zoo.path("resnet8.onnx")).graph)
        #expect(net.layers.count == 10)
        #expect(
            !net.units.contains {
                if case .operation(let node) = $0 { node.operation.name == "Pad" } else { false }
            })
        #expect(net.logits != net.graph.outputs)
    }

    @Test func everyTruncationOfAModelIsAnErrorOrAModel() throws {
        var builder = ModelBuilder()
        builder.reals("w", dims: [4, 3, 3, 3])
        builder.node("Conv", ["x", "w"], ["y"], attributes: [ModelBuilder.ints("pads", [1, 1, 1, 1])])
        builder.output("y")
        let bytes: [UInt8] = try builder.model.serializedBytes()
        var refused = 0
        for length in 0..<bytes.count {
            let file = TemporaryFile(Array(bytes[..<length]))
            do {
                _ = try OnnxFile(path: file.path)
            } catch {
                refused += 1
            }
        }
        #expect(refused == bytes.count)
        #expect(try builder.graph().nodes.count == 1)
    }

    @Test func aMissingFileNamesItsPath() {
        #expect(throws: OnnxError.unreadable(path: "/nonexistent/net.onnx", reason: "No such file or directory")) {
            try OnnxFile(path: "/nonexistent/net.onnx")
        }
    }

    @Test func hashEqualsThePublishedTestVectors() {
        func hash(_ text: String) -> String { Array(text.utf8).withUnsafeBytes { SHA256.hexadecimal(of: $0) } }
        #expect(hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    }
}

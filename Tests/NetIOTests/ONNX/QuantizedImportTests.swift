import Net
import OnnxProto
import Quant
import Testing

@testable import NetIO

/// Nets whose files hold QuantizeLinear and DequantizeLinear.
@Suite struct QuantizedImportTests {
    private func codes(
        _ builder: inout ModelBuilder, _ name: String, type: Int32, dims: [Int64], _ values: [Int32]
    ) {
        var tensor = OnnxTensor()
        tensor.name = name
        tensor.dataType = type
        tensor.dims = dims
        tensor.int32Data = values
        builder.model.graph.initializer.append(tensor)
    }

    /// x, rounded, through a convolution of stored codes, rounded.
    private func net(scaleOut: Float = 0.25, zeroOut: Int32 = 0) -> ModelBuilder {
        var builder = ModelBuilder(opset: 21, input: [0, 2, 3, 3])
        builder.reals("sx", dims: []) { _ in 0.5 }
        codes(&builder, "zx", type: 2, dims: [], [10])
        builder.node("QuantizeLinear", ["x", "sx", "zx"], ["xq"])
        builder.node("DequantizeLinear", ["xq", "sx", "zx"], ["xr"])
        codes(&builder, "wq", type: 3, dims: [2, 2, 1, 1], [-100, 50, 20, 127])
        builder.reals("sw", dims: [2]) { [0.5, 0.25][$0] }
        codes(&builder, "zw", type: 3, dims: [2], [0, 0])
        builder.node("DequantizeLinear", ["wq", "sw", "zw"], ["w"], attributes: [ModelBuilder.int("axis", 0)])
        codes(&builder, "bq", type: 6, dims: [2], [40, -8])
        builder.reals("sb", dims: [2]) { [0.25, 0.125][$0] }
        codes(&builder, "zb", type: 6, dims: [2], [0, 0])
        builder.node("DequantizeLinear", ["bq", "sb", "zb"], ["b"], attributes: [ModelBuilder.int("axis", 0)])
        builder.node("Conv", ["xr", "w", "b"], ["c"], name: "conv")
        builder.reals("sc", dims: []) { _ in scaleOut }
        codes(&builder, "zc", type: 2, dims: [], [zeroOut])
        builder.node("QuantizeLinear", ["c", "sc", "zc"], ["cq"])
        builder.node("DequantizeLinear", ["cq", "sc", "zc"], ["cr"])
        builder.node("Conv", ["cr", "w", "b"], ["y"], name: "last")
        builder.output("y")
        return builder
    }

    @Test func pairsFoldAwayAndStoredWeightsBecomeReal() throws {
        let graph = try net(zeroOut: 128).graph()
        #expect(graph.nodes.map(\.operation.name) == ["Conv", "Conv"])
        let conv = graph.nodes[0]
        #expect(conv.inputs[0] == graph.inputs[0])
        #expect(conv.inputs[1].flatMap { graph.constants[$0]?.values } == [-50, 25, 5, 31.75])
        #expect(conv.inputs[2].flatMap { graph.constants[$0]?.values } == [10, -1])
        #expect(
            graph.quantizers[graph.inputs[0]] == StoredQuantizer(scale: 0.5, zeroPoint: 10, low: 0, high: 255))
    }

    @Test func aRangeThatStartsAtZeroStandsForTheReluThatTheQuantizerLeftOut() throws {
        #expect(try net().graph().nodes.map(\.operation.name) == ["Conv", "Relu", "Conv"])
        let six = try net(scaleOut: 6 / 255).graph()
        #expect(six.nodes[1].operation == .unary(.clip(minimum: 0, maximum: 6)))
    }

    @Test func aPairAfterAReluAddsNothing() throws {
        var builder = ModelBuilder()
        builder.reals("s", dims: []) { _ in 0.5 }
        codes(&builder, "z", type: 2, dims: [], [0])
        builder.node("Relu", ["x"], ["r"])
        builder.node("QuantizeLinear", ["r", "s", "z"], ["q"])
        builder.node("DequantizeLinear", ["q", "s", "z"], ["d"])
        builder.node("Neg", ["d"], ["y"])
        builder.output("y")
        #expect(try builder.graph().nodes.map(\.operation) == [.unary(.relu), .unary(.negate)])
    }

    @Test func aPairOfDifferentScalesRuns() throws {
        var builder = ModelBuilder()
        builder.reals("s", dims: []) { _ in 0.5 }
        builder.reals("t", dims: []) { _ in 0.25 }
        codes(&builder, "z", type: 3, dims: [], [0])
        builder.node("QuantizeLinear", ["x", "s", "z"], ["q"])
        builder.node("DequantizeLinear", ["q", "t", "z"], ["y"])
        builder.output("y")
        #expect(try builder.graph().nodes.map(\.operation.name) == ["QuantizeLinear", "DequantizeLinear"])
    }

    @Test func theConfigurationStartsWithTheFilesRangesAndBits() throws {
        let net = LayerGraph(try net(zeroOut: 128).graph())
        #expect(net.quantizedInFile.weights == 2)
        #expect(net.quantizedInFile.inputs == 2)
        let configuration = Configuration(.standard, for: net).starting(from: net)
        #expect(configuration.layers.map(\.weights) == [.bits(8), .bits(8)])
        #expect(configuration.layers.map(\.activations) == [.bits(8), .bits(8)])
        #expect(configuration.layers.map(\.clipping) == [.range(-5, 122.5), .range(-32, 31.75)])
        #expect(configuration.layers.allSatisfy { $0.correction == .none && $0.allocation == .none })
        let plain = LayerGraph(try ModelBuilder.plain().graph())
        let standard = Configuration(.standard, for: plain)
        #expect(standard.starting(from: plain) == standard)
    }

    @Test func clippedCodesHaveFewerBits() throws {
        var builder = ModelBuilder(opset: 13, input: [0, 2, 3, 3])
        builder.reals("s", dims: []) { _ in 0.5 }
        codes(&builder, "z", type: 3, dims: [], [0])
        codes(&builder, "low", type: 3, dims: [], [-4])
        codes(&builder, "high", type: 3, dims: [], [3])
        builder.node("QuantizeLinear", ["x", "s", "z"], ["q"])
        builder.node("Clip", ["q", "low", "high"], ["k"])
        builder.node("DequantizeLinear", ["k", "s", "z"], ["r"])
        codes(&builder, "wq", type: 3, dims: [2, 2, 1, 1], [-9, 1, 2, 7])
        builder.node("Clip", ["wq", "low", "high"], ["wk"])
        builder.node("DequantizeLinear", ["wk", "s", "z"], ["w"])
        builder.node("Conv", ["r", "w"], ["y"])
        builder.output("y")
        let net = LayerGraph(try builder.graph())
        let layer = try #require(net.layers.first)
        #expect(layer.weights.values == [-2, 0.5, 1, 1.5])
        #expect(net.storedWeights(of: layer)?.bits == 3)
        #expect(net.storedInput(of: layer) == StoredQuantizer(scale: 0.5, zeroPoint: 0, low: -4, high: 3))
    }

    @Test func fourBitWeightsWithScalesPerBlockBecomeReal() throws {
        var builder = ModelBuilder(opset: 21, input: [0, 4])
        // Codes 1, -2, 3, -4 | 5, -6, 7, -8, two in a byte.
        codes(&builder, "wq", type: 22, dims: [4, 2], [0xe1, 0xc3, 0xa5, 0x87])
        builder.reals("s", dims: [2, 2]) { [1, 10, 0.5, 0.25][$0] }
        builder.node(
            "DequantizeLinear", ["wq", "s"], ["w"],
            attributes: [ModelBuilder.int("axis", 0), ModelBuilder.int("block_size", 2)])
        builder.node("MatMul", ["x", "w"], ["y"])
        builder.output("y")
        let net = LayerGraph(try builder.graph())
        let layer = try #require(net.layers.first)
        #expect(layer.weights.values == [1, 3, 2.5, 3.5, -20, -40, -1.5, -2])
        #expect(net.storedWeights(of: layer)?.bits == 4)
    }
}

extension ModelBuilder {
    /// One real convolution.
    static func plain() -> ModelBuilder {
        var builder = ModelBuilder()
        builder.reals("w", dims: [4, 3, 1, 1])
        builder.node("Conv", ["x", "w"], ["y"])
        builder.output("y")
        return builder
    }
}

import Net
import OnnxProto
import Testing

@testable import NetIO

@Suite struct TranspositionsTests {
    private func permutation(_ axes: [Int64]) -> [OnnxAttribute] { [ModelBuilder.ints("perm", axes)] }

    @Test func twoThatCancelLeaveNothing() throws {
        var builder = ModelBuilder(input: [0, 4, 5, 3])
        builder.node("Transpose", ["x"], ["p"], attributes: permutation([0, 3, 1, 2]))
        builder.node("Relu", ["p"], ["r"])
        builder.node("Transpose", ["r"], ["q"], attributes: permutation([0, 2, 3, 1]))
        builder.node("Neg", ["q"], ["y"])
        builder.output("y")
        let graph = try builder.graph()
        #expect(graph.nodes.map(\.operation) == [.unary(.relu), .unary(.negate)])
        #expect(graph[graph.outputs[0]].shape == [1, 4, 5, 3])
    }

    @Test func anOutputKeepsItsNameAndOrder() throws {
        var builder = ModelBuilder(input: [0, 4, 5, 3])
        builder.node("Transpose", ["x"], ["p"], attributes: permutation([0, 3, 1, 2]))
        builder.node("Relu", ["p"], ["y"])
        builder.node("Transpose", ["y"], ["z"], attributes: permutation([0, 2, 3, 1]))
        builder.output("y")
        builder.output("z")
        let graph = try builder.graph()
        #expect(graph.outputs.map { graph[$0].name } == ["y", "z"])
        #expect(graph.outputs.map { graph[$0].shape } == [[1, 3, 4, 5], [1, 4, 5, 3]])
        #expect(graph.nodes.map(\.operation) == [.unary(.relu), .transpose(permutation: [0, 3, 1, 2]), .reshape])
    }

    @Test func aProductOfPixelsIsAConvolution() throws {
        var builder = ModelBuilder(input: [0, 3, 4, 5])
        builder.reals("w", dims: [3, 2]) { Float($0) }
        builder.reals("b", dims: [2]) { Float(10 + $0) }
        builder.node("Transpose", ["x"], ["p"], attributes: permutation([0, 2, 3, 1]))
        builder.node("MatMul", ["p", "w"], ["m"])
        builder.node("Add", ["b", "m"], ["a"])
        builder.node("Transpose", ["a"], ["y"], attributes: permutation([0, 3, 1, 2]))
        builder.output("y")
        let graph = try builder.graph()
        let convolution = try #require(graph.nodes.first)
        #expect(convolution.operation == .convolution(Window(kernel: .init(1, 1)), groups: 1))
        #expect(convolution.inputs[0] == graph.inputs[0])
        let constants = convolution.inputs.dropFirst().compactMap { $0.flatMap { graph.constants[$0] } }
        #expect(constants.map(\.values) == [[0, 2, 4, 1, 3, 5], [10, 11]])
        #expect(graph.nodes.dropFirst().map(\.operation) == [.reshape])
    }

    @Test func aProductOfTokensIsAConvolutionOverOneRowOfPixels() throws {
        var builder = ModelBuilder(input: [0, 6, 3])
        builder.reals("w", dims: [3, 2])
        builder.node("MatMul", ["x", "w"], ["y"])
        builder.output("y")
        let graph = try builder.graph()
        #expect(
            graph.nodes.map(\.operation.name) == [
                "Transpose", "Reshape", "Conv", "Reshape", "Transpose",
            ])
        #expect(graph[graph.outputs[0]].shape == [1, 6, 2])
    }

    @Test func lastAxisNormalizationBetweenTwoIsOneOverChannels() throws {
        var builder = ModelBuilder(input: [0, 3, 4, 5])
        builder.reals("g", dims: [3])
        builder.reals("b", dims: [3])
        builder.node("Transpose", ["x"], ["p"], attributes: permutation([0, 2, 3, 1]))
        builder.node("LayerNormalization", ["p", "g", "b"], ["n"])
        builder.node("Transpose", ["n"], ["q"], attributes: permutation([0, 3, 1, 2]))
        builder.node("Relu", ["q"], ["y"])
        builder.output("y")
        let operations = try builder.graph().nodes.map(\.operation)
        #expect(operations == [.channelNormalization(epsilon: 1e-5), .unary(.relu)])
    }

    @Test func axesAndConstantsFollowTheOrder() throws {
        var builder = ModelBuilder(opset: 17, input: [0, 3, 4, 5])
        builder.reals("c", dims: [3]) { Float($0) }
        builder.integers("axes", [1, 2])
        builder.integers("pads", [0, 1, 0, 0, 0, 0, 2, 0])
        builder.node("Transpose", ["x"], ["p"], attributes: permutation([0, 2, 3, 1]))
        builder.node("Mul", ["p", "c"], ["m"])
        builder.node("Pad", ["m", "pads"], ["w"])
        builder.node(
            "ReduceMean", ["w"], ["y"],
            attributes: [
                ModelBuilder.ints("axes", [1, 2]), ModelBuilder.int("keepdims", 0),
            ])
        builder.output("y")
        let graph = try builder.graph()
        #expect(
            graph.nodes.map(\.operation) == [
                .elementwise(.multiply), .pad(before: [0, 0, 1, 0], after: [0, 0, 0, 2], mode: .constant(0)),
                .reduce(.mean, axes: [2, 3], keepsDimensions: false),
            ])
        #expect(graph.nodes[0].inputs[1].flatMap { graph.constants[$0]?.shape } == [1, 3, 1, 1])
        #expect(graph[graph.outputs[0]].shape == [1, 3])
    }

    @Test func aConstantPartOfAConcatenationKeepsTheFilesOrder() throws {
        var builder = ModelBuilder(input: [0, 3, 4, 5])
        builder.reals("k", dims: [1, 4, 5, 2])
        builder.node("Transpose", ["x"], ["p"], attributes: permutation([0, 2, 3, 1]))
        builder.node("Concat", ["p", "k"], ["y"], attributes: [ModelBuilder.int("axis", 3)])
        builder.output("y")
        let graph = try builder.graph()
        #expect(graph.nodes.map(\.operation) == [.transpose(permutation: [0, 2, 3, 1]), .concatenate(axis: 3)])
        #expect(graph[graph.outputs[0]].shape == [1, 4, 5, 5])
    }

    @Test func operandsOfDifferentOrderAreBroughtToTheFilesOwn() throws {
        var builder = ModelBuilder(input: [0, 4, 4, 4])
        builder.node("Transpose", ["x"], ["p"], attributes: permutation([0, 2, 3, 1]))
        builder.node("Add", ["p", "x"], ["y"])
        builder.output("y")
        let graph = try builder.graph()
        #expect(graph.nodes.map(\.operation) == [.transpose(permutation: [0, 2, 3, 1]), .elementwise(.add)])
    }
}

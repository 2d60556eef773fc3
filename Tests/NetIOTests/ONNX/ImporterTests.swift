import Net
import OnnxProto
import Testing

@testable import NetIO

@Suite struct ImporterTests {
    @Test func rawPyTorchShapeArithmeticBecomesAReshape() throws {
        var builder = ModelBuilder(input: [0, 4, 2, 2])
        builder.node("Shape", ["x"], ["s"])
        builder.integers("zero", [0], dims: [])
        builder.node("Gather", ["s", "zero"], ["n"], attributes: [ModelBuilder.int("axis", 0)])
        builder.integers("axes", [0])
        builder.node("Unsqueeze", ["n", "axes"], ["n1"])
        builder.integers("rest", [-1])
        builder.node("Concat", ["n1", "rest"], ["target"], attributes: [ModelBuilder.int("axis", 0)])
        builder.node("Reshape", ["x", "target"], ["y"])
        builder.output("y")
        let graph = try builder.graph()
        #expect(graph.nodes.map(\.operation) == [.reshape])
        #expect(graph[graph.outputs[0]].shape == [1, 16])
    }

    @Test func padsBuiltFromConstantOfShapeAreResolved() throws {
        var builder = ModelBuilder(input: [0, 2, 4, 4])
        builder.integers("four", [4])
        builder.node("ConstantOfShape", ["four"], ["zeros"])
        builder.node("Cast", ["zeros"], ["low"], attributes: [ModelBuilder.int("to", 7)])
        builder.integers("high", [0, 1, 1, 0])
        builder.node("Concat", ["low", "high"], ["pads"], attributes: [ModelBuilder.int("axis", 0)])
        builder.node("Pad", ["x", "pads"], ["y"])
        builder.output("y")
        let graph = try builder.graph()
        #expect(graph[graph.outputs[0]].shape == [1, 3, 5, 4])
        #expect(
            graph.nodes[0].operation == .pad(before: [0, 0, 0, 0], after: [0, 1, 1, 0], mode: .constant(0)))
    }

    @Test func nodesThatChangeNothingAreLeftOut() throws {
        var builder = ModelBuilder(input: [0, 2, 4, 4])
        builder.integers("none", [0, 0, 0, 0, 0, 0, 0, 0])
        builder.integers("starts", [0])
        builder.integers("ends", [1000])
        builder.integers("axes", [2])
        builder.node("Relu", ["x"], ["r"])
        builder.node("Pad", ["r", "none"], ["p"])
        builder.node("Slice", ["p", "starts", "ends", "axes"], ["s"])
        builder.node("Concat", ["s"], ["c"], attributes: [ModelBuilder.int("axis", 1)])
        builder.node("Identity", ["c"], ["y"])
        builder.output("y")
        let graph = try builder.graph()
        #expect(graph.nodes.map(\.operation) == [.unary(.relu)])
        #expect(graph.outputs.map { graph[$0].name } == ["y"])
    }

    @Test func everyOutputHasItsName() throws {
        var builder = ModelBuilder(input: [0, 2, 4, 4])
        builder.node("Relu", ["x"], ["r"])
        builder.node("Identity", ["r"], ["a"])
        builder.node("Identity", ["x"], ["b"])
        for name in ["r", "a", "b"] { builder.output(name) }
        let graph = try builder.graph()
        #expect(graph.outputs.map { graph[$0].name } == ["r", "a", "b"])
        #expect(Set(graph.outputs + graph.inputs).count == 4)
    }

    @Test func negativePadsCutOff() throws {
        var builder = ModelBuilder(input: [0, 2, 4, 4])
        builder.integers("pads", [0, 0, -1, 2, 0, 0, 0, -3])
        builder.node("Pad", ["x", "pads"], ["y"])
        builder.output("y")
        let graph = try builder.graph()
        #expect(
            graph.nodes.map(\.operation) == [
                .slice(starts: [0, 0, 1, 0], steps: [1, 1, 1, 1]),
                .pad(before: [0, 0, 0, 2], after: [0, 0, 0, 0], mode: .constant(0)),
            ])
        #expect(graph[graph.outputs[0]].shape == [1, 2, 3, 3])
    }

    @Test(arguments: [(10, true), (17, false)]) func clipTakesItsBoundsFromAttributesOrInputs(opset: Int, old: Bool)
        throws
    {
        var builder = ModelBuilder(opset: Int64(opset))
        if old {
            var low = OnnxAttribute()
            low.name = "min"
            low.f = 0
            var high = OnnxAttribute()
            high.name = "max"
            high.f = 6
            builder.node("Clip", ["x"], ["y"], attributes: [low, high])
        } else {
            builder.reals("low", dims: []) { _ in 0 }
            builder.reals("high", dims: []) { _ in 6 }
            builder.node("Clip", ["x", "low", "high"], ["y"])
        }
        builder.output("y")
        #expect(try builder.graph().nodes[0].operation == .unary(.clip(minimum: 0, maximum: 6)))
    }

    @Test(arguments: [(12, [1, 2, 3]), (13, [3])]) func softmaxFlattensBeforeOpset13(opset: Int, axes: [Int]) throws
    {
        var builder = ModelBuilder(opset: Int64(opset))
        builder.node("Softmax", ["x"], ["y"])
        builder.output("y")
        #expect(try builder.graph().nodes[0].operation == .softmax(axes: axes, logarithmic: false))
    }

    @Test(arguments: [("SAME_UPPER", 0, 1), ("SAME_LOWER", 1, 0)])
    func automaticPaddingBecomesExplicit(mode: String, before: Int, after: Int) throws {
        var builder = ModelBuilder()
        builder.reals("w", dims: [4, 3, 3, 3])
        builder.node(
            "Conv", ["x", "w"], ["y"],
            attributes: [ModelBuilder.string("auto_pad", mode), ModelBuilder.ints("strides", [2, 2])])
        builder.output("y")
        let graph = try builder.graph()
        guard case .convolution(let window, 1) = graph.nodes[0].operation else {
            Issue.record("not a convolution")
            return
        }
        #expect(window.padding == .init(top: before, left: before, bottom: after, right: after))
        #expect(graph[graph.outputs[0]].shape == [1, 4, 4, 4])
    }

    @Test func ceilModeAddsALastWindowOnlyWhereOneStartsInside() throws {
        for (size, kernel, stride, expected) in [(8, 3, 2, 4), (7, 3, 2, 3), (5, 1, 3, 2), (8, 2, 3, 3)] {
            var builder = ModelBuilder(input: [0, 1, Int64(size), Int64(size)])
            builder.node(
                "MaxPool", ["x"], ["y"],
                attributes: [
                    ModelBuilder.ints("kernel_shape", [Int64(kernel), Int64(kernel)]),
                    ModelBuilder.ints("strides", [Int64(stride), Int64(stride)]), ModelBuilder.int("ceil_mode", 1),
                ])
            builder.output("y")
            let graph = try builder.graph()
            #expect(graph[graph.outputs[0]].shape == [1, 1, expected, expected])
        }
    }

    @Test func sliceCountsNegativeStepsAndBounds() throws {
        var builder = ModelBuilder(input: [0, 3, 9, 9])
        builder.integers("starts", [-1, 1])
        builder.integers("ends", [-100, 100])
        builder.integers("axes", [2, -1])
        builder.integers("steps", [-2, 3])
        builder.node("Slice", ["x", "starts", "ends", "axes", "steps"], ["y"])
        builder.output("y")
        let graph = try builder.graph()
        #expect(graph[graph.outputs[0]].shape == [1, 3, 5, 3])
        #expect(graph.nodes[0].operation == .slice(starts: [0, 0, 8, 1], steps: [1, 1, -2, 3]))
    }

    @Test func aBatchWrittenIntoTheFileIsFree() throws {
        var builder = ModelBuilder(input: [8, 4, 2, 2])
        builder.integers("target", [8, -1])
        builder.node("Reshape", ["x", "target"], ["y"])
        builder.output("y")
        let graph = try builder.graph()
        #expect(graph[graph.outputs[0]].shape == [1, 16])
    }

    @Test func unorderedNodesAreSortedAndACycleIsRefused() throws {
        var builder = ModelBuilder()
        builder.node("Relu", ["a"], ["y"], name: "second")
        builder.node("Relu", ["x"], ["a"], name: "first")
        builder.output("y")
        #expect(try builder.graph().nodes.map(\.name) == ["first", "second"])
        builder.node("Add", ["c", "y"], ["b"], name: "loop")
        builder.node("Relu", ["b"], ["c"])
        #expect(throws: OnnxError.unresolved(node: "loop", tensor: "c")) { try builder.graph() }
    }

    @Test func unsupportedOperatorsAreRefusedByName() {
        var builder = ModelBuilder()
        builder.node("Loop", ["x"], ["y"], name: "body")
        builder.output("y")
        #expect(throws: OnnxError.unsupportedOperator(node: "body", type: "Loop", domain: "", opset: 17)) {
            try builder.graph()
        }
    }

    @Test func hugeDimensionsAreRefusedBeforeAnythingIsAllocated() {
        var builder = ModelBuilder()
        var tensor = OnnxTensor()
        tensor.name = "w"
        tensor.dataType = 1
        tensor.dims = [1 << 31, 1 << 31, 1 << 31]
        builder.model.graph.initializer.append(tensor)
        builder.output("w")
        #expect(throws: OnnxError.self) { try builder.graph() }
    }

    @Test(arguments: ["../secret", "/etc/passwd", "a/../../b"]) func externalDataStaysInItsDirectory(
        location: String
    ) {
        var builder = ModelBuilder()
        var tensor = OnnxTensor()
        tensor.name = "w"
        tensor.dataType = 1
        tensor.dims = [1]
        tensor.dataLocation = .external
        var entry = OnnxStringEntry()
        entry.key = "location"
        entry.value = location
        tensor.externalData = [entry]
        builder.model.graph.initializer.append(tensor)
        builder.output("w")
        #expect(
            throws: OnnxError.tensor(
                name: "w", reason: "its external data '\(location)' lies outside the model's directory")
        ) { try builder.graph() }
    }

    @Test func halfPrecisionIsExact() {
        #expect(TensorDecoder.half(0x3C00) == 1)
        #expect(TensorDecoder.half(0xC000) == -2)
        #expect(TensorDecoder.half(0x7BFF) == 65504)
        #expect(TensorDecoder.half(0x0001) == 0x1p-24)
        #expect(TensorDecoder.half(0x7C00) == .infinity)
    }

    @Test func aSigmoidTimesItsInputFoldsIntoOneActivation() throws {
        var builder = ModelBuilder()
        builder.reals("w", dims: [4, 3, 1, 1])
        builder.node("Conv", ["x", "w"], ["a"])
        builder.node("Sigmoid", ["a"], ["b"])
        builder.node("Mul", ["a", "b"], ["y"])
        builder.output("y")
        #expect(try builder.graph().nodes.count == 3)
    }
}

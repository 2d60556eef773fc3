import Net
import OnnxProto
import Testing

@testable import NetIO

/// What a caller says of inputs that a file leaves open.
@Suite struct InputOptionsTests {
    /// x [batch, 3, height, width] and, if `hasSecond`, a scalar-like input `t` [batch, 1].
    private func model(hasSecond: Bool = false) -> OnnxModel {
        var builder = ModelBuilder(input: [0, 3, 0, 0])
        builder.node("Relu", ["x"], ["r"])
        if hasSecond {
            var second = builder.model.graph.input[0]
            second.name = "t"
            second.type.tensorType.shape.dim =
                second.type.tensorType.shape.dim.prefix(1) + [.with { $0.dimValue = 1 }]
            builder.model.graph.input.append(second)
            builder.node("Mul", ["r", "t"], ["y"])
        } else {
            builder.node("Neg", ["r"], ["y"])
        }
        builder.output("y")
        return builder.model
    }

    private func graph(_ model: OnnxModel, _ options: ImportOptions) throws -> Graph {
        var importer = try Importer(
            model: model, name: "test", decoder: TensorDecoder(directory: "/nonexistent"), options: options)
        return try importer.run()
    }

    @Test func openDimensionsAreAskedFor() throws {
        let error = #expect(throws: OnnxError.self) { try graph(model(), ImportOptions()) }
        #expect("\(try #require(error))".contains("--shape"))
        #expect("\(try #require(error))".contains("dimension 2"))
    }

    @Test func theShapeGivenFillsThem() throws {
        let shape: Shape = [1, 3, 20, 24]
        let one = try graph(model(), ImportOptions(shape: [8, 3, 20, 24]))
        #expect(one[one.outputs[0]].shape == shape)
        let named = try graph(model(), ImportOptions(shapes: ["x": [1, 3, 20, 24]]))
        #expect(named[named.outputs[0]].shape == shape)
    }

    @Test(arguments: [[1, 4, 20, 24], [1, 3, 20], [1, 3, 20, 24, 1]])
    func aShapeThatDoesNotFitTheFileIsRefused(shape: [Int]) {
        #expect(throws: OnnxError.self) { try graph(model(), ImportOptions(shape: shape)) }
    }

    @Test func namesThatTheModelLacksAreRefused() {
        #expect(throws: OnnxError.self) { try graph(model(), ImportOptions(shapes: ["z": [1, 3, 8, 8]])) }
        #expect(throws: OnnxError.self) {
            try graph(model(), ImportOptions(shapes: ["x": [1, 3, 8, 8]], fixed: ["z": 1]))
        }
    }

    @Test func aFixedInputIsAConstant() throws {
        #expect(throws: OnnxError.self) { try graph(model(hasSecond: true), ImportOptions(shape: [1, 3, 8, 8])) }
        let net = try graph(model(hasSecond: true), ImportOptions(shape: [1, 3, 8, 8], fixed: ["t": 2.5]))
        #expect(net.inputs.map { net[$0].name } == ["x"])
        #expect(net.nodes.last?.inputs[1].flatMap { net.constants[$0]?.values } == [2.5])
    }
}

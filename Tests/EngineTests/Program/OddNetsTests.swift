import Net
import Quant
import Testing

@testable import Engine

/// Legal nets that no exporter of classifiers writes; mutated files found them.
@Suite struct OddNetsTests {
    private func tensor(_ name: String, _ shape: Shape) -> TensorDescription {
        TensorDescription(name: name, shape: shape, isBatched: true)
    }

    @Test func aConstantMayMakeSeveralImagesOfOne() throws {
        let factors: [Float] = [1, -2, 3, 0.5, -1, 4]
        let weights: [Float] = [2, 1]
        let graph = try Graph(
            name: "odd",
            tensors: [
                tensor("x", [1, 2, 4, 4]), tensor("c", [3, 2, 1, 1]), tensor("p", [3, 2, 4, 4]),
                tensor("m", [3, 2, 1, 1]), tensor("w", [1, 2, 1, 1]), tensor("y", [3, 1, 1, 1]),
            ],
            constants: [
                TensorID(1): Tensor(shape: [3, 2, 1, 1], values: factors),
                TensorID(4): Tensor(shape: [1, 2, 1, 1], values: weights),
            ], inputs: [TensorID(0)], outputs: [TensorID(5)],
            nodes: [
                Node(
                    name: "mul", operation: .elementwise(.multiply), inputs: [TensorID(0), TensorID(1)],
                    outputs: [TensorID(2)]),
                Node(name: "pool", operation: .globalAveragePool, inputs: [TensorID(2)], outputs: [TensorID(3)]),
                Node(
                    name: "conv", operation: .convolution(Window(kernel: Window.Pair(1, 1)), groups: 1),
                    inputs: [TensorID(3), TensorID(4)], outputs: [TensorID(5)]),
            ])
        let net = LayerGraph(graph)
        #expect(net.layers.isEmpty)
        let input = (0..<32).map { Float($0 % 7) - 2 }
        let first = input[..<16].reduce(Float(0), +) / 16
        let second = input[16...].reduce(Float(0), +) / 16
        var expected: [Float] = []
        for image in 0..<3 {
            let left: Float = weights[0] * factors[2 * image] * first
            let right: Float = weights[1] * factors[2 * image + 1] * second
            expected.append(left + right)
        }
        let values = try Execution(Program(net), capacity: 1, isa: InstructionSet.available[0]).run(
            [input], images: 1)
        #expect(values.count == 3)
        for (own, other) in zip(values, expected) { #expect(abs(own - other) < 1e-5) }
    }

    @Test func anOutputMayNotDependOnTheInput() throws {
        let graph = try Graph(
            name: "constant", tensors: [tensor("x", [1, 2]), tensor("y", [1, 3])],
            constants: [TensorID(1): Tensor(shape: [1, 3], values: [1, 2, 3])], inputs: [TensorID(0)],
            outputs: [TensorID(1)], nodes: [])
        let values = try Execution(Program(LayerGraph(graph)), capacity: 2, isa: InstructionSet.available[0]).run(
            [[0, 0, 0, 0]], images: 2)
        #expect(values == [1, 2, 3, 1, 2, 3])
    }
}

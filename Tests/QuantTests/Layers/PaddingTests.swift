import Net
import Quant
import Testing

/// Zero paddings before convolutions.
@Suite struct PaddingTests {
    /// x, padded, read by `operations`.
    private func folded(_ operations: [Operator]) throws -> LayerGraph {
        var tensors = [
            TensorDescription(name: "x", shape: [1, 2, 4, 4], isBatched: true),
            TensorDescription(name: "p", shape: [1, 2, 5, 6], isBatched: true),
            TensorDescription(name: "w", shape: [2, 2, 2, 2], isBatched: false),
        ]
        var nodes = [
            Node(
                name: "pad", operation: .pad(before: [0, 0, 1, 0], after: [0, 0, 0, 2], mode: .constant(0)),
                inputs: [TensorID(0)], outputs: [TensorID(1)])
        ]
        for operation in operations {
            let isUnary = operation == .unary(.negate)
            tensors.append(
                TensorDescription(name: "y", shape: isUnary ? [1, 2, 5, 6] : [1, 2, 4, 5], isBatched: true))
            nodes.append(
                Node(
                    name: "n\(nodes.count)", operation: operation,
                    inputs: isUnary ? [TensorID(1)] : [TensorID(1), TensorID(2)],
                    outputs: [TensorID(tensors.count - 1)]))
        }
        return LayerGraph(
            try Graph(
                name: "padded", tensors: tensors,
                constants: [TensorID(2): Tensor(shape: [2, 2, 2, 2], values: (0..<16).map(Float.init))],
                inputs: [TensorID(0)], outputs: operations.indices.map { TensorID(3 + $0) }, nodes: nodes))
    }

    private let convolution = Operator.convolution(Window(kernel: .init(2, 2)), groups: 1)

    @Test(arguments: [1, 2]) func joinTheWindowsOfAllConvolutionsThatReadThem(count: Int) throws {
        let net = try folded([Operator](repeating: convolution, count: count))
        #expect(net.units.count == count)
        let padding = Window.Padding(top: 1, left: 0, bottom: 0, right: 2)
        #expect(
            net.layers.map(\.kind)
                == [Layer.Kind](
                    repeating: .convolution(Window(kernel: .init(2, 2), padding: padding), groups: 1), count: count)
        )
        #expect(net.layers.allSatisfy { $0.input == TensorID(0) })
    }

    @Test func stayWhereAnythingElseReadsThem() throws {
        let net = try folded([convolution, .unary(.negate)])
        #expect(net.units.count == 3)
        #expect(net.layers.map(\.input) == [TensorID(1)])
    }
}

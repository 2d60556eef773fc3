import Net
import Quant
import Testing

/// Activations that exporters write as products of several nodes.
@Suite struct GatedActivationTests {
    /// A convolution, then nodes by name: operation, operands; a number is a constant.
    private struct Sketch {
        var tensors: [TensorDescription] = [
            TensorDescription(name: "x", shape: [1, 2, 3, 3], isBatched: true),
            TensorDescription(name: "w", shape: [2, 2, 1, 1], isBatched: false),
            TensorDescription(name: "c", shape: [1, 2, 3, 3], isBatched: true),
        ]
        var constants = [TensorID(1): Tensor(shape: [2, 2, 1, 1], values: [1, 2, 3, 4])]
        var nodes = [
            Node(
                name: "conv", operation: .convolution(Window(kernel: .init(1, 1)), groups: 1),
                inputs: [TensorID(0), TensorID(1)], outputs: [TensorID(2)])
        ]
        /// The convolution's result.
        let convolution = TensorID(2)

        mutating func number(_ value: Float) -> TensorID {
            tensors.append(TensorDescription(name: "k", shape: [], isBatched: false))
            constants[TensorID(tensors.count - 1)] = Tensor(shape: [], values: [value])
            return TensorID(tensors.count - 1)
        }

        mutating func add(_ operation: Operator, _ inputs: [TensorID]) -> TensorID {
            tensors.append(TensorDescription(name: "t\(tensors.count)", shape: [1, 2, 3, 3], isBatched: true))
            let output = TensorID(tensors.count - 1)
            nodes.append(Node(name: "n\(nodes.count)", operation: operation, inputs: inputs, outputs: [output]))
            return output
        }

        func folded(_ outputs: [TensorID]) throws -> LayerGraph {
            LayerGraph(
                try Graph(
                    name: "sketch", tensors: tensors, constants: constants, inputs: [TensorID(0)], outputs: outputs,
                    nodes: nodes))
        }
    }

    private static let multiply = Operator.elementwise(.multiply)
    private static let add = Operator.elementwise(.add)

    @Test func sigmoidTimesItsInputIsSiLU() throws {
        var sketch = Sketch()
        let gate = sketch.add(.unary(.sigmoid), [sketch.convolution])
        let last = sketch.add(Self.multiply, [gate, sketch.convolution])
        let net = try sketch.folded([last])
        #expect(net.layers.map(\.activation) == [.silu])
        #expect(net.units.count == 1)
    }

    @Test func hardSigmoidOfASixthTimesItsInputIsHardSwish() throws {
        var sketch = Sketch()
        let gate = sketch.add(.unary(.hardSigmoid(alpha: 1 / 6, beta: 0.5)), [sketch.convolution])
        let last = sketch.add(Self.multiply, [sketch.convolution, gate])
        let net = try sketch.folded([last])
        #expect(net.layers.map(\.activation) == [.hardSwish])
        #expect(net.units.count == 1)
    }

    @Test(arguments: [true, false]) func aClippedSumOverSixTimesItsInputIsHardSwish(dividesFirst: Bool) throws {
        var sketch = Sketch()
        let x = sketch.convolution
        let shifted = sketch.add(Self.add, [x, sketch.number(3)])
        let clipped = sketch.add(.unary(.clip(minimum: 0, maximum: 6)), [shifted])
        let last: TensorID
        if dividesFirst {
            let gate = sketch.add(Self.multiply, [clipped, sketch.number(0.16666667)])
            last = sketch.add(Self.multiply, [x, gate])
        } else {
            let product = sketch.add(Self.multiply, [x, clipped])
            last = sketch.add(.elementwise(.divide), [product, sketch.number(6)])
        }
        let net = try sketch.folded([last])
        #expect(net.layers.map(\.activation) == [.hardSwish])
        #expect(net.layers.map(\.output) == [last])
        #expect(net.units.count == 1)
    }

    @Test(arguments: [true, false]) func theErrorFunctionsGateIsGELU(halvesFirst: Bool) throws {
        var sketch = Sketch()
        let x = sketch.convolution
        let half = halvesFirst ? sketch.add(Self.multiply, [sketch.number(0.5), x]) : x
        let scaled = sketch.add(.elementwise(.divide), [x, sketch.number(1.4142135)])
        let erf = sketch.add(.unary(.erf), [scaled])
        let gate = sketch.add(Self.add, [erf, sketch.number(1)])
        let product = sketch.add(Self.multiply, [half, gate])
        let last = halvesFirst ? product : sketch.add(Self.multiply, [product, sketch.number(0.5)])
        let net = try sketch.folded([last])
        #expect(
            net.units.dropFirst() == [
                .operation(
                    Node(
                        name: sketch.nodes.last?.name ?? "", operation: .unary(.gelu(approximate: false)),
                        inputs: [x], outputs: [last]))
            ])
    }

    @Test func aGateThatOthersReadStays() throws {
        var sketch = Sketch()
        let gate = sketch.add(.unary(.sigmoid), [sketch.convolution])
        let product = sketch.add(Self.multiply, [gate, sketch.convolution])
        let negative = sketch.add(.unary(.negate), [gate])
        let net = try sketch.folded([product, negative])
        #expect(net.layers.map(\.activation) == [nil])
        #expect(net.units.count == 4)
    }

    @Test func aGateOfAnotherTensorStays() throws {
        var sketch = Sketch()
        let other = sketch.add(.unary(.negate), [sketch.convolution])
        let gate = sketch.add(.unary(.sigmoid), [sketch.convolution])
        let last = sketch.add(Self.multiply, [gate, other])
        let net = try sketch.folded([last])
        #expect(net.layers.map(\.activation) == [nil])
        #expect(net.units.count == 4)
    }
}

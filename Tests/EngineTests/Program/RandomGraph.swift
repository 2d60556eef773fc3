import Net

@testable import Engine

/// Nodes and random constants of a small net, put together layer by layer.
struct RandomGraph {
    private var random: SplitMix64
    private var tensors: [TensorDescription] = []
    private var constants: [TensorID: Tensor] = [:]
    private var nodes: [Node] = []

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func tensor(_ shape: Shape, isBatched: Bool = true) -> TensorID {
        tensors.append(TensorDescription(name: "t\(tensors.count)", shape: shape, isBatched: isBatched))
        return TensorID(tensors.count - 1)
    }

    mutating func node(_ operation: Operator, _ inputs: [TensorID?], _ shape: Shape) -> TensorID {
        let output = tensor(shape)
        nodes.append(Node(name: "n\(nodes.count)", operation: operation, inputs: inputs, outputs: [output]))
        return output
    }

    /// A convolution that keeps the size, divided by the stride, and the function after it, if there is one.
    mutating func layer(
        _ input: TensorID, _ outputs: Int, kernel: Int, stride: Int = 1, dilation: Int = 1, groups: Int = 1,
        _ function: Unary?
    ) -> TensorID {
        let shape = tensors[input.index].shape
        let pad = dilation * (kernel - 1) / 2
        let window = Window(
            kernel: .init(kernel, kernel), strides: .init(stride, stride), dilations: .init(dilation, dilation),
            padding: .init(top: pad, left: pad, bottom: pad, right: pad))
        let terms = shape[1] / groups * kernel * kernel
        let weights = constant([outputs, shape[1] / groups, kernel, kernel], 3 / Float(terms).squareRoot())
        let bias = constant([outputs], 0.3)
        let size: Shape = [1, outputs, (shape[2] - 1) / stride + 1, (shape[3] - 1) / stride + 1]
        let sums = node(.convolution(window, groups: groups), [input, weights, bias], size)
        return function.map { node(.unary($0), [sums], size) } ?? sums
    }

    /// A row of values times a matrix, and a bias.
    mutating func linear(_ input: TensorID, _ outputs: Int) -> TensorID {
        let inputs = tensors[input.index].shape[1]
        return node(
            .gemm(alpha: 1, beta: 1, transposeA: false, transposeB: true),
            [input, constant([outputs, inputs], 0.4), constant([outputs], 0.1)], [1, outputs])
    }

    private mutating func constant(_ shape: Shape, _ size: Float) -> TensorID {
        let id = tensor(shape, isBatched: false)
        constants[id] = Tensor(
            shape: shape,
            values: (0..<shape.count).map { _ in Float.random(in: -0.45...0.55, using: &random) * size })
        return id
    }

    /// What was put together.
    func graph(_ name: String, input: TensorID, output: TensorID) throws -> Graph {
        try Graph(
            name: name, tensors: tensors, constants: constants, inputs: [input], outputs: [output], nodes: nodes)
    }
}

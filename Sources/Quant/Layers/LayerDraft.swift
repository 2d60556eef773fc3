import Glibc
import Net

/// A layer while nodes are still being folded into it; weights and bias in double precision until it is done.
struct LayerDraft {
    let name: String
    var kind: Layer.Kind
    var input: TensorID
    var addend: TensorID?
    var activation: Unary?

    private let weightShape: Shape
    private var weights: [Double]
    private var bias: [Double]

    /// The layer that a node with constant weights starts; `nil` for any other node.
    ///
    /// A tensor that a file broadcasts to several images per image (leading dimension not 1) is no layer's input: such
    /// operations follow their plain definition.
    init?(node: Node, graph: Graph) {
        guard node.inputs.count >= 2, let input = node.inputs[0], let weightID = node.inputs[1],
            let constant = graph.constants[weightID], graph.constants[input] == nil,
            graph[input].shape.dimensions.first == 1
        else { return nil }
        let biasID = node.inputs.count > 2 ? node.inputs[2] : nil
        let outputChannels: Int
        switch node.operation {
        case .convolution(let window, let groups):
            kind = .convolution(window, groups: groups)
            weightShape = constant.shape
            weights = constant.values.map(Double.init)
            outputChannels = constant.shape[0]
        case .gemm(let alpha, _, false, let transposed):
            guard constant.shape.rank == 2, graph[input].shape.rank == 2 else { return nil }
            (weightShape, weights) = LayerDraft.linearWeights(
                constant, transposed: transposed, alpha: Double(alpha))
            kind = .linear
            outputChannels = weightShape[0]
        case .matrixProduct:
            guard constant.shape.rank == 2, graph[input].shape.rank == 2 else { return nil }
            (weightShape, weights) = LayerDraft.linearWeights(constant, transposed: false, alpha: 1)
            kind = .linear
            outputChannels = weightShape[0]
        default: return nil
        }
        bias = [Double](repeating: 0, count: outputChannels)
        if let biasID {
            guard let values = graph.constants[biasID]?.values, let last = values.last,
                values.count == outputChannels || values.count == 1
            else { return nil }
            var beta = 1.0
            if case .gemm(_, let factor, _, _) = node.operation { beta = Double(factor) }
            for channel in bias.indices {
                bias[channel] = beta * Double(values.count == 1 ? last : values[channel])
            }
        }
        name = node.name
        self.input = input
    }

    /// Folds a node that multiplies or shifts each channel by a constant; false if it is of another kind.
    mutating func absorb(_ node: Node, reading tensor: TensorID, graph: Graph) -> Bool {
        switch node.operation {
        case .batchNormalization(let epsilon):
            let parameters = node.inputs.dropFirst().compactMap { $0.flatMap { graph.constants[$0]?.values } }
            guard node.inputs[0] == tensor, parameters.count == 4,
                parameters.allSatisfy({ $0.count == bias.count })
            else { return false }
            for channel in bias.indices {
                let deviation = (Double(parameters[3][channel]) + Double(epsilon)).squareRoot()
                let factor = Double(parameters[0][channel]) / deviation
                scale(channel, by: factor)
                bias[channel] += Double(parameters[1][channel]) - Double(parameters[2][channel]) * factor
            }
            return true
        case .elementwise(let function):
            guard node.inputs.count == 2,
                let constant = node.inputs.compactMap({ $0 }).first(where: { $0 != tensor }),
                let values = graph.constants[constant],
                graph[node.outputs[0]].shape == graph[tensor].shape,
                let perChannel = channelValues(values, rank: graph[tensor].shape.rank)
            else { return false }
            let tensorIsFirst = node.inputs[0] == tensor
            switch function {
            case .add: for channel in bias.indices { bias[channel] += perChannel[channel] }
            case .subtract where tensorIsFirst:
                for channel in bias.indices { bias[channel] -= perChannel[channel] }
            case .multiply: for channel in bias.indices { scale(channel, by: perChannel[channel]) }
            case .divide where tensorIsFirst && perChannel.allSatisfy { $0 != 0 }:
                for channel in bias.indices { scale(channel, by: 1 / perChannel[channel]) }
            default: return false
            }
            return true
        default: return false
        }
    }

    /// The finished layer.
    func layer(preActivation: TensorID, output: TensorID) -> Layer {
        Layer(
            name: name, kind: kind, weights: Tensor(shape: weightShape, values: weights.map(Float.init)),
            bias: bias.map(Float.init), input: input, addend: addend, activation: activation,
            preActivation: preActivation, output: output)
    }

    private mutating func scale(_ channel: Int, by factor: Double) {
        let length = weights.count / max(1, bias.count)
        for index in channel * length..<(channel + 1) * length { weights[index] *= factor }
        bias[channel] *= factor
    }

    /// One value per output channel if the constant varies along the channel axis (1) only.
    private func channelValues(_ constant: Tensor, rank: Int) -> [Double]? {
        if constant.shape.count == 1 {
            return [Double](repeating: Double(constant.values[0]), count: bias.count)
        }
        guard constant.shape.count == bias.count, constant.shape.rank <= rank else { return nil }
        let axis = constant.shape.rank - (rank - 1)
        guard axis >= 0, constant.shape[axis] == bias.count else { return nil }
        return constant.values.map(Double.init)
    }

    /// Weights [O, I] from a Gemm's or MatMul's B.
    private static func linearWeights(_ tensor: Tensor, transposed: Bool, alpha: Double) -> (Shape, [Double]) {
        if transposed { return (tensor.shape, tensor.values.map { alpha * Double($0) }) }
        let (rows, columns) = (tensor.shape[0], tensor.shape[1])
        var values = [Double](repeating: 0, count: rows * columns)
        for row in 0..<rows {
            for column in 0..<columns {
                values[column * rows + row] = alpha * Double(tensor.values[row * columns + column])
            }
        }
        return ([columns, rows], values)
    }
}

public import Net

/// A weighted layer after folding: a convolution or linear layer with everything its epilogue absorbs.
///
/// output = activation(weights ⊛ input + bias + addend). Batch normalization, constant multiplications and additions
/// are folded into weights and bias, zero padding into the window.
public struct Layer: Hashable, Sendable {
    /// What the weights multiply.
    public enum Kind: Hashable, Sendable {
        /// Weights [O, I/groups, kernel height, kernel width].
        case convolution(Window, groups: Int)
        /// Weights [O, I].
        case linear
    }

    /// The name of the node that holds the weights; unique in its net.
    public let name: String
    /// Convolution or linear.
    public let kind: Kind
    /// The folded weights, output channel outermost.
    public let weights: Tensor
    /// The folded bias, one value per output channel.
    public let bias: [Float]
    /// The tensor the layer reads: its activation in the sense of this project.
    public let input: TensorID
    /// A tensor added before the activation: a residual connection fused into the epilogue.
    public let addend: TensorID?
    /// The activation function fused into the epilogue.
    public let activation: Unary?
    /// The tensor that enters the activation (equal to `output` without one).
    public let preActivation: TensorID
    /// The tensor written.
    public let output: TensorID

    /// The number of output channels.
    public var outputChannels: Int { weights.shape[0] }
    /// The number of weights of one output channel.
    public var weightsPerChannel: Int { weights.shape.count / max(1, outputChannels) }
    /// The number of groups: 1 for dense and linear layers.
    public var groups: Int {
        if case .convolution(_, let groups) = kind { groups } else { 1 }
    }
    /// Whether every input channel is convolved on its own.
    public var isDepthwise: Bool { groups > 1 && weights.shape[1] == 1 }
}

/// One step of a folded net.
public enum Unit: Hashable, Sendable {
    /// A weighted layer, by its index in `LayerGraph.layers`.
    case layer(Int)
    /// Any other operation, run on real values.
    case operation(Node)
}

/// A net to be trained: layers in the order in which they run, before any weight exists.
///
/// Tensor 0 holds the images, tensor i + 1 what layer i gives. The last layer gives the logits.
public struct Blueprint: Sendable {
    /// The net's name.
    public let name: String
    /// Channels, rows and columns of an image.
    public let input: MapSize
    /// The layers.
    public let layers: [LayerBlueprint]

    /// A net from its layers.
    public init(name: String, input: MapSize, layers: [LayerBlueprint]) {
        precondition(!layers.isEmpty, "a net computes something")
        for (index, layer) in layers.enumerated() {
            precondition(
                layer.reads.allSatisfy { (0...index).contains($0) }, "layers read what is there before them")
        }
        self.name = name
        self.input = input
        self.layers = layers
    }

    /// The number of classes told apart.
    public var classes: Int { layers[layers.count - 1].output.channels }

    /// The size of a tensor.
    public func size(of tensor: Int) -> MapSize { tensor == 0 ? input : layers[tensor - 1].output }
}

/// Channels, rows and columns of a map.
public struct MapSize: Hashable, Sendable {
    /// Channels.
    public let channels: Int
    /// Rows.
    public let height: Int
    /// Columns.
    public let width: Int

    /// A size from its parts.
    public init(_ channels: Int, _ height: Int, _ width: Int) {
        self.channels = channels
        self.height = height
        self.width = width
    }

    /// Elements of a map.
    public var count: Int { channels * height * width }
}

/// A layer of a blueprint.
public struct LayerBlueprint: Sendable {
    /// The name, unique in the net: that of the convolution, or of the pool, in the exported file.
    public let name: String
    /// What it computes.
    public let kind: Kind
    /// The tensor it reads.
    public let input: Int
    /// The size of what it gives.
    public let output: MapSize

    /// What a layer computes.
    public enum Kind: Sendable {
        /// A convolution or dense layer with what is fused to it.
        case convolution(ConvolutionBlueprint)
        /// The largest value of windows that do not overlap.
        case maxPool(size: Int)
        /// The mean of windows that do not overlap.
        case averagePool(size: Int)
        /// The mean of a channel.
        case globalAveragePool
    }

    /// A layer from its parts.
    public init(name: String, kind: Kind, input: Int, output: MapSize) {
        self.name = name
        self.kind = kind
        self.input = input
        self.output = output
    }

    /// The convolution, if it is one.
    public var convolution: ConvolutionBlueprint? {
        if case .convolution(let convolution) = kind { convolution } else { nil }
    }

    /// The tensors it reads.
    var reads: [Int] { [input] + [convolution?.addend].compactMap(\.self) }
}

/// A convolution, what normalizes its sums, what is added to them, and the activation: y = f(norm(w ∗ x) + addend).
public struct ConvolutionBlueprint: Sendable {
    /// The convolution.
    public let geometry: ConvolutionGradient
    /// What comes after the sums.
    public let end: End
    /// The tensor that is added before the activation.
    public let addend: Int?
    /// The activation.
    public let activation: Gate
    /// Whether it is a dense layer, which files know as Gemm.
    public let isDense: Bool

    /// What comes after the sums of a convolution.
    public enum End: Hashable, Sendable {
        /// Normalization, with γ and β for each channel.
        case normalized
        /// A bias for each channel.
        case biased
    }

    /// A convolution from its parts.
    public init(
        _ geometry: ConvolutionGradient, end: End, addend: Int? = nil, activation: Gate, isDense: Bool = false
    ) {
        self.geometry = geometry
        self.end = end
        self.addend = addend
        self.activation = activation
        self.isDense = isDense
    }
}

/// An activation that passes what lies between two bounds, and its gradient only there.
public enum Gate: Hashable, Sendable {
    /// x
    case open
    /// max(x, 0)
    case relu
    /// min(max(x, 0), 6)
    case relu6

    /// The bounds; `nil` for none.
    var bounds: (low: Float, high: Float)? {
        switch self {
        case .open: nil
        case .relu: (0, .infinity)
        case .relu6: (0, 6)
        }
    }
}

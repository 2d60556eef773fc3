internal import Net

/// The nets that can be trained by name.
public enum Architecture: Hashable, Sendable {
    /// 6n + 2 layers in three stages of 1, 2 and 4 times the width (K. He et al. 2016, section 4.2), with projections (1x1)
    /// where the shape changes.
    case resnet(depth: Int)
    /// Depthwise separable convolutions (A. Howard et al. 2017) with ReLU6.
    case mobilenet
    /// Six plain convolutions with biases in three stages (K. Simonyan, A. Zisserman 2015, much smaller).
    case vgg
    /// Two hidden dense layers.
    case mlp

    /// The architecture of a name: resnetD with D = 6n + 2, mobilenet, vgg or mlp; `nil` if there is none.
    public init?(_ name: String) {
        switch name {
        case "mobilenet": self = .mobilenet
        case "vgg": self = .vgg
        case "mlp": self = .mlp
        default:
            guard name.hasPrefix("resnet"), let depth = Int(name.dropFirst(6)), depth >= 8, depth <= 1202,
                (depth - 2) % 6 == 0
            else { return nil }
            self = .resnet(depth: depth)
        }
    }

    /// The name.
    public var name: String {
        switch self {
        case .resnet(let depth): "resnet\(depth)"
        case .mobilenet: "mobilenet"
        case .vgg: "vgg"
        case .mlp: "mlp"
        }
    }

    /// Channels of the first layer, where nothing else is asked for; units of a hidden layer of an mlp.
    public var standardWidth: Int { self == .mlp ? 128 : 16 }

    /// Whether its layers are normalized where nothing else is asked for.
    public var isNormalized: Bool { self != .vgg }

    /// The least rows and columns of an image that leave a pixel in the last stage.
    public var leastSize: Int {
        switch self {
        case .resnet, .mobilenet: 4
        case .vgg: 8
        case .mlp: 1
        }
    }

    /// The net.
    ///
    /// - Parameters:
    ///   - end: what follows the sums of hidden layers.
    ///   - input: the size of an image, at least `leastSize` rows and columns.
    public func blueprint(width: Int, end: ConvolutionBlueprint.End, input: MapSize, classes: Int) -> Blueprint {
        precondition(width > 0 && classes > 1, "channels and classes")
        precondition(min(input.height, input.width) >= leastSize, "an image large enough")
        var net = BlueprintBuilder(input: input, end: end)
        switch self {
        case .resnet(let depth): net.resnet(blocks: (depth - 2) / 6, width: width, classes: classes)
        case .mobilenet: net.mobilenet(width: width, classes: classes)
        case .vgg: net.vgg(width: width, classes: classes)
        case .mlp: net.mlp(width: width, classes: classes)
        }
        return Blueprint(name: name, input: input, layers: net.layers)
    }
}

/// Appends layers one after the other; each gives the tensor it writes.
private struct BlueprintBuilder {
    let input: MapSize
    let end: ConvolutionBlueprint.End
    var layers: [LayerBlueprint] = []

    init(input: MapSize, end: ConvolutionBlueprint.End) {
        self.input = input
        self.end = end
    }

    private func size(of tensor: Int) -> MapSize { tensor == 0 ? input : layers[tensor - 1].output }

    @discardableResult
    private mutating func append(_ name: String, _ kind: LayerBlueprint.Kind, _ input: Int, _ output: MapSize)
        -> Int
    {
        layers.append(LayerBlueprint(name: name, kind: kind, input: input, output: output))
        return layers.count
    }

    private mutating func convolution(
        _ name: String, _ x: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1, isDepthwise: Bool = false,
        addend: Int? = nil, _ activation: Gate
    ) -> Int {
        let size = size(of: x)
        let side = kernel / 2
        let geometry = ConvolutionGradient(
            inputs: size.channels, outputs: outputs, isDepthwise: isDepthwise,
            window: Window(
                kernel: Window.Pair(kernel, kernel), strides: Window.Pair(stride, stride),
                padding: Window.Padding(top: side, left: side, bottom: side, right: side)),
            height: size.height, width: size.width)
        let output = geometry.outputSize
        return append(
            name, .convolution(ConvolutionBlueprint(geometry, end: end, addend: addend, activation: activation)), x,
            MapSize(outputs, output.height, output.width))
    }

    /// A dense layer over all of a map: a convolution as large as that.
    @discardableResult
    private mutating func dense(
        _ name: String, _ x: Int, _ outputs: Int, end: ConvolutionBlueprint.End, _ activation: Gate
    ) -> Int {
        let size = size(of: x)
        let geometry = ConvolutionGradient(
            inputs: size.channels, outputs: outputs, window: Window(kernel: Window.Pair(size.height, size.width)),
            height: size.height, width: size.width)
        return append(
            name, .convolution(ConvolutionBlueprint(geometry, end: end, activation: activation, isDense: true)), x,
            MapSize(outputs, 1, 1))
    }

    private mutating func classify(_ x: Int, classes: Int) {
        let pooled = append("pool", .globalAveragePool, x, MapSize(size(of: x).channels, 1, 1))
        dense("fc", pooled, classes, end: .biased, .open)
    }

    mutating func resnet(blocks: Int, width: Int, classes: Int) {
        var x = convolution("conv1", 0, width, .relu)
        for (stage, channels) in [width, 2 * width, 4 * width].enumerated() {
            for block in 0..<blocks {
                let stride = block == 0 && stage > 0 ? 2 : 1
                let tag = "\(stage + 2)_\(block + 1)"
                let inner = convolution("conv\(tag)a", x, channels, stride: stride, .relu)
                let shortcut =
                    size(of: x).channels == channels
                    ? x : convolution("conv\(tag)s", x, channels, kernel: 1, stride: stride, .open)
                x = convolution("conv\(tag)b", inner, channels, addend: shortcut, .relu)
            }
        }
        classify(x, classes: classes)
    }

    mutating func mobilenet(width: Int, classes: Int) {
        var x = convolution("conv1", 0, width, .relu6)
        let blocks = [(2, 2), (2, 1), (4, 2)] + Array(repeating: (4, 1), count: 5) + [(8, 2), (8, 1)]
        for (index, (factor, stride)) in blocks.enumerated() {
            let name = "conv\(index + 2)"
            x = convolution("\(name)_dw", x, size(of: x).channels, stride: stride, isDepthwise: true, .relu6)
            x = convolution("\(name)_pw", x, factor * width, kernel: 1, .relu6)
        }
        classify(x, classes: classes)
    }

    mutating func vgg(width: Int, classes: Int) {
        var x = 0
        for stage in 1...3 {
            for index in 1...2 { x = convolution("conv\(stage)_\(index)", x, width << (stage - 1), .relu) }
            let size = size(of: x)
            x = append(
                "pool\(stage)", .maxPool(size: 2), x, MapSize(size.channels, size.height / 2, size.width / 2))
        }
        let hidden = dense("fc1", x, 4 * width, end: .biased, .relu)
        dense("fc2", hidden, classes, end: .biased, .open)
    }

    mutating func mlp(width: Int, classes: Int) {
        let first = dense("fc1", 0, width, end: end, .relu)
        let second = dense("fc2", first, width, end: end, .relu)
        dense("fc3", second, classes, end: .biased, .open)
    }
}

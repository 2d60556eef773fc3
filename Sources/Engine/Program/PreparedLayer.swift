internal import Net
internal import Quant

/// A layer with its weights in kernel order, for one setting of its weights and one kind of input.
struct PreparedLayer: Sendable {
    /// What the weights stand for.
    enum Weights: Hashable, Sendable {
        /// The folded real weights.
        case real
        /// Integer codes, to multiply codes of the input.
        case codes(QuantizedWeights)
        /// The real values of the codes, to multiply real inputs.
        case effective(QuantizedWeights)
        /// Codes in the order of the integer kernels of a level, for inputs of codes up to a largest.
        case packed(QuantizedWeights, largestInput: Int, InstructionSet)

        /// The same weights, however they are multiplied.
        var quantized: QuantizedWeights? {
            switch self {
            case .real: nil
            case .codes(let weights), .effective(let weights), .packed(let weights, _, _): weights
            }
        }
    }

    let source: Weights
    let convolution: PreparedConvolution

    init(_ layer: Layer, input: Shape, source: Weights) {
        self.source = source
        let shape: (channels: Int, groups: Int, window: Window) =
            switch layer.kind {
            case .convolution(let window, let groups): (input[1], groups, window)
            case .linear: (layer.weights.shape[1], 1, Window(kernel: Window.Pair(1, 1)))
            }
        func prepared(_ values: [Float]) -> PreparedConvolution {
            PreparedConvolution(
                weights: values, outputChannels: layer.outputChannels, inputChannels: shape.channels,
                groups: shape.groups, window: shape.window)
        }
        switch source {
        case .real: convolution = prepared(layer.weights.values)
        case .codes(let quantized): convolution = prepared(quantized.centredCodes)
        case .effective(let quantized): convolution = prepared(quantized.effective)
        case .packed(let quantized, let largestInput, let isa):
            convolution = PreparedConvolution(
                codes: quantized.codes, zeroPoints: quantized.zeroPoint, outputChannels: layer.outputChannels,
                inputChannels: shape.channels,
                groups: shape.groups, window: shape.window,
                outputRows: Self.outputRows(layer, input: input, shape.window),
                largestInput: largestInput, isa: isa)
        }
    }

    private static func outputRows(_ layer: Layer, input: Shape, _ window: Window) -> Int {
        guard case .convolution = layer.kind else { return 1 }
        let extent = (window.kernel.height - 1) * window.dilations.height + 1
        return (input[2] + window.padding.top + window.padding.bottom - extent) / window.strides.height + 1
    }

    /// The form of the weights that a plan asks for.
    static func weights(for plan: LayerPlan?, _ path: LayerPath, _ arithmetic: Arithmetic) -> Weights {
        guard let plan, case .quantized(let quantized) = plan.weights else { return .real }
        guard let quantizer = plan.input.commonQuantizer else { return .effective(quantized) }
        if path == .integer, case .fastest(let isa) = arithmetic {
            return .packed(quantized, largestInput: quantizer.maximumCode, isa)
        }
        return .codes(quantized)
    }

    /// The epilogue's factors: acc → real value.
    static func factors(
        _ plan: LayerPlan?
    ) -> (scale: [Float], offset: [Float]?) {
        guard let plan else { return ([1], nil) }
        guard let quantizer = plan.input.commonQuantizer else { return ([1], nil) }
        guard case .quantized(let weights) = plan.weights else { return ([quantizer.scale], nil) }
        let isCorrected = weights.offset.contains { $0 != 0 }
        return (
            weights.scale.map { quantizer.scale * $0 },
            isCorrected ? weights.offset.map { quantizer.scale * $0 } : nil
        )
    }
}

extension QuantizedWeights {
    /// The codes less the zero points of their channels.
    fileprivate var centredCodes: [Float] {
        let length = zeroPoint.isEmpty ? 0 : codes.count / zeroPoint.count
        return [Float](unsafeUninitializedCapacity: codes.count) { result, initialized in
            for (channel, zero) in zeroPoint.enumerated() {
                for index in channel * length..<(channel + 1) * length {
                    result[index] = Float(Int(codes[index]) - zero)
                }
            }
            initialized = codes.count
        }
    }
}

extension Activation {
    /// The epilogue's form of a fused function.
    init(_ function: Unary?) {
        switch function {
        case nil: self = .none
        case .relu: self = .relu
        case .clip(let minimum, let maximum): self = .clamp(low: minimum, high: maximum)
        case .leakyRelu(let slope): self = .leaky(slope: slope)
        case .hardSwish: self = .hardSwish
        case .silu: self = .silu
        case .sigmoid: self = .sigmoid
        case .hardSigmoid(let alpha, let beta): self = .hardSigmoid(slope: alpha, offset: beta)
        case .some(let other): preconditionFailure("\(other.name) is not fused")
        }
    }

    /// Whether the epilogue computes the function.
    static func covers(_ function: Unary) -> Bool {
        switch function {
        case .relu, .clip, .leakyRelu, .hardSwish, .silu, .sigmoid, .hardSigmoid: true
        default: false
        }
    }
}

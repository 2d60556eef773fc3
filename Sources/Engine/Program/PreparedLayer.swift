internal import Net
internal import Quant

/// A layer with its weights in kernel order, for one setting of its weights and one kind of input.
///
/// A class, so that a run counts one reference and not those to everything in it, which threads would contend for.
final class PreparedLayer: Sendable {
    /// What the weights stand for.
    enum Weights: Hashable, Sendable {
        /// The folded real weights.
        case real
        /// Integer codes, to multiply codes of the input.
        case codes(QuantizedWeights)
        /// The same with what corrects them, which leaves sums exact: window sums are not needed.
        case shifted(QuantizedWeights)
        /// The real values of the codes, to multiply real inputs.
        case effective(QuantizedWeights)
        /// Codes in the order of the integer kernels of a level, for inputs of codes up to a largest.
        case packed(QuantizedWeights, largestInput: Int, InstructionSet)

        /// The same weights, however they are multiplied.
        var quantized: QuantizedWeights? {
            switch self {
            case .real: nil
            case .codes(let weights), .shifted(let weights), .effective(let weights), .packed(let weights, _, _):
                weights
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
        case .codes(let quantized): convolution = prepared(quantized.centredCodes(shifted: false))
        case .shifted(let quantized): convolution = prepared(quantized.centredCodes(shifted: true))
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
        return quantized.sumsAreExact(with: quantizer) ? .shifted(quantized) : .codes(quantized)
    }

    /// The epilogue's factors: acc → real value.
    func factors(_ plan: LayerPlan?) -> (scale: [Float], offset: [Float]?) {
        guard let quantizer = plan?.input.commonQuantizer else { return ([1], nil) }
        let scale = quantizer.scale
        switch source {
        case .real, .effective: return ([scale], nil)
        case .shifted(let weights): return (weights.scale.map { scale * $0 }, nil)
        case .codes(let weights), .packed(let weights, _, _):
            let isCorrected = weights.shift.contains { $0 != 0 }
            return (weights.scale.map { scale * $0 }, isCorrected ? weights.shift : nil)
        }
    }
}

extension QuantizedWeights {
    private var weightsPerChannel: Int { zeroPoint.isEmpty ? 0 : codes.count / zeroPoint.count }

    /// The codes less the zero points of their channels, and plus their shifts if asked for.
    func centredCodes(shifted: Bool) -> [Float] {
        let length = weightsPerChannel
        return [Float](unsafeUninitializedCapacity: codes.count) { result, initialized in
            for (channel, zero) in zeroPoint.enumerated() {
                let shift = shifted ? shift[channel] : 0
                for index in channel * length..<(channel + 1) * length {
                    result[index] = Float(Int(codes[index]) - zero) + shift
                }
            }
            initialized = codes.count
        }
    }

    /// Whether no sum of these weights, shifts included, times codes of `input` can need more than 24 bits.
    ///
    /// Shifts are multiples of 2^-k, so all sums are that stay below 2^(24 - k) in magnitude: that of shifted codes, which the
    /// simulated path adds up, and those of codes and of shifts by themselves, which the integer path adds.
    func sumsAreExact(with input: AffineQuantizer) -> Bool {
        let length = weightsPerChannel
        let largest = Float(max(input.zeroPoint, input.maximumCode - input.zeroPoint))
        let bound = 0x1p24 / Float(1 << QuantizedWeights.shiftBits(count: length)) / largest
        return codes.withUnsafeBufferPointer { codes in
            zeroPoint.indices.allSatisfy { channel in
                let zero = Int32(zeroPoint[channel])
                var sum: Int32 = 0
                for code in codes[channel * length..<(channel + 1) * length] { sum &+= abs(Int32(code) &- zero) }
                return Float(sum) + abs(shift[channel]) * Float(length) < bound
            }
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

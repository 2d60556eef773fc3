import Net
import OnnxProto

/// Nets that are already quantized: pairs of QuantizeLinear and DequantizeLinear fold away, and what they say is kept.
extension Importer {
    /// A tensor rounded to codes, until it becomes real again.
    struct Codes {
        let source: Value
        let name: String
        let scale: Constant
        let zeroPoint: Constant?
        let quantizer: StoredQuantizer
    }

    mutating func importQuantization(_ context: NodeContext) throws(OnnxError) {
        let shape = try inputShape(context)
        guard context.has(1), let scale = context.values[1] else { throw context.attributes.malformed("no scale") }
        guard context.attributes.int("block_size", default: 0) == 0 else {
            throw context.attributes.unsupported("scales per block of a tensor that is computed in the run")
        }
        var axis = 0
        if self.shape(of: scale).count > 1 {
            axis = try context.axis(context.attributes.int("axis", default: 1), rank: shape.rank)
        }
        for index in 1...2 where context.has(index) {
            guard let value = context.values[index],
                [1, shape.rank > 0 ? shape[axis] : 1].contains(self.shape(of: value).count)
            else {
                throw context.attributes.unsupported("scales that are neither one nor one per slice of an axis")
            }
        }
        let inputs = [0, 1, context.has(2) ? 2 : nil]
        guard context.proto.opType == "QuantizeLinear" else {
            if try !foldPair(context, shape) {
                try emit(context, .dequantizeLinear(axis: axis), inputs: inputs, shapes: [shape])
            }
            return
        }
        let range = try codeRange(context)
        noteCodes(context, range)
        try emit(
            context, .quantizeLinear(axis: axis, low: range.lowerBound, high: range.upperBound), inputs: inputs,
            shapes: [shape])
    }

    /// The codes that a QuantizeLinear writes: the zero point's type is the output's.
    func codeRange(_ context: NodeContext) throws(OnnxError) -> ClosedRange<Float> {
        let named = context.attributes.int("output_dtype", default: 0)
        let type =
            elementType(of: context.has(2) ? context.proto.input[2] : "") ?? Int32(clamping: named > 0 ? named : 2)
        guard let range = Importer.codes(of: type) else {
            throw context.attributes.unsupported("element type \(type) of its zero point")
        }
        return range
    }

    /// The values of ONNX's integer types that codes are stored in.
    static func codes(of type: Int32) -> ClosedRange<Float>? {
        switch type {
        case 2: 0...255
        case 3: -128...127
        case 4: 0...65535
        case 5: -32768...32767
        case 21: 0...15
        case 22: -8...7
        default: nil
        }
    }

    private mutating func noteCodes(_ context: NodeContext, _ range: ClosedRange<Float>) {
        guard let source = context.values[0], let scale = context.constant(1), scale.shape.count == 1,
            let output = context.proto.output.first
        else { return }
        let zero = context.constant(2)
        guard zero != nil || !context.has(2) else { return }
        codes[output] = Codes(
            source: source, name: context.proto.input[0], scale: scale, zeroPoint: zero,
            quantizer: StoredQuantizer(
                scale: scale.real.values[0], zeroPoint: zero?.real.values.first ?? 0, low: range.lowerBound,
                high: range.upperBound))
    }

    /// A Clip between the two of a pair narrows the codes.
    mutating func noteClippedCodes(_ context: NodeContext, _ low: Float, _ high: Float) {
        guard let input = context.proto.input.first, let known = codes[input],
            let output = context.proto.output.first
        else { return }
        let own = known.quantizer
        codes[output] = Codes(
            source: known.source, name: known.name, scale: known.scale, zeroPoint: known.zeroPoint,
            quantizer: StoredQuantizer(
                scale: own.scale, zeroPoint: own.zeroPoint, low: max(low, own.low), high: min(high, own.high)))
    }

    /// A DequantizeLinear of codes written with its own scale: together they only round.
    private mutating func foldPair(_ context: NodeContext, _ shape: Shape) throws(OnnxError) -> Bool {
        guard let pair = codes[context.proto.input[0]], let scale = context.constant(1),
            scale.doubles == pair.scale.doubles,
            (context.constant(2)?.doubles ?? [0]) == (pair.zeroPoint?.doubles ?? [0])
        else { return false }
        let source = id(of: pair.source, named: pair.name)
        guard let bound = impliedActivation(pair.quantizer, of: source) else {
            quantizers[source] = pair.quantizer
            alias(context, to: pair.source)
            return true
        }
        emit(context, .unary(bound), ids: [source], shapes: [shape])
        if let output = context.proto.output.first, case .runtime(let id)? = value(named: output) {
            quantizers[id] = pair.quantizer
        }
        return true
    }

    /// The activation that a pair stands for.
    ///
    /// Quantizers leave out a ReLU, or a clip at 6, before a pair whose range ends there: codes saturate.
    private func impliedActivation(_ quantizer: StoredQuantizer, of source: TensorID) -> Unary? {
        guard quantizer.zeroPoint == quantizer.low, !isNotNegative(source) else { return nil }
        return abs(quantizer.largest - 6) < 1e-4 ? .clip(minimum: 0, maximum: 6) : .relu
    }

    /// Whether a tensor's values are at least 0, by what writes it.
    private func isNotNegative(_ tensor: TensorID) -> Bool {
        guard let writer = writers[tensor] else { return false }
        let node = nodes[writer]
        func inputs() -> Bool { node.inputs.allSatisfy { $0.map { isNotNegative($0) } ?? false } }
        switch node.operation {
        case .unary(.relu), .unary(.sigmoid), .unary(.hardSigmoid), .unary(.exp), .unary(.absolute),
            .softmax(_, false):
            return true
        case .unary(.clip(let minimum, _)): return minimum >= 0
        case .pad(_, _, .constant(let value)): return value >= 0 && inputs()
        case .maxPool, .averagePool, .globalAveragePool, .globalMaxPool, .reshape, .transpose, .concatenate,
            .split, .slice, .elementwise(.add), .elementwise(.multiply), .elementwise(.maximum):
            return inputs()
        default: return false
        }
    }

    /// Keeps what a constant that becomes real says of its codes, for the layer whose weights it is.
    mutating func noteStoredCodes(_ context: NodeContext) {
        guard let output = context.proto.output.first, let input = context.proto.input.first else { return }
        switch context.proto.opType {
        case "DequantizeLinear":
            guard let type = codeTypes[input] ?? elementType(of: input), let range = Importer.codes(of: type),
                let scale = context.constant(1)?.real.values.max()
            else { return }
            let bounds = codeBounds[input] ?? range
            storedCodes[output] = StoredQuantizer(
                scale: scale, zeroPoint: context.constant(2)?.real.values.first ?? 0, low: bounds.lowerBound,
                high: bounds.upperBound)
        case "QuantizeLinear": codeTypes[output] = (try? codeRange(context)).flatMap(Importer.type)
        case "Clip":
            guard let type = codeTypes[input] ?? elementType(of: input), let range = Importer.codes(of: type) else {
                return
            }
            codeTypes[output] = type
            let low = context.constant(1)?.real.values.first ?? range.lowerBound
            let high = context.constant(2)?.real.values.first ?? range.upperBound
            if low <= high {
                codeBounds[output] = max(low, range.lowerBound)...max(low, min(high, range.upperBound))
            }
        case "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Identity":
            storedCodes[output] = storedCodes[input]
            codeTypes[output] = codeTypes[input] ?? elementType(of: input)
            codeBounds[output] = codeBounds[input]
        default: break
        }
    }

    private static func type(of range: ClosedRange<Float>) -> Int32? {
        [2, 3, 4, 5, 21, 22].first { codes(of: $0) == range }
    }
}

import Net
import OnnxProto

/// Normalizations by statistics of the run, and the quantization operators.
extension Importer {
    mutating func importInstanceNormalization(_ context: NodeContext) throws(OnnxError) {
        let shape = try spatial(context)
        guard (1...2).allSatisfy({ context.has($0) && context.values[$0].map(self.shape(of:))?.count == shape[1] })
        else { throw context.attributes.malformed("its parameters do not fit \(shape)") }
        try emit(
            context, .instanceNormalization(epsilon: context.attributes.float("epsilon", default: 1e-5)),
            inputs: [0, 1, 2], shapes: [shape])
    }

    mutating func importLayerNormalization(_ context: NodeContext) throws(OnnxError) {
        let shape = try inputShape(context)
        let axis = try context.axis(context.attributes.int("axis", default: -1), rank: shape.rank)
        let inner = Shape(Array(shape.dimensions[axis...]))
        for index in 1...2 where context.has(index) {
            guard let value = context.values[index], broadcast(self.shape(of: value), inner) == inner else {
                throw context.attributes.malformed("its parameters do not fit \(inner)")
            }
        }
        guard context.has(1), inner.count > 0 else { throw context.attributes.malformed("it has no scale") }
        let rows = Shape(shape.dimensions.enumerated().map { $0 < axis ? $1 : 1 })
        try emit(
            context,
            .layerNormalization(axis: axis, epsilon: context.attributes.float("epsilon", default: 1e-5)),
            inputs: [0, 1, context.has(2) ? 2 : nil],
            shapes: Array([shape, rows, rows].prefix(max(1, context.proto.output.count))))
    }

    mutating func importNormNormalization(_ context: NodeContext) throws(OnnxError) {
        let shape = try inputShape(context)
        let axis = try context.axis(context.attributes.int("axis", default: -1), rank: shape.rank)
        let order = context.attributes.int("p", default: 2)
        guard order == 1 || order == 2 else { throw context.attributes.malformed("norm \(order)") }
        try emit(context, .normNormalization(axis: axis, order: order), inputs: [0], shapes: [shape])
    }

    mutating func importQuantization(_ context: NodeContext) throws(OnnxError) {
        let shape = try inputShape(context)
        guard context.has(1), let scale = context.values[1] else { throw context.attributes.malformed("no scale") }
        var axis = 0
        if self.shape(of: scale).count > 1 {
            axis = try context.axis(context.attributes.int("axis", default: 1), rank: shape.rank)
        }
        for index in 1...2 where context.has(index) {
            guard let value = context.values[index],
                [1, shape.rank > 0 ? shape[axis] : 1].contains(
                    self.shape(of: value).count)
            else {
                throw context.attributes.unsupported("scales that are neither one nor one per slice of an axis")
            }
        }
        let inputs = [0, 1, context.has(2) ? 2 : nil]
        guard context.proto.opType == "QuantizeLinear" else {
            try emit(context, .dequantizeLinear(axis: axis), inputs: inputs, shapes: [shape])
            return
        }
        // The zero point's type is the output's.
        let range: ClosedRange<Float>
        switch elementType(of: context.has(2) ? context.proto.input[2] : "") ?? 2 {
        case 2: range = 0...255
        case 3: range = -128...127
        case 4: range = 0...65535
        case 5: range = -32768...32767
        case let type: throw context.attributes.unsupported("element type \(type) of its zero point")
        }
        try emit(
            context, .quantizeLinear(axis: axis, low: range.lowerBound, high: range.upperBound), inputs: inputs,
            shapes: [shape])
    }
}

import Net
import OnnxProto

/// Normalizations by statistics of the run.
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
}

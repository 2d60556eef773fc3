import Net
import OnnxProto

/// Joining, splitting and padding.
extension Importer {
    mutating func importConcatenation(_ context: NodeContext) throws(OnnxError) {
        let first = try inputShape(context)
        let axis = try context.axis(context.attributes.int("axis", default: 1), rank: first.rank)
        var extent = 0
        for value in context.values {
            guard let value else { throw context.attributes.malformed("an input is missing") }
            let part = shape(of: value)
            guard part.rank == first.rank,
                (0..<first.rank).allSatisfy({ $0 == axis || part[$0] == first[$0] })
            else { throw context.attributes.malformed("shapes \(first) and \(part) do not join on axis \(axis)") }
            extent += part[axis]
        }
        var dimensions = first.dimensions
        dimensions[axis] = extent
        try emit(
            context, .concatenate(axis: axis), inputs: Array(context.values.indices), shapes: [Shape(dimensions)])
    }

    mutating func importSplit(_ context: NodeContext) throws(OnnxError) {
        let shape = try inputShape(context)
        let axis = try context.axis(context.attributes.int("axis", default: 0), rank: shape.rank)
        let parts = context.proto.output.count
        let sizes: [Int]
        if let listed = try context.integers(attribute: "split", input: 1) {
            sizes = listed
        } else {
            let length = (shape[axis] + parts - 1) / max(1, parts)
            sizes = (0..<parts).map { min(length, shape[axis] - $0 * length) }
        }
        guard sizes.count == parts, sizes.allSatisfy({ $0 > 0 || $0 == 0 && allowsEmpty }),
            sizes.reduce(0, +) == shape[axis]
        else {
            throw context.attributes.malformed("sizes \(sizes) of \(shape[axis])")
        }
        let shapes = sizes.map { size in
            var dimensions = shape.dimensions
            dimensions[axis] = size
            return Shape(dimensions)
        }
        try emit(context, .split(axis: axis, sizes: sizes), inputs: [0], shapes: shapes)
    }

    mutating func importPad(_ context: NodeContext) throws(OnnxError) {
        var shape = try inputShape(context)
        let attributes = context.attributes
        guard let value = context.values[0], let listed = try context.integers(attribute: "pads", input: 1) else {
            throw attributes.malformed("it names no pads")
        }
        var fill = attributes.float("value", default: 0)
        if context.has(2) {
            guard let constant = context.constant(2)?.real.values.first else {
                throw attributes.unsupported("a value that is not known at load")
            }
            fill = constant
        }
        var axes = Array(0..<shape.rank)
        if context.has(3) {
            guard let named = context.constant(3)?.integers else {
                throw attributes.unsupported("axes that are not known at load")
            }
            axes = []
            for axis in named { axes.append(try context.axis(Int(clamping: axis), rank: shape.rank)) }
        }
        guard listed.count == 2 * axes.count, listed.allSatisfy({ (-(1 << 24)...1 << 24).contains($0) }) else {
            throw attributes.malformed("pads \(listed) for \(shape)")
        }
        var before = [Int](repeating: 0, count: shape.rank)
        var after = before
        for (entry, axis) in axes.enumerated() {
            before[axis] = listed[entry]
            after[axis] = listed[entry + axes.count]
        }
        // Negative pads cut off.
        let cut = (before: before.map { max(0, -$0) }, after: after.map { max(0, -$0) })
        var source = id(of: value, named: context.proto.input[0])
        if listed.contains(where: { $0 < 0 }) {
            let rest = (0..<shape.rank).map { shape[$0] - cut.before[$0] - cut.after[$0] }
            guard rest.allSatisfy({ $0 > 0 }) else { throw attributes.malformed("pads \(listed) for \(shape)") }
            source = intermediate(
                context, .slice(starts: cut.before, steps: rest.map { _ in 1 }), [source], Shape(rest))
            (shape, before, after) = (Shape(rest), before.map { max(0, $0) }, after.map { max(0, $0) })
        }
        let mode: PadMode
        switch attributes.string("mode", default: "constant") {
        case "constant": mode = .constant(fill)
        case "edge": mode = .edge
        case "wrap": mode = .wrap
        case "reflect":
            guard (0..<shape.rank).allSatisfy({ max(before[$0], after[$0]) < shape[$0] }) else {
                throw attributes.malformed("a reflection wider than its input")
            }
            mode = .reflect
        case let other: throw attributes.unsupported("mode '\(other)'")
        }
        guard let output = Shape(validating: (0..<shape.rank).map { before[$0] + shape[$0] + after[$0] }) else {
            throw attributes.malformed("pads \(listed)")
        }
        emit(context, .pad(before: before, after: after, mode: mode), ids: [source], shapes: [output])
    }
}

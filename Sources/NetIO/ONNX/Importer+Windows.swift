import Net
import OnnxProto

/// Convolutions and pools: `auto_pad` and `ceil_mode` become explicit borders.
extension Importer {
    mutating func importConvolution(_ context: NodeContext) throws(OnnxError) {
        let attributes = context.attributes
        let input = try spatial(context)
        guard context.has(1), let value = context.values[1] else { throw attributes.malformed("it has no weights") }
        let weights = shape(of: value)
        let groups = attributes.int("group", default: 1)
        guard weights.rank == input.rank, groups > 0, weights[0] % groups == 0,
            weights[1].multipliedReportingOverflow(by: groups) == (input[1], false), weights.count > 0
        else {
            throw attributes.malformed("weights \(weights) and \(groups) groups do not fit an input of \(input)")
        }
        try checkKernel(context, weights, outputs: weights[0])
        let rule = WindowRule(context, input: input, kernel: Array(weights.dimensions.dropFirst(2)))
        let resolved = try rule.resolve()
        let inputs = [0, 1, context.has(2) ? 2 : nil]
        let shapes = [Shape([input[0], weights[0]] + resolved.extents)]
        if let window = resolved.planar {
            try emit(context, .convolution(window, groups: groups), inputs: inputs, shapes: shapes)
        } else {
            try emit(context, .spatialConvolution(resolved.window, groups: groups), inputs: inputs, shapes: shapes)
        }
    }

    mutating func importTransposedConvolution(_ context: NodeContext) throws(OnnxError) {
        let attributes = context.attributes
        let input = try spatial(context)
        guard context.has(1), let value = context.values[1] else { throw attributes.malformed("it has no weights") }
        let weights = shape(of: value)
        let groups = attributes.int("group", default: 1)
        guard weights.rank == input.rank, groups > 0, weights[0] == input[1], weights[0] % groups == 0,
            weights.count > 0, weights.count < 1 << 40, groups < 1 << 20
        else {
            throw attributes.malformed("weights \(weights) and \(groups) groups do not fit an input of \(input)")
        }
        let outputs = weights[1] * groups
        try checkKernel(context, weights, outputs: outputs)
        let rule = WindowRule(context, input: input, kernel: Array(weights.dimensions.dropFirst(2)))
        let resolved = try rule.resolveTransposed()
        guard let shape = Shape(validating: [input[0], outputs] + resolved.extents) else {
            throw attributes.malformed("its output is too large")
        }
        try emit(
            context, .transposedConvolution(resolved.window, groups: groups),
            inputs: [0, 1, context.has(2) ? 2 : nil], shapes: [shape])
    }

    /// Checks what kernel_shape and the bias say against the weights.
    private func checkKernel(_ context: NodeContext, _ weights: Shape, outputs: Int) throws(OnnxError) {
        let kernel = Array(weights.dimensions.dropFirst(2))
        if let listed = context.attributes.ints("kernel_shape"), listed != kernel {
            throw context.attributes.malformed("kernel_shape \(listed) differs from the weights' \(weights)")
        }
        if context.has(2), let bias = context.values[2], shape(of: bias).count != outputs {
            throw context.attributes.malformed("its bias does not fit \(outputs) channels")
        }
    }

    mutating func importPool(_ context: NodeContext) throws(OnnxError) {
        let attributes = context.attributes
        let input = try spatial(context)
        guard let kernel = attributes.ints("kernel_shape"), kernel.count == input.rank - 2 else {
            throw attributes.malformed("its kernel_shape")
        }
        let resolved = try WindowRule(context, input: input, kernel: kernel).resolve()
        let output = Shape([input[0], input[1]] + resolved.extents)
        if context.proto.opType == "MaxPool" {
            if context.proto.output.count > 1, isRead(context.proto.output[1]) {
                let columnsFirst = attributes.int("storage_order", default: 0) == 1
                try emit(
                    context, .spatialPool(resolved.window, .maximumWithIndices(columnsFirst: columnsFirst)),
                    inputs: [0], shapes: [output, output])
            } else if let window = resolved.planar {
                try emit(context, .maxPool(window), inputs: [0], shapes: [output])
            } else {
                try emit(context, .spatialPool(resolved.window, .maximum), inputs: [0], shapes: [output])
            }
            return
        }
        let counts = attributes.int("count_include_pad", default: 0) != 0
        // Windows that run past the border count only what is named as padding.
        if let window = resolved.planar, !(counts && resolved.isExtended) {
            try emit(context, .averagePool(window, countsPadding: counts), inputs: [0], shapes: [output])
        } else {
            try emit(
                context, .spatialPool(resolved.window, .average(countsPadding: counts)), inputs: [0],
                shapes: [output])
        }
    }

    /// The shape of the first input, which must have spatial axes: [N, C, ...].
    func spatial(_ context: NodeContext) throws(OnnxError) -> Shape {
        let shape = try inputShape(context)
        guard shape.rank >= 3, shape.count > 0 else {
            throw context.attributes.unsupported("its input \(shape) has no spatial axes [N, C, ...]")
        }
        return shape
    }
}

/// The window of a convolution or pool from its attributes and the input's spatial extents.
struct WindowRule {
    private let attributes: Attributes
    private let input: [Int]
    private let kernel: [Int]

    /// A window with explicit borders, and the output's spatial extents.
    struct Resolved {
        let window: SpatialWindow
        let extents: [Int]
        /// Elements that the last windows reach beyond the padding named.
        let overhang: [Int]

        /// Whether any window runs past the padding named.
        var isExtended: Bool { overhang.contains { $0 > 0 } }

        /// The same window over rows and columns, its padding extended to all it reaches; `nil` for other ranks.
        var planar: Window? {
            guard window.kernel.count == 2 else { return nil }
            return Window(
                kernel: .init(window.kernel[0], window.kernel[1]),
                strides: .init(window.strides[0], window.strides[1]),
                dilations: .init(window.dilations[0], window.dilations[1]),
                padding: .init(
                    top: window.before[0], left: window.before[1], bottom: window.after[0] + overhang[0],
                    right: window.after[1] + overhang[1]))
        }
    }

    init(_ context: NodeContext, input: Shape, kernel: [Int]) {
        attributes = context.attributes
        self.input = Array(input.dimensions.dropFirst(2))
        self.kernel = kernel
    }

    private typealias Lists = (strides: [Int], dilations: [Int], before: [Int], after: [Int], mode: String)

    private func lists() throws(OnnxError) -> Lists {
        let rank = input.count
        let strides = attributes.ints("strides") ?? [Int](repeating: 1, count: rank)
        let dilations = attributes.ints("dilations") ?? [Int](repeating: 1, count: rank)
        let listed = attributes.ints("pads") ?? [Int](repeating: 0, count: 2 * rank)
        let limit = 1...1 << 20
        guard strides.count == rank, dilations.count == rank, kernel.count == rank, listed.count == 2 * rank,
            (strides + dilations + kernel).allSatisfy(limit.contains),
            listed.allSatisfy({ (0...1 << 20).contains($0) })
        else { throw attributes.malformed("strides \(strides), dilations \(dilations), pads \(listed)") }
        let mode = attributes.string("auto_pad", default: "NOTSET")
        guard ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"].contains(mode) else {
            throw attributes.unsupported("auto_pad '\(mode)'")
        }
        let isNamed = mode == "NOTSET"
        let none = [Int](repeating: 0, count: rank)
        return (
            strides, dilations, isNamed ? Array(listed.prefix(rank)) : none,
            isNamed ? Array(listed.suffix(rank)) : none, mode
        )
    }

    /// The window of a convolution or pool.
    func resolve() throws(OnnxError) -> Resolved {
        let (strides, dilations, listedBefore, listedAfter, mode) = try lists()
        var (before, after) = (listedBefore, listedAfter)
        let roundsUp = attributes.int("ceil_mode", default: 0) != 0
        var extents = [Int](repeating: 0, count: input.count)
        var extended = extents
        for axis in input.indices {
            let span = (kernel[axis] - 1) * dilations[axis] + 1
            if mode.hasPrefix("SAME") {
                extents[axis] = (input[axis] + strides[axis] - 1) / strides[axis]
                let total = max(0, (extents[axis] - 1) * strides[axis] + span - input[axis])
                before[axis] = mode == "SAME_UPPER" ? total / 2 : total - total / 2
                after[axis] = total - before[axis]
                continue
            }
            let room = input[axis] + before[axis] + after[axis] - span
            guard room >= 0 else { throw attributes.malformed("a window of \(span) over \(input[axis]) elements") }
            extents[axis] = room / strides[axis] + 1
            // A last window that starts inside the input or its left border runs past the end.
            if roundsUp, room % strides[axis] != 0, extents[axis] * strides[axis] < input[axis] + before[axis] {
                extents[axis] += 1
                extended[axis] = strides[axis] - room % strides[axis]
            }
        }
        return Resolved(
            window: SpatialWindow(
                kernel: kernel, strides: strides, dilations: dilations, before: before, after: after),
            extents: extents, overhang: extended)
    }

    /// The window of a transposed convolution: its output is what a convolution with this window would read.
    func resolveTransposed() throws(OnnxError) -> Resolved {
        let (strides, dilations, listedBefore, listedAfter, mode) = try lists()
        var (before, after) = (listedBefore, listedAfter)
        let none = [Int](repeating: 0, count: input.count)
        let added = attributes.ints("output_padding") ?? none
        let listed = attributes.ints("output_shape").map { Array($0.suffix(input.count)) }
        guard added.count == input.count, added.allSatisfy({ (0...1 << 20).contains($0) }),
            listed == nil || listed?.count == input.count
        else { throw attributes.malformed("its output_padding or output_shape") }
        var extents = none
        for axis in input.indices {
            let full = strides[axis] * (input[axis] - 1) + added[axis] + (kernel[axis] - 1) * dilations[axis] + 1
            if listed == nil, !mode.hasPrefix("SAME") {
                extents[axis] = full - before[axis] - after[axis]
            } else {
                extents[axis] = listed?[axis] ?? input[axis] * strides[axis]
                let total = max(0, full - extents[axis])
                before[axis] = mode == "SAME_UPPER" ? total / 2 : total - total / 2
                after[axis] = total - before[axis]
            }
            guard (1...1 << 24).contains(extents[axis]) else { throw attributes.malformed("an empty output") }
        }
        return Resolved(
            window: SpatialWindow(
                kernel: kernel, strides: strides, dilations: dilations, before: before, after: after),
            extents: extents, overhang: none)
    }
}

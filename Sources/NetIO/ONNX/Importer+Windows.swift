import Net
import OnnxProto

/// Convolutions and pools: `auto_pad` and `ceil_mode` become explicit borders.
extension Importer {
    mutating func importConvolution(_ context: NodeContext) throws(OnnxError) {
        let attributes = context.attributes
        let input = try image(context)
        guard context.has(1), let value = context.values[1] else { throw attributes.malformed("it has no weights") }
        let weights = shape(of: value)
        let groups = attributes.int("group", default: 1)
        guard weights.rank == 4, groups > 0, weights[0] % groups == 0, weights[1] * groups == input[1],
            weights.count > 0
        else {
            throw attributes.malformed("weights \(weights) and \(groups) groups do not fit an input of \(input)")
        }
        if let listed = attributes.ints("kernel_shape"), listed != [weights[2], weights[3]] {
            throw attributes.malformed("kernel_shape \(listed) differs from the weights' \(weights)")
        }
        if context.has(2), let bias = context.values[2], shape(of: bias).count != weights[0] {
            throw attributes.malformed("its bias does not fit \(weights[0]) channels")
        }
        let (window, extent) = try WindowRule(context, input: input, kernel: [weights[2], weights[3]]).resolve()
        try emit(
            context, .convolution(window, groups: groups), inputs: [0, 1, context.has(2) ? 2 : nil],
            shapes: [Shape([input[0], weights[0], extent.height, extent.width])])
    }

    mutating func importPool(_ context: NodeContext) throws(OnnxError) {
        let attributes = context.attributes
        let input = try image(context)
        guard let kernel = attributes.ints("kernel_shape"), kernel.count == 2 else {
            throw attributes.malformed("its kernel_shape")
        }
        let (window, extent) = try WindowRule(context, input: input, kernel: kernel).resolve()
        let output = Shape([input[0], input[1], extent.height, extent.width])
        if context.proto.opType == "MaxPool" {
            try emit(context, .maxPool(window), inputs: [0], shapes: [output])
        } else {
            let counts = attributes.int("count_include_pad", default: 0) != 0
            if counts, attributes.int("ceil_mode", default: 0) != 0 {
                throw attributes.unsupported("count_include_pad together with ceil_mode")
            }
            try emit(context, .averagePool(window, countsPadding: counts), inputs: [0], shapes: [output])
        }
    }
}

/// The window of a convolution or pool from its attributes and the input's height and width.
struct WindowRule {
    private let attributes: Attributes
    private let input: [Int]
    private let kernel: [Int]

    init(_ context: NodeContext, input: Shape, kernel: [Int]) {
        attributes = context.attributes
        self.input = [input[2], input[3]]
        self.kernel = kernel
    }

    /// The window with explicit borders, and the output's height and width.
    func resolve() throws(OnnxError) -> (Window, Window.Pair) {
        let strides = attributes.ints("strides") ?? [1, 1]
        let dilations = attributes.ints("dilations") ?? [1, 1]
        let listed = attributes.ints("pads") ?? [0, 0, 0, 0]
        let limit = 1...1 << 20
        guard strides.count == 2, dilations.count == 2, listed.count == 4,
            (strides + dilations + kernel).allSatisfy(limit.contains),
            listed.allSatisfy({ (0...1 << 20).contains($0) })
        else { throw attributes.malformed("strides \(strides), dilations \(dilations), pads \(listed)") }
        let mode = attributes.string("auto_pad", default: "NOTSET")
        let roundsUp = attributes.int("ceil_mode", default: 0) != 0
        var before = [listed[0], listed[1]]
        var after = [listed[2], listed[3]]
        var extents = [0, 0]
        for axis in 0..<2 {
            let span = (kernel[axis] - 1) * dilations[axis] + 1
            switch mode {
            case "NOTSET", "VALID":
                if mode == "VALID" { (before[axis], after[axis]) = (0, 0) }
                let room = input[axis] + before[axis] + after[axis] - span
                guard room >= 0 else {
                    throw attributes.malformed("a window of \(span) over \(input[axis]) elements")
                }
                extents[axis] = room / strides[axis] + 1
                if roundsUp, room % strides[axis] != 0 {
                    // A last window that starts inside the input or its left border runs past the end.
                    let start = extents[axis] * strides[axis]
                    if start < input[axis] + before[axis] {
                        extents[axis] += 1
                        after[axis] += strides[axis] - room % strides[axis]
                    }
                }
            case "SAME_UPPER", "SAME_LOWER":
                extents[axis] = (input[axis] + strides[axis] - 1) / strides[axis]
                let total = max(0, (extents[axis] - 1) * strides[axis] + span - input[axis])
                before[axis] = mode == "SAME_UPPER" ? total / 2 : total - total / 2
                after[axis] = total - before[axis]
            default: throw attributes.unsupported("auto_pad '\(mode)'")
            }
        }
        let padding = Window.Padding(top: before[0], left: before[1], bottom: after[0], right: after[1])
        return (
            Window(
                kernel: .init(kernel[0], kernel[1]), strides: .init(strides[0], strides[1]),
                dilations: .init(dilations[0], dilations[1]), padding: padding), .init(extents[0], extents[1])
        )
    }
}

import Glibc
import Net
import OnnxProto

/// Resize and Upsample: every mode becomes weights of input positions, axis by axis.
extension Importer {
    mutating func importResize(_ context: NodeContext) throws(OnnxError) {
        let input = try inputShape(context)
        let rule = try ResizeRule(context, input: input, opset: opset)
        var axes: [AxisSampling] = []
        for axis in 0..<input.rank {
            if let sampling = try rule.sampling(axis) { axes.append(sampling) }
        }
        guard let shape = Shape(validating: rule.extents), shape.count > 0, shape.count < 1 << 32 else {
            throw context.attributes.malformed("its output \(rule.extents)")
        }
        try emit(context, .resample(axes), inputs: [0], shapes: [shape])
    }
}

/// What a Resize (10 and newer) or Upsample node asks for, over all its versions.
private struct ResizeRule {
    let extents: [Int]
    private let attributes: Attributes
    private let input: Shape
    private let scales: [Double]
    private let region: [Double]
    private let mode: String
    private let coordinates: String
    private let antialiases: Bool

    init(_ context: NodeContext, input: Shape, opset: Int) throws(OnnxError) {
        attributes = context.attributes
        self.input = input
        let isUpsample = context.proto.opType == "Upsample"
        let isEarly = isUpsample || opset < 11
        let rank = input.rank
        mode = attributes.string("mode", default: "nearest")
        // Before opset 11 coordinates are those of pixel corners.
        coordinates =
            isEarly
            ? "asymmetric" : attributes.string("coordinate_transformation_mode", default: "half_pixel")
        antialiases = attributes.int("antialias", default: 0) != 0
        var axes = Array(0..<rank)
        if let listed = attributes.ints("axes") {
            axes = []
            for axis in listed { axes.append(try context.axis(axis, rank: rank)) }
        }
        func spread(_ listed: [Double], _ rest: Double) throws(OnnxError) -> [Double] {
            guard listed.count == axes.count else { throw context.attributes.malformed("one value per axis") }
            var all = [Double](repeating: rest, count: rank)
            for (axis, value) in zip(axes, listed) { all[axis] = value }
            return all
        }
        var extents = input.dimensions
        var scales = [Double](repeating: 1, count: rank)
        let scaleInput = isEarly ? 1 : 2
        if isUpsample, let height = attributes.number("height_scale"), let width = attributes.number("width_scale")
        {
            guard rank == 4 else { throw attributes.malformed("its input \(input)") }
            scales = [1, 1, Double(height), Double(width)]
        } else if isUpsample, let listed = attributes.floats("scales"), !listed.isEmpty {
            scales = try spread(listed.map(Double.init), 1)
        } else if let sizes = context.constant(3)?.integers, !sizes.isEmpty {
            let wanted = try spread(sizes.map(Double.init), .nan)
            for axis in axes { scales[axis] = wanted[axis] / Double(max(1, input[axis])) }
            let policy = attributes.string("keep_aspect_ratio_policy", default: "stretch")
            if policy != "stretch" {
                let all = axes.map { scales[$0] }
                let common = (policy == "not_larger" ? all.min() : all.max()) ?? 1
                for axis in axes { scales[axis] = common }
            }
            for axis in axes {
                let extent = policy == "stretch" ? wanted[axis] : (scales[axis] * Double(input[axis])).rounded()
                extents[axis] = Int(max(0, min(0x1p24, extent)))
            }
        } else if let listed = context.constant(scaleInput)?.doubles, !listed.isEmpty {
            scales = try spread(listed, 1)
        } else {
            throw attributes.unsupported("its sizes or scales have to be known at load")
        }
        guard scales.allSatisfy({ $0 > 0 && $0 < 0x1p24 }) else { throw attributes.malformed("scales \(scales)") }
        if extents == input.dimensions {
            extents = input.dimensions.indices.map {
                Int(min(0x1p24, (Double(input[$0]) * scales[$0]).rounded(.down)))
            }
        }
        self.extents = extents
        self.scales = scales
        let listedRegion = coordinates == "tf_crop_and_resize" ? context.constant(1)?.doubles ?? [] : []
        if listedRegion.isEmpty {
            region = [Double](repeating: 0, count: rank) + [Double](repeating: 1, count: rank)
        } else {
            guard listedRegion.count == 2 * axes.count else { throw attributes.malformed("its roi") }
            region =
                try spread(Array(listedRegion.prefix(axes.count)), 0)
                + spread(Array(listedRegion.suffix(axes.count)), 1)
        }
    }

    /// The weights along an axis, or `nil` where it stays as it is.
    func sampling(_ axis: Int) throws(OnnxError) -> AxisSampling? {
        let isCropped = coordinates == "tf_crop_and_resize" && (region[axis] != 0 || region[input.rank + axis] != 1)
        guard extents[axis] != input[axis] || scales[axis] != 1 || isCropped else { return nil }
        var taps: [[AxisSampling.Tap]] = []
        for position in 0..<extents[axis] {
            let x = try coordinate(position, axis)
            guard abs(x) < 0x1p40 else { throw attributes.malformed("a coordinate of \(x)") }
            if coordinates == "tf_crop_and_resize", x < 0 || x > Double(input[axis] - 1) {
                taps.append([])
            } else {
                taps.append(try self.taps(at: x, axis))
            }
        }
        return AxisSampling(
            axis: axis, taps: taps, outside: attributes.float("extrapolation_value", default: 0))
    }

    /// Where an output position lies in the input.
    private func coordinate(_ position: Int, _ axis: Int) throws(OnnxError) -> Double {
        let (x, scale) = (Double(position), scales[axis])
        // What rounding to whole extents takes away still counts in the formulas of the standard.
        let length = Double(input[axis])
        let resized = length * scale
        switch coordinates {
        case "half_pixel": return (x + 0.5) / scale - 0.5
        case "half_pixel_symmetric":
            // The output's centre lies on the input's centre, whatever was rounded away.
            let adjustment = Double(extents[axis]) / resized
            return length / 2 * (1 - adjustment) + (x + 0.5) / scale - 0.5
        case "pytorch_half_pixel": return resized > 1 ? (x + 0.5) / scale - 0.5 : 0
        case "align_corners": return resized > 1 ? x * (length - 1) / (resized - 1) : 0
        case "asymmetric": return x / scale
        case "tf_half_pixel_for_nn": return (x + 0.5) / scale
        case "tf_crop_and_resize":
            let (start, end) = (region[axis], region[input.rank + axis])
            return resized > 1
                ? start * (length - 1) + x * (end - start) * (length - 1) / (resized - 1)
                : 0.5 * (start + end) * (length - 1)
        default: throw attributes.unsupported("coordinate_transformation_mode '\(coordinates)'")
        }
    }

    private func taps(at x: Double, _ axis: Int) throws(OnnxError) -> [AxisSampling.Tap] {
        switch mode {
        case "nearest": return [AxisSampling.Tap(position: inside(try nearest(x), axis), weight: 1)]
        case "linear", "bilinear":
            return weighted(x, axis, reach: 1) { max(0, 1 - abs($0)) }
        case "cubic":
            let a = Double(attributes.float("cubic_coeff_a", default: -0.75))
            return weighted(x, axis, reach: 2) { distance in
                let d = abs(distance)
                if d <= 1 { return ((a + 2) * d - (a + 3)) * d * d + 1 }
                return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0
            }
        default: throw attributes.unsupported("mode '\(mode)'")
        }
    }

    private func inside(_ position: Int, _ axis: Int) -> Int { min(max(position, 0), input[axis] - 1) }

    private func nearest(_ x: Double) throws(OnnxError) -> Int {
        let isOld = coordinates == "asymmetric" && !attributes.has("nearest_mode")
        switch attributes.string("nearest_mode", default: isOld ? "floor" : "round_prefer_floor") {
        case "round_prefer_floor": return Int((x - 0.5).rounded(.up))
        case "round_prefer_ceil": return Int((x + 0.5).rounded(.down))
        case "floor": return Int(x.rounded(.down))
        case "ceil": return Int(x.rounded(.up))
        case let other: throw attributes.unsupported("nearest_mode '\(other)'")
        }
    }

    /// A kernel of some reach around a coordinate.
    ///
    /// Positions outside the input stand for its border, or are left out.
    private func weighted(
        _ x: Double, _ axis: Int, reach: Double, _ kernel: (Double) -> Double
    ) -> [AxisSampling.Tap] {
        // Antialiasing widens the kernel to cover what one output element stands for.
        let stretch = antialiases ? min(1, scales[axis]) : 1
        let radius = reach / stretch
        let first = Int((x - radius).rounded(.down)) + 1
        let last = max(first, Int((x + radius).rounded(.up)) - 1)
        let excludes = attributes.int("exclude_outside", default: 0) != 0
        var weights: [Int: Double] = [:]
        var sum = 0.0
        for position in first...last {
            let weight = kernel((Double(position) - x) * stretch)
            guard weight != 0, !excludes || (0..<input[axis]).contains(position) else { continue }
            weights[inside(position, axis), default: 0] += weight
            sum += weight
        }
        guard sum != 0 else { return [AxisSampling.Tap(position: inside(Int(x.rounded()), axis), weight: 1)] }
        let divisor = excludes || antialiases ? sum : 1
        return weights.sorted { $0.key < $1.key }
            .map { AxisSampling.Tap(position: $0.key, weight: Float($0.value / divisor)) }
    }
}

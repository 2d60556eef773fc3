/// Resizing by a triangle filter as wide as the reduction: bilinear with antialiasing.
///
/// The weights, and for bytes their 22-bit fixed point and the rounding after each pass, are those of Pillow's
/// `Image.resize(..., BILINEAR)`, because nets are trained and judged on its output.
struct Resampling {
    /// The source positions that one output position reads, and their weights, which sum to 1.
    private struct Window {
        let start: Int
        let weights: [Double]
    }

    private let windows: [Window]

    /// The windows that bring `input` positions to `output`.
    init(from input: Int, to output: Int) {
        let scale = Double(input) / Double(output)
        let support = max(scale, 1)
        windows = (0..<output).map { position in
            let center = (Double(position) + 0.5) * scale
            let start = max(0, Int(center - support + 0.5))
            let end = min(input, Int(center + support + 0.5))
            let raw = (start..<end).map { max(0, 1 - abs((Double($0) - center + 0.5) / support)) }
            let sum = raw.reduce(0, +)
            return Window(start: start, weights: raw.map { $0 / sum })
        }
    }

    /// Resamples bytes along the middle axis of an outer × input × inner array.
    func apply(_ values: [UInt8], input: Int, inner: Int) -> [UInt8] {
        let precision = 22
        let fixed = windows.map { window in
            window.weights.map { Int(($0 * Double(1 << precision)) + 0.5) }
        }
        return apply(values, input: input, inner: inner) { index, first in
            var sum = 1 << (precision - 1)
            for (offset, weight) in fixed[index].enumerated() {
                sum += Int(values[first + offset * inner]) * weight
            }
            return UInt8(clamping: sum >> precision)
        }
    }

    /// Resamples reals along the middle axis of an outer × input × inner array.
    func apply(_ values: [Float], input: Int, inner: Int) -> [Float] {
        apply(values, input: input, inner: inner) { index, first in
            var sum = 0.0
            for (offset, weight) in windows[index].weights.enumerated() {
                sum += Double(values[first + offset * inner]) * weight
            }
            return Float(sum)
        }
    }

    private func apply<Value>(
        _ values: [Value], input: Int, inner: Int, sum: (_ window: Int, _ first: Int) -> Value
    ) -> [Value] {
        let outer = values.count / (input * inner)
        var result: [Value] = []
        result.reserveCapacity(outer * windows.count * inner)
        for block in 0..<outer {
            for (index, window) in windows.enumerated() {
                let first = (block * input + window.start) * inner
                for element in 0..<inner { result.append(sum(index, first + element)) }
            }
        }
        return result
    }
}

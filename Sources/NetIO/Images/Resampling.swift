/// Resizing by a triangle filter as wide as the reduction: bilinear with antialiasing.
///
/// The weights, and for bytes their 22-bit fixed point and the rounding after each pass, are those of Pillow's
/// `Image.resize(..., BILINEAR)`, because nets are trained and judged on its output.
struct Resampling: Sendable {
    /// The source positions that one output position reads, and their weights, which sum to 1.
    private struct Window: Sendable {
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
        return apply(values, weights: { Int32($0 * Double(1 << precision) + 0.5) }, input: input, inner: inner) {
            samples, weights in
            var sum = Int32(1) << (precision - 1)
            for offset in 0..<weights.count { sum &+= Int32(samples[offset * inner]) &* weights[offset] }
            return UInt8(clamping: sum >> Int32(precision))
        }
    }

    /// Resamples reals along the middle axis of an outer × input × inner array.
    func apply(_ values: [Float], input: Int, inner: Int) -> [Float] {
        apply(values, weights: { $0 }, input: input, inner: inner) { samples, weights in
            var sum = 0.0
            for offset in 0..<weights.count { sum += Double(samples[offset * inner]) * weights[offset] }
            return Float(sum)
        }
    }

    /// Calls `sum` with the first sample of each window, further ones being `inner` apart, and the window's weights.
    @inline(__always)
    private func apply<Value, Weight>(
        _ values: [Value], weights: (Double) -> Weight, input: Int, inner: Int,
        sum: (UnsafePointer<Value>, UnsafeBufferPointer<Weight>) -> Value
    ) -> [Value] {
        precondition(values.count % (input * inner) == 0)
        let outer = values.count / (input * inner)
        let converted = windows.map { $0.weights.map(weights) }
        return [Value](unsafeUninitializedCapacity: outer * windows.count * inner) { result, count in
            values.withUnsafeBufferPointer { samples in
                guard let start = samples.baseAddress else { return }
                for block in 0..<outer {
                    for (index, window) in windows.enumerated() {
                        converted[index].withUnsafeBufferPointer { weights in
                            let first = start + (block * input + window.start) * inner
                            for element in 0..<inner {
                                result.initializeElement(at: count, to: sum(first + element, weights))
                                count += 1
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The exact squared error of quantizers on a histogram, by prefix sums.
///
/// Samples inside a bin are uniform. With F0, F1, F2 the integrals of density, x × density and x² × density up to a
/// point, the error of all values that a code c represents is the integral of (x − c)² over the code's cell:
/// F2 − 2 c F1 + c² F0. A quantizer costs one step per code, not one per bin.
///
/// Source: docs/quantization.md, eq. 20.
public struct HistogramError: Sendable {
    private let lo: Double
    private let width: Double
    private let zeroth: [Double]
    private let first: [Double]
    private let second: [Double]
    private let total: Double

    /// Prepares the sums of a histogram.
    public init(_ histogram: Histogram) {
        lo = histogram.lo
        width = histogram.binWidth
        let bins = histogram.counts.count
        var zeroth = [Double](repeating: 0, count: bins + 1)
        var first = zeroth
        var second = zeroth
        for (bin, count) in histogram.counts.enumerated() {
            let mass = Double(count)
            let center = histogram.lo + (Double(bin) + 0.5) * histogram.binWidth
            zeroth[bin + 1] = zeroth[bin] + mass
            first[bin + 1] = first[bin] + mass * center
            second[bin + 1] = second[bin] + mass * (center * center + width * width / 12)
        }
        self.zeroth = zeroth
        self.first = first
        self.second = second
        total = Double(max(1, histogram.total))
    }

    /// The mean squared error of the deployed quantizer, values outside its range saturated.
    public func callAsFunction(_ quantizer: AffineQuantizer) -> Double {
        var sum = 0.0
        var lower = sums(below: -.infinity)
        let scale = Double(quantizer.scale)
        for code in 0...quantizer.maximumCode {
            let offset = Double(code - quantizer.zeroPoint)
            let edge = code == quantizer.maximumCode ? Double.infinity : (offset + 0.5) * scale
            let upper = sums(below: edge)
            let value = offset * scale
            let mass = upper.0 - lower.0
            if mass > 0 {
                sum += (upper.2 - lower.2) - 2 * value * (upper.1 - lower.1) + value * value * mass
            }
            lower = upper
        }
        return max(0, sum) / total
    }

    private func sums(below x: Double) -> (Double, Double, Double) {
        let position = (x - lo) / width
        let bins = zeroth.count - 1
        guard position > 0 else { return (0, 0, 0) }
        guard position < Double(bins) else { return (zeroth[bins], first[bins], second[bins]) }
        let bin = Int(position)
        let share = position - Double(bin)
        let mass = zeroth[bin + 1] - zeroth[bin]
        guard mass > 0 else { return (zeroth[bin], first[bin], second[bin]) }
        // Uniform inside the bin: the integrals of 1, x and x² from its lower edge to x.
        let edge = lo + Double(bin) * width
        let density = mass / width
        let end = edge + share * width
        return (
            zeroth[bin] + mass * share, first[bin] + density * (end * end - edge * edge) / 2,
            second[bin] + density * (end * end * end - edge * edge * edge) / 3
        )
    }
}

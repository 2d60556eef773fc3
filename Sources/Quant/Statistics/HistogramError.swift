/// The exact squared error of quantizers on a histogram, by prefix sums.
///
/// Samples inside a bin are uniform. With F0, F1, F2 the integrals of density, x × density and x² × density up to a
/// point, the error of all values that a code c represents is the integral of (x − c)² over the code's cell:
/// F2 − 2 c F1 + c² F0. A quantizer costs one step per code, not one per bin.
///
/// Source: docs/quantization.md, eq. 20.
public struct HistogramError: Sendable {
    private let lo: Double
    private let inverseWidth: Double
    private let width: Double
    /// F0, F1 and F2 at each edge of a bin, side by side: a look-up touches one place.
    private let integrals: [SIMD4<Double>]
    private let total: Double

    /// Prepares the sums of a histogram.
    public init(_ histogram: Histogram) {
        lo = histogram.lo
        width = histogram.binWidth
        inverseWidth = 1 / histogram.binWidth
        var sums = SIMD4<Double>.zero
        var integrals = [sums]
        integrals.reserveCapacity(histogram.counts.count + 1)
        for (bin, count) in histogram.counts.enumerated() {
            let center = histogram.lo + (Double(bin) + 0.5) * histogram.binWidth
            sums += Double(count) * SIMD4(1, center, center * center + width * width / 12, 0)
            integrals.append(sums)
        }
        self.integrals = integrals
        total = Double(max(1, histogram.total))
    }

    /// The mean squared error of the deployed quantizer, values outside its range saturated.
    public func callAsFunction(_ quantizer: AffineQuantizer) -> Double {
        integrals.withUnsafeBufferPointer { integrals in
            var sum = 0.0
            var lower = SIMD4<Double>.zero
            let scale = Double(quantizer.scale)
            for code in 0...quantizer.maximumCode {
                let offset = Double(code - quantizer.zeroPoint)
                let value = offset * scale
                let upper =
                    code == quantizer.maximumCode
                    ? integrals[integrals.count - 1] : sums(below: (offset + 0.5) * scale, integrals)
                let cell = upper - lower
                if cell[0] > 0 { sum += cell[2] - 2 * value * cell[1] + value * value * cell[0] }
                lower = upper
            }
            return max(0, sum) / total
        }
    }

    private func sums(below x: Double, _ integrals: UnsafeBufferPointer<SIMD4<Double>>) -> SIMD4<Double> {
        let position = (x - lo) * inverseWidth
        guard position > 0 else { return .zero }
        guard position < Double(integrals.count - 1) else { return integrals[integrals.count - 1] }
        let bin = Int(position)
        let share = position - Double(bin)
        let mass = integrals[bin + 1][0] - integrals[bin][0]
        guard mass > 0 else { return integrals[bin] }
        // Uniform inside the bin: the integrals of 1, x and x² from its lower edge to x.
        let edge = lo + Double(bin) * width
        let end = edge + share * width
        return integrals[bin] + (mass * share)
            * SIMD4(1, (edge + end) / 2, (edge * edge + edge * end + end * end) / 3, 0)
    }
}

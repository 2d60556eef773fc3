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
    /// F0, F1 and F2 at each edge of a bin and the mass of the bin above it, side by side: a look-up touches one place.
    private let integrals: [SIMD4<Double>]
    private let total: Double

    /// Prepares the sums of a histogram.
    public init(_ histogram: Histogram) {
        let width = histogram.binWidth
        let lo = histogram.lo
        let bins = histogram.counts.count
        var all = histogram.zeroCount
        integrals = [SIMD4<Double>](unsafeUninitializedCapacity: bins + 1) { integrals, initialized in
            var sums = SIMD4<Double>.zero
            for (bin, count) in histogram.counts.enumerated() {
                let mass = Double(count)
                let center = lo + (Double(bin) + 0.5) * width
                sums[3] = mass
                integrals.initializeElement(at: bin, to: sums)
                sums += mass * SIMD4(1, center, center * center + width * width / 12, 0)
                all += count
            }
            sums[3] = 0
            integrals.initializeElement(at: bins, to: sums)
            initialized = bins + 1
        }
        self.lo = lo
        self.width = width
        inverseWidth = 1 / width
        total = Double(max(1, all))
    }

    /// The mean squared error of the deployed quantizer, values outside its range saturated.
    public func callAsFunction(_ quantizer: AffineQuantizer) -> Double {
        integrals.withUnsafeBufferPointer { integrals in
            var sum = 0.0
            var lower = SIMD4<Double>.zero
            let scale = Double(quantizer.scale)
            let last = quantizer.maximumCode
            for code in 0...last {
                let offset = Double(code - quantizer.zeroPoint)
                let value = offset * scale
                let upper =
                    code == last ? integrals[integrals.count - 1] : sums(below: (offset + 0.5) * scale, integrals)
                let cell = upper - lower
                sum += cell[2] - value * (2 * cell[1] - value * cell[0])
                lower = upper
            }
            return max(0, sum) / total
        }
    }

    /// F0, F1 and F2 up to a value; the last lane means nothing.
    @inline(__always)
    private func sums(below x: Double, _ integrals: UnsafeBufferPointer<SIMD4<Double>>) -> SIMD4<Double> {
        let position = (x - lo) * inverseWidth
        guard position > 0 else { return .zero }
        guard position < Double(integrals.count - 1) else { return integrals[integrals.count - 1] }
        let bin = Int(position)
        let start = integrals[bin]
        // Uniform inside the bin: the integrals of 1, x and x² from its lower edge to x.
        let edge = lo + Double(bin) * width
        let share = position - Double(bin)
        let end = edge + share * width
        let (half, third) = (1.0 / 2, 1.0 / 3)
        return start + (start[3] * share)
            * SIMD4(1, half * (edge + end), third * (edge * (edge + end) + end * end), 0)
    }
}

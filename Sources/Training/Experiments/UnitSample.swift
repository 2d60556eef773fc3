import Quant

/// A seeded sample of a prior of width 1, and what quantizers make of it.
struct UnitSample {
    private let values: [Float]
    private let isRectified: Bool

    init(_ prior: Prior, count: Int, isRectified: Bool, seed: UInt64) {
        let width = Float(prior.unitDeviation)
        values = prior.distribution.samples(count, seed: seed).map { isRectified ? max(0, $0 * width) : $0 * width }
        self.isRectified = isRectified
    }

    /// The mean of x²: the error of 0 bits.
    var power: Double { mean(values.reduce(0.0) { $0 + Double($1) * Double($1) }) }

    func midpointError(threshold: Double, bins: Int) -> Double {
        mean(MidpointQuantizer(threshold: threshold, bins: bins, isRectified: isRectified).squaredError(of: values))
    }

    /// The standard error of `midpointError`, as a share of it: what another seed would change.
    func chance(threshold: Double, bins: Int) -> Double {
        let errors = MidpointQuantizer(threshold: threshold, bins: bins, isRectified: isRectified).errors(
            of: values)
        let (second, fourth) = (mean(errors.squared), mean(errors.fourth))
        guard second > 0 else { return 0 }
        return (max(0, fourth / (second * second) - 1) / Double(values.count)).squareRoot()
    }

    func deployedError(threshold: Double, bits: Int) -> Double {
        let quantizer = AffineQuantizer(bits: bits, lo: isRectified ? 0 : -threshold, hi: threshold)
        return mean(values.withUnsafeBufferPointer { quantizer.squaredError(of: $0) })
    }

    private func mean(_ sum: Double) -> Double { sum / Double(max(1, values.count)) }
}

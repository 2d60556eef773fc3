/// The quantizer that the formulas of clipping describe: values inside the threshold go to the middles of Ω equal bins, values
/// beyond it to the threshold itself.
///
/// It is not the one that nets run with, `AffineQuantizer`, whose 2^b codes stand at the ends of 2^b − 1 steps and which
/// represents zero. Source: docs/quantization.md, eq. 5 and 8.
public struct MidpointQuantizer: Hashable, Sendable {
    /// α, positive.
    public let threshold: Float
    /// Ω, at least 1; any whole number.
    public let bins: Int
    /// Whether the bins cover [0, α] and values of exactly zero stay zero.
    public let isRectified: Bool

    /// The quantizer of a threshold.
    public init(threshold: Double, bins: Int, isRectified: Bool) {
        precondition(threshold > 0 && bins >= 1, "a threshold and bins")
        self.threshold = Float(threshold)
        self.bins = bins
        self.isRectified = isRectified
    }

    /// Σ (x − x̂)² over values.
    public func squaredError(of values: [Float]) -> Double { errors(of: values).squared }

    /// Σ (x − x̂)² and Σ (x − x̂)⁴ over values; the second tells how much of the first is chance.
    func errors(of values: [Float]) -> (squared: Double, fourth: Double) {
        let low = isRectified ? 0 : -threshold
        let width = (threshold - low) / Float(bins)
        let inverse = 1 / width
        let last = Float(bins - 1)
        var (squared, fourth) = (0.0, 0.0)
        for x in values where !isRectified || x != 0 {
            let beyond = abs(x) - threshold
            let difference: Float
            if beyond > 0 {
                difference = beyond
            } else {
                // Not negative, so that truncation rounds down.
                let bin = min(last, Float(Int32(max(0, (x - low) * inverse))))
                difference = x - (low + (bin + 0.5) * width)
            }
            let square = Double(difference) * Double(difference)
            squared += square
            fourth += square * square
        }
        return (squared, fourth)
    }
}

internal import Glibc

/// The ranges of a plot and how values become fractions of its width and height.
struct PlotAxes: Hashable, Sendable {
    let xRange: ClosedRange<Double>
    /// In the units of `scale`: the logarithm's, if it is logarithmic.
    private let heights: ClosedRange<Double>
    private let scale: CurvePlot.Scale

    /// None where no sample is finite (and positive, on a logarithmic scale).
    init?(
        samples: [CurvePlot.Sample], xRange: ClosedRange<Double>?, yRange: ClosedRange<Double>?,
        scale: CurvePlot.Scale
    ) {
        let usable = samples.filter { $0.x.isFinite && PlotAxes.height($0.y, scale) != nil }
        let xs = usable.map(\.x)
        let ys = usable.compactMap { PlotAxes.height($0.y, scale) }
        let given = yRange.flatMap { range -> ClosedRange<Double>? in
            guard let low = PlotAxes.height(range.lowerBound, scale),
                let high = PlotAxes.height(range.upperBound, scale)
            else { return nil }
            return low...high
        }
        guard let x = PlotAxes.range(xRange, xs), let y = PlotAxes.range(given, ys) else { return nil }
        self.xRange = x
        heights = y
        self.scale = scale
    }

    /// A single value gets some room on both sides.
    private static func range(_ given: ClosedRange<Double>?, _ values: [Double]) -> ClosedRange<Double>? {
        if let given, (given.upperBound - given.lowerBound).isFinite, given.upperBound > given.lowerBound {
            return given
        }
        guard let low = values.min(), let high = values.max(), (high - low).isFinite else { return nil }
        if high > low { return low...high }
        let room = max(low.magnitude * 0.1, 1e-9)
        return low - room...high + room
    }

    private static func height(_ y: Double, _ scale: CurvePlot.Scale) -> Double? {
        let height = scale == .linear ? y : y > 0 ? log10(y) : .nan
        return height.isFinite ? height : nil
    }

    /// None outside the range.
    func xFraction(_ x: Double) -> Double? {
        guard xRange.contains(x) else { return nil }
        return (x - xRange.lowerBound) / (xRange.upperBound - xRange.lowerBound)
    }

    /// 0 at the bottom; none outside the range, or where the scale has no place for the value.
    func yFraction(_ y: Double) -> Double? {
        guard let height = PlotAxes.height(y, scale), heights.contains(height) else { return nil }
        return (height - heights.lowerBound) / (heights.upperBound - heights.lowerBound)
    }

    func x(atFraction fraction: Double) -> Double {
        xRange.lowerBound + fraction * (xRange.upperBound - xRange.lowerBound)
    }

    func yLabel(atFraction fraction: Double) -> String {
        let height = heights.lowerBound + fraction * (heights.upperBound - heights.lowerBound)
        return (scale == .linear ? height : pow(10, height)).brief
    }
}

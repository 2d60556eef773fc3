internal import Glibc

/// The ranges of a plot and how values become fractions of its width and height.
struct PlotAxes: Hashable, Sendable {
    /// The ranges in the units of the scales: the logarithms', if they are logarithmic.
    private let widths: ClosedRange<Double>
    private let heights: ClosedRange<Double>
    private let xScale: CurvePlot.Scale
    private let yScale: CurvePlot.Scale

    /// None where no sample is finite (and positive, on a logarithmic scale).
    init?(
        samples: [CurvePlot.Sample], xRange: ClosedRange<Double>?, yRange: ClosedRange<Double>?,
        xScale: CurvePlot.Scale, yScale: CurvePlot.Scale
    ) {
        let usable = samples.compactMap { sample -> (x: Double, y: Double)? in
            guard let x = xScale.position(sample.x), let y = yScale.position(sample.y) else { return nil }
            return (x, y)
        }
        guard let x = PlotAxes.range(xRange, usable.map(\.x), xScale),
            let y = PlotAxes.range(yRange, usable.map(\.y), yScale)
        else { return nil }
        widths = x
        heights = y
        self.xScale = xScale
        self.yScale = yScale
    }

    /// A single value gets some room on both sides.
    private static func range(
        _ given: ClosedRange<Double>?, _ values: [Double], _ scale: CurvePlot.Scale
    ) -> ClosedRange<Double>? {
        if let given, let low = scale.position(given.lowerBound), let high = scale.position(given.upperBound),
            (high - low).isFinite, high > low
        {
            return low...high
        }
        guard let low = values.min(), let high = values.max(), (high - low).isFinite else { return nil }
        if high > low { return low...high }
        let room = max(low.magnitude * 0.1, 1e-9)
        return low - room...high + room
    }

    /// 0 at the left end and 1 at the right one, less and more outside the range; none where the scale has no place for it.
    func xPlace(_ x: Double) -> Double? {
        xScale.position(x).map { ($0 - widths.lowerBound) / (widths.upperBound - widths.lowerBound) }
    }

    /// None outside the range.
    func xFraction(_ x: Double) -> Double? {
        guard let position = xScale.position(x), widths.contains(position) else { return nil }
        return xPlace(x)
    }

    /// 0 at the bottom; none outside the range, or where the scale has no place for the value.
    func yFraction(_ y: Double) -> Double? {
        guard let height = yScale.position(y), heights.contains(height) else { return nil }
        return (height - heights.lowerBound) / (heights.upperBound - heights.lowerBound)
    }

    func x(atFraction fraction: Double) -> Double {
        xScale.value(widths.lowerBound + fraction * (widths.upperBound - widths.lowerBound))
    }

    func yLabel(atFraction fraction: Double) -> String {
        yScale.value(heights.lowerBound + fraction * (heights.upperBound - heights.lowerBound)).brief
    }
}

extension CurvePlot.Scale {
    /// Where a value stands along the axis; none where it has no place.
    fileprivate func position(_ value: Double) -> Double? {
        let position = self == .linear ? value : value > 0 ? log10(value) : .nan
        return position.isFinite ? position : nil
    }

    /// The value that stands at a place.
    fileprivate func value(_ position: Double) -> Double { self == .linear ? position : pow(10, position) }
}

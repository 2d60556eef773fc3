internal import Glibc

/// A histogram with vertical markers, such as clipping thresholds.
///
/// From above: a line with the markers' labels (if there are any), the bars, a line with the ends of the range.
///
///     Histogram(counts: counts, range: 0...9.87, scale: .logarithmic,
///               markers: [.init(at: 2.31, label: "Laplace 2.31", style: look.theme.laplace)])
public struct Histogram: Widget {
    /// How counts become heights.
    public enum Scale: Hashable, Sendable {
        /// In proportion.
        case linear
        /// log(1 + count) in proportion, to see the tails.
        case logarithmic
    }

    /// A vertical line at a value.
    public struct Marker: Hashable, Sendable {
        /// The value.
        public let value: Double
        /// What stands above it.
        public let label: String
        /// How both look.
        public let style: Style

        /// Makes a marker.
        public init(at value: Double, label: String, style: Style) {
            self.value = value
            self.label = label
            self.style = style
        }
    }

    /// The counts of bins of equal width.
    public let counts: [Double]
    /// The values that the bins cover.
    public let range: ClosedRange<Double>
    /// Linear or logarithmic heights.
    public let scale: Scale
    /// The vertical lines.
    public let markers: [Marker]

    /// Makes a histogram.
    public init(counts: [Double], range: ClosedRange<Double>, scale: Scale = .linear, markers: [Marker] = []) {
        self.counts = counts
        self.range = range
        self.scale = scale
        self.markers = markers
    }

    /// Draws labels, bars, markers and the range.
    public func draw(on canvas: inout Canvas, in area: Rect, look: Look) {
        var bars = area
        let labels = markers.isEmpty || area.height < 3 ? nil : bars.takeTop(1)
        let axis = area.height < 4 ? nil : bars.takeBottom(1)
        guard !bars.isEmpty else { return }
        Bars(fractions: fractions(columns: bars.width), style: { _ in look.theme.bar })
            .draw(on: &canvas, in: bars, glyphs: look.glyphs)
        for marker in markers {
            guard let column = column(of: marker.value, in: bars) else { continue }
            for y in bars.rows {
                canvas.put(look.glyphs.marker, at: Point(x: column, y: y), style: marker.style)
            }
        }
        if let labels { drawLabels(on: &canvas, in: labels, look: look) }
        if let axis {
            canvas.text(range.lowerBound.brief, in: axis, style: look.theme.dim)
            let end = range.upperBound.brief
            if end.count + range.lowerBound.brief.count < axis.width {
                canvas.text(end, in: axis, alignment: .trailing, style: look.theme.dim)
            }
        }
    }

    /// The screen column of a value; none outside the range.
    public func column(of value: Double, in area: Rect) -> Int? {
        guard area.width > 0, range.contains(value) else { return nil }
        let extent = range.upperBound - range.lowerBound
        guard extent > 0, extent.isFinite else { return area.x }
        return area.x + ((value - range.lowerBound) / extent * Double(area.width)).index(upTo: area.width - 1)
    }

    /// The value at the middle of a screen column: where the mouse drags a marker to.
    public func value(atColumn column: Int, in area: Rect) -> Double? {
        guard area.columns.contains(column) else { return nil }
        let fraction = (Double(column - area.x) + 0.5) / Double(area.width)
        return range.lowerBound + fraction * (range.upperBound - range.lowerBound)
    }

    /// Bins that share a column are averaged, so that heights do not depend on the width.
    private func fractions(columns: Int) -> [Double] {
        guard !counts.isEmpty else { return [] }
        let heights = (0..<columns).map { column in
            let bins = itemsOf(column: column, of: columns, items: counts.count)
            let mean = counts[bins].reduce(0) { $0 + ($1 > 0 ? $1 : 0) } / Double(bins.count)
            return scale == .linear ? mean : log1p(mean)
        }
        let highest = heights.max() ?? 0
        return highest > 0 && highest.isFinite ? heights.map { $0 / highest } : []
    }

    /// Labels stand right of their line where they fit, else left of it, and are left out where they would cover another.
    private func drawLabels(on canvas: inout Canvas, in line: Rect, look: Look) {
        var taken = markers.compactMap { column(of: $0.value, in: line) }.map { $0..<$0 + 1 }
        for marker in markers {
            guard let column = column(of: marker.value, in: line) else { continue }
            canvas.put(look.glyphs.marker, at: Point(x: column, y: line.y), style: marker.style)
            let width = marker.label.displayWidth
            let right = column + 2..<column + 2 + width
            let left = column - 1 - width..<column - 1
            for place in [right, left] {
                let isInside = place.lowerBound >= line.x && place.upperBound <= line.x + line.width
                guard isInside, !taken.contains(where: { $0.overlaps(place) }) else { continue }
                canvas.text(
                    marker.label, at: Point(x: place.lowerBound, y: line.y), style: marker.style, clip: line)
                taken.append(place.lowerBound - 1..<place.upperBound + 1)
                break
            }
        }
    }
}

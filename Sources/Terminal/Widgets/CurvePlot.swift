/// Curves over a common x axis, with a mark at each optimum.
///
/// Braille dots, two by four a cell, or letters in ASCII; curves differ by pattern as well as by colour. Left of the plot stand
/// the ends of the y range, below it those of the x range and the legend.
///
///     let plot = CurvePlot(curves: [
///         .init("measured", points: points, style: look.theme.measured, optimum: .init(x: 2.4, y: 0.01)),
///         .init("Laplace", points: model, style: look.theme.laplace, pattern: .dashed),
///     ], yScale: .logarithmic)
///     canvas.draw(plot, in: area, look: look)
///     plot.x(atColumn: mouse.position.x, in: area)  // drag a threshold
public struct CurvePlot: Widget {
    /// A point in the units of the axes.
    public struct Sample: Hashable, Sendable {
        /// Along the x axis.
        public let x: Double
        /// Along the y axis.
        public let y: Double

        /// Makes a point.
        public init(x: Double, y: Double) {
            self.x = x
            self.y = y
        }
    }

    /// How a curve's line is interrupted.
    public enum Pattern: Hashable, Sendable {
        /// Not at all.
        case solid
        /// Dashes.
        case dashed
        /// Dots.
        case dotted
        /// The curve's letter at each point, and no line.
        case letters
    }

    /// A curve through points with ascending x.
    public struct Curve: Hashable, Sendable {
        /// Its name in the legend.
        public let name: String
        /// The letter that draws it in ASCII.
        public let letter: Character
        /// The points; straight lines connect them.
        public let points: [Sample]
        /// Its colour.
        public let style: Style
        /// Its pattern.
        public let pattern: Pattern
        /// Where the mark stands.
        public let optimum: Sample?

        /// Makes a curve; without a letter it is the name's first.
        public init(
            _ name: String, letter: Character? = nil, points: [Sample], style: Style, pattern: Pattern = .solid,
            optimum: Sample? = nil
        ) {
            self.name = name
            let first = letter ?? name.first ?? "*"
            self.letter = first.isASCII ? first : "*"
            self.points = points
            self.style = style
            self.pattern = pattern
            self.optimum = optimum
        }
    }

    /// How values become places along an axis.
    public enum Scale: Hashable, Sendable {
        /// In proportion.
        case linear
        /// By the logarithm; values that are not positive are left out.
        case logarithmic
    }

    /// The curves; later ones are drawn over earlier ones.
    public let curves: [Curve]
    /// A linear or logarithmic x axis.
    public let xScale: Scale
    /// Linear or logarithmic heights.
    public let yScale: Scale
    /// A vertical line, such as the threshold in use.
    public let cursor: Double?
    private let axes: PlotAxes?

    /// Makes a plot; without ranges all points are in view.
    public init(
        curves: [Curve], xRange: ClosedRange<Double>? = nil, yRange: ClosedRange<Double>? = nil,
        xScale: Scale = .linear, yScale: Scale = .linear, cursor: Double? = nil
    ) {
        self.curves = curves
        self.xScale = xScale
        self.yScale = yScale
        self.cursor = cursor
        axes = PlotAxes(
            samples: curves.flatMap(\.points), xRange: xRange, yRange: yRange, xScale: xScale, yScale: yScale)
    }

    /// The cells for the curves alone, without axes.
    public func plotArea(in area: Rect) -> Rect {
        var plot = area
        if area.height >= 3 { _ = plot.takeBottom(1) }
        if area.width >= 16 { _ = plot.takeLeft(8) }
        return plot
    }

    /// The x value at the middle of a screen column: where the mouse points.
    public func x(atColumn column: Int, in area: Rect) -> Double? {
        let plot = plotArea(in: area)
        guard let axes, plot.columns.contains(column) else { return nil }
        return axes.x(atFraction: (Double(column - plot.x) + 0.5) / Double(plot.width))
    }

    /// Draws axes, curves, marks and legend.
    public func draw(on canvas: inout Canvas, in area: Rect, look: Look) {
        let plot = plotArea(in: area)
        guard !plot.isEmpty else { return }
        guard let axes else {
            canvas.text("nothing to plot", in: plot, style: look.theme.dim, glyphs: look.glyphs)
            return
        }
        drawAxes(axes, on: &canvas, around: plot, in: area, look: look)
        if let cursor, let fraction = axes.xFraction(cursor) {
            let column = plot.x + (fraction * Double(plot.width)).index(upTo: plot.width - 1)
            for y in plot.rows {
                canvas.put(look.glyphs.marker, at: Point(x: column, y: y), style: look.theme.text)
            }
        }
        for curve in curves {
            let raster = CurveRaster(curve, axes: axes, size: plot.size, glyphs: look.glyphs)
            raster.draw(on: &canvas, at: Point(x: plot.x, y: plot.y), style: curve.style)
        }
        for curve in curves {
            guard let optimum = curve.optimum, let x = axes.xFraction(optimum.x), let y = axes.yFraction(optimum.y)
            else { continue }
            let cell = Point(
                x: plot.x + (x * Double(plot.width)).index(upTo: plot.width - 1),
                y: plot.y + ((1 - y) * Double(plot.height)).index(upTo: plot.height - 1))
            canvas.put(look.glyphs.optimum, at: cell, style: curve.style.adding(.bold))
        }
    }

    private func drawAxes(_ axes: PlotAxes, on canvas: inout Canvas, around plot: Rect, in area: Rect, look: Look) {
        if plot.x > area.x {
            var gutter = Rect(x: area.x, y: plot.y, width: plot.x - area.x, height: plot.height)
            canvas.fill(gutter.takeRight(1), with: look.glyphs.vertical, style: look.theme.border)
            let top = Rect(x: gutter.x, y: gutter.y, width: gutter.width, height: 1)
            canvas.text(axes.yLabel(atFraction: 1), in: top, alignment: .trailing, style: look.theme.dim)
            if gutter.height > 1 {
                canvas.text(
                    axes.yLabel(atFraction: 0), in: gutter.takeBottom(1), alignment: .trailing,
                    style: look.theme.dim)
            }
            if gutter.height >= 4 {
                let middle = Rect(x: gutter.x, y: gutter.y + gutter.height / 2, width: gutter.width, height: 1)
                let fraction = 1 - (Double(gutter.height / 2) + 0.5) / Double(plot.height)
                canvas.text(
                    axes.yLabel(atFraction: fraction), in: middle, alignment: .trailing, style: look.theme.dim)
            }
        }
        if plot.y + plot.height < area.y + area.height {
            let line = Rect(x: plot.x, y: plot.y + plot.height, width: plot.width, height: 1)
            let start = axes.x(atFraction: 0).brief
            let end = axes.x(atFraction: 1).brief
            guard start.count + end.count + 1 <= line.width else { return }
            canvas.text(start, in: line, style: look.theme.dim)
            canvas.text(end, in: line, alignment: .trailing, style: look.theme.dim)
            let middle = line.inset(horizontally: max(start.count, end.count) + 2, vertically: 0)
            drawLegend(on: &canvas, in: middle, look: look)
        }
    }

    /// Names that do not fit are left out.
    private func drawLegend(on canvas: inout Canvas, in line: Rect, look: Look) {
        var rest = line
        for curve in curves {
            let text = "\(curve.sign(look.glyphs)) \(curve.name)"
            guard text.displayWidth <= rest.width else { return }
            canvas.text(text, in: rest, style: curve.style)
            _ = rest.takeLeft(text.displayWidth + 2)
        }
    }
}

extension CurvePlot.Curve {
    /// What stands for the curve in the legend, and draws it in ASCII.
    func sign(_ glyphs: Glyphs) -> String {
        switch (glyphs, pattern) {
        case (.ascii, _), (.unicode, .letters): return String(letter)
        case (.unicode, .solid): return "⠒⠒"
        case (.unicode, .dashed): return "⠒⠂"
        case (.unicode, .dotted): return "⠂⠂"
        }
    }
}

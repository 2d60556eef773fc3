/// One curve turned into characters: braille dots, or one letter a column.
struct CurveRaster {
    private let size: Size
    private var characters: [Character?]

    init(_ curve: CurvePlot.Curve, axes: PlotAxes, size: Size, glyphs: Glyphs) {
        self.size = size
        characters = [Character?](repeating: nil, count: size.width * size.height)
        switch (curve.pattern, glyphs) {
        case (.letters, _): plotPoints(curve, axes: axes)
        case (_, .unicode): plotDots(curve, axes: axes)
        case (_, .ascii): plotLetters(curve, axes: axes)
        }
    }

    func draw(on canvas: inout Canvas, at origin: Point, style: Style) {
        for (index, character) in characters.enumerated() {
            guard let character else { continue }
            let point = Point(x: origin.x + index % size.width, y: origin.y + index / size.width)
            canvas.put(character, at: point, style: style)
        }
    }

    /// The heights (fractions) of the curve at the middles of `columns` columns; none where it has no value in range.
    private static func heights(_ curve: CurvePlot.Curve, axes: PlotAxes, columns: Int) -> [Double?] {
        let points = curve.points.compactMap { point in axes.xPlace(point.x).map { (x: $0, y: point.y) } }
        guard let first = points.first, let last = points.last else { return [] }
        let step = 1 / Double(columns)
        var segment = 0
        return (0..<columns).map { column in
            var x = (Double(column) + 0.5) / Double(columns)
            // A curve that begins or ends inside a column still has a value there.
            if x < first.x, first.x - x <= step / 2 { x = first.x }
            if x > last.x, x - last.x <= step / 2 { x = last.x }
            guard x >= first.x, x <= last.x else { return nil }
            while segment + 2 < points.count, points[segment + 1].x < x { segment += 1 }
            guard points.count > 1 else { return axes.yFraction(first.y) }
            let (left, right) = (points[segment], points[segment + 1])
            let width = right.x - left.x
            let part = width > 0 ? min(max(0, (x - left.x) / width), 1) : 0
            // Between the plotted heights, so that lines are straight on a logarithmic scale too.
            guard let low = axes.yFraction(left.y), let high = axes.yFraction(right.y) else {
                return axes.yFraction(left.y + (right.y - left.y) * part)
            }
            return low + (high - low) * part
        }
    }

    private static func isDrawn(_ column: Int, _ pattern: CurvePlot.Pattern) -> Bool {
        switch pattern {
        case .solid, .letters: return true
        case .dashed: return column % 6 < 4
        case .dotted: return column % 3 == 0
        }
    }

    private mutating func plotDots(_ curve: CurvePlot.Curve, axes: PlotAxes) {
        // Unicode's numbering of the eight dots: rows from above, two columns.
        let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]
        var dots = [UInt8](repeating: 0, count: characters.count)
        let rows = size.height * 4
        var previous: Int?
        for (column, height) in CurveRaster.heights(curve, axes: axes, columns: size.width * 2).enumerated() {
            guard let height else {
                previous = nil
                continue
            }
            let row = ((1 - height) * Double(rows)).index(upTo: rows - 1)
            // Steep parts are filled, from the neighbour's height on.
            let from = previous.map { $0 < row ? $0 + 1 : $0 > row ? $0 - 1 : row } ?? row
            previous = row
            guard CurveRaster.isDrawn(column, curve.pattern) else { continue }
            for dot in min(from, row)...max(from, row) {
                dots[dot / 4 * size.width + column / 2] |= bits[dot % 4][column % 2]
            }
        }
        for (index, pattern) in dots.enumerated() where pattern != 0 {
            characters[index] = Unicode.Scalar(0x2800 + UInt32(pattern)).map { Character($0) }
        }
    }

    private mutating func plotLetters(_ curve: CurvePlot.Curve, axes: PlotAxes) {
        for (column, height) in CurveRaster.heights(curve, axes: axes, columns: size.width).enumerated() {
            guard let height else { continue }
            let row = ((1 - height) * Double(size.height)).index(upTo: size.height - 1)
            characters[row * size.width + column] = curve.letter
        }
    }

    private mutating func plotPoints(_ curve: CurvePlot.Curve, axes: PlotAxes) {
        for point in curve.points {
            guard let x = axes.xFraction(point.x), let y = axes.yFraction(point.y) else { continue }
            let column = (x * Double(size.width)).index(upTo: size.width - 1)
            let row = ((1 - y) * Double(size.height)).index(upTo: size.height - 1)
            characters[row * size.width + column] = curve.letter
        }
    }
}

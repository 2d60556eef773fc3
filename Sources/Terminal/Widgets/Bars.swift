/// Columns of bars in eighths of a cell, the common part of `Histogram` and `BarStrip`.
struct Bars {
    /// Fractions of the height, one for each column; NaN counts as none.
    let fractions: [Double]
    let style: (Int) -> Style

    func draw(on canvas: inout Canvas, in area: Rect, glyphs: Glyphs) {
        guard !area.isEmpty else { return }
        for (column, fraction) in fractions.prefix(area.width).enumerated() {
            let full = area.height * 8
            // Something is never drawn as nothing.
            let exact = (fraction * Double(full)).rounded()
            var left = fraction > 0 ? max(1, exact.index(upTo: full)) : 0
            var y = area.y + area.height - 1
            while left > 0, y >= area.y {
                canvas.put(
                    glyphs.column(eighths: left), at: Point(x: area.x + column, y: y), style: style(column))
                left -= 8
                y -= 1
            }
        }
    }
}

/// The items that fall on one of `count` columns when `items` items share them: neither empty nor out of range.
func itemsOf(column: Int, of count: Int, items: Int) -> Range<Int> {
    let first = min(column * items / count, items - 1)
    return first..<min(items, max(first + 1, (column + 1) * items / count))
}

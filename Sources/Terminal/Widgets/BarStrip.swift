/// One bar for each item, such as the bits of each channel; neighbours are averaged where there are too many.
///
///     BarStrip(values: bits.map(Double.init), maximum: 8, selected: channel)
public struct BarStrip: Widget {
    /// The items' values, from 0 to the maximum.
    public let values: [Double]
    /// The value of a full bar.
    public let maximum: Double
    /// The item whose bar is shown as selected.
    public let selected: Int?

    /// Makes a strip.
    public init(values: [Double], maximum: Double, selected: Int? = nil) {
        self.values = values
        self.maximum = maximum
        self.selected = selected
    }

    /// The number of columns the strip fills in an area.
    public func columns(in area: Rect) -> Int { min(area.width, values.count) }

    /// The items that share a screen column: one, unless there are more items than columns.
    public func items(atColumn column: Int, in area: Rect) -> Range<Int>? {
        let count = columns(in: area)
        guard count > 0, column >= area.x, column < area.x + count else { return nil }
        return itemsOf(column: column - area.x, of: count, items: values.count)
    }

    /// Draws the bars.
    public func draw(on canvas: inout Canvas, in area: Rect, look: Look) {
        let count = columns(in: area)
        guard count > 0, area.height > 0 else { return }
        let places = (0..<count).map { itemsOf(column: $0, of: count, items: values.count) }
        let isUsable = maximum > 0 && maximum.isFinite
        let fractions = places.map { items in
            isUsable ? values[items].reduce(0, +) / Double(items.count) / maximum : 0
        }
        let bars = Bars(
            fractions: fractions,
            style: { column in
                guard let selected, places[column].contains(selected) else { return look.theme.bar }
                return look.theme.title
            })
        bars.draw(on: &canvas, in: area, glyphs: look.glyphs)
        if let selected, let column = places.firstIndex(where: { $0.contains(selected) }) {
            let cell = Rect(x: area.x + column, y: area.y + area.height - 1, width: 1, height: 1)
            canvas.restyle(cell) { $0.adding(.underline) }
        }
    }
}

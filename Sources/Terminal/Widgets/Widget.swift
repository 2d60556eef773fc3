/// Something that draws itself into an area of a canvas.
///
/// Drawing is total: any area, empty ones included, and any data, including none and NaN.
///
///     ProgressBar(fraction: 0.3, text: "3,072 of 10,000").draw(on: &canvas, in: area, look: look)
public protocol Widget {
    /// Writes cells inside the area and nowhere else.
    func draw(on canvas: inout Canvas, in area: Rect, look: Look)
}

extension Canvas {
    /// Draws a widget: `canvas.draw(table, in: area, look: look)`.
    public mutating func draw(_ widget: some Widget, in area: Rect, look: Look) {
        widget.draw(on: &self, in: area, look: look)
    }
}

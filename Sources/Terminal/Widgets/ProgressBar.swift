/// How far a piece of work is: a bar with a text behind it.
public struct ProgressBar: Widget {
    /// The part that is done, 0 to 1.
    public let fraction: Double
    /// Count, rate, time left; it keeps its place before the bar gets any.
    public let text: String

    /// Makes a bar.
    public init(fraction: Double, text: String = "") {
        self.fraction = fraction
        self.text = text
    }

    /// Draws the bar as wide as the text leaves room, at least four cells or not at all.
    public func draw(on canvas: inout Canvas, in area: Rect, look: Look) {
        guard !area.isEmpty else { return }
        let textWidth = text.isEmpty ? 0 : text.displayWidth + 1
        var rest = Rect(x: area.x, y: area.y, width: area.width, height: 1)
        if area.width - textWidth >= 4 || text.isEmpty {
            let bar = rest.takeLeft(area.width - textWidth)
            let done = (fraction * Double(bar.width)).rounded().index(upTo: bar.width)
            var remaining = bar
            canvas.fill(remaining.takeLeft(done), with: look.glyphs.done, style: look.theme.bar)
            canvas.fill(remaining, with: look.glyphs.remaining, style: look.theme.dim)
            _ = rest.takeLeft(1)
        }
        canvas.text(text, in: rest, style: look.theme.text, glyphs: look.glyphs)
    }
}

/// A choice on a line: its name, its value, and a knob on a track that the mouse can drag.
///
///     let slider = Slider("bits", value: "4", fraction: 1.0 / 3, isSelected: true)
///     canvas.draw(slider, in: line, look: look)
///     slider.fraction(atColumn: mouse.position.x, in: line)
public struct Slider: Widget {
    /// The columns before the value: the pointer, the name.
    private static let nameWidth = 14
    /// The columns before the track.
    private static let trackStart = 25

    /// The choice's name.
    public let name: String
    /// The value in words.
    public let value: String
    /// Where the knob stands, 0 to 1.
    public let fraction: Double
    /// Whether keys act on it.
    public let isSelected: Bool

    /// Makes a slider.
    public init(_ name: String, value: String, fraction: Double, isSelected: Bool = false) {
        self.name = name
        self.value = value
        self.fraction = fraction
        self.isSelected = isSelected
    }

    /// The cells of the track; none where there is no room for four.
    public func track(in area: Rect) -> Rect {
        var track = Rect(x: area.x, y: area.y, width: area.width, height: min(1, area.height))
        _ = track.takeLeft(Slider.trackStart)
        _ = track.takeRight(1)
        return track.width >= 4 ? track : Rect(x: track.x, y: track.y, width: 0, height: 0)
    }

    /// The place on the track, 0 to 1, of a screen column on it or beside its ends.
    public func fraction(atColumn column: Int, in area: Rect) -> Double? {
        let track = track(in: area)
        guard track.width > 1, column >= track.x - 1, column <= track.x + track.width else { return nil }
        return min(1, max(0, Double(column - track.x) / Double(track.width - 1)))
    }

    /// Draws pointer, name, value and track.
    public func draw(on canvas: inout Canvas, in area: Rect, look: Look) {
        guard !area.isEmpty else { return }
        let line = Rect(x: area.x, y: area.y, width: area.width, height: 1)
        if isSelected { canvas.put(look.glyphs.pointer, at: Point(x: line.x, y: line.y), style: look.theme.title) }
        var text = line
        _ = text.takeLeft(2)
        let name = text.takeLeft(Slider.nameWidth - 3)
        canvas.text(self.name, in: name, style: look.theme.dim, glyphs: look.glyphs)
        _ = text.takeLeft(1)
        let track = track(in: area)
        let value = track.isEmpty ? text : text.takeLeft(Slider.trackStart - Slider.nameWidth - 1)
        canvas.text(
            self.value, in: value, style: isSelected ? look.theme.title : look.theme.text, glyphs: look.glyphs)
        guard !track.isEmpty else { return }
        canvas.fill(track, with: look.glyphs.horizontal, style: look.theme.border)
        let knob = (fraction * Double(track.width - 1)).rounded().index(upTo: track.width - 1)
        canvas.put(
            look.glyphs.knob, at: Point(x: track.x + knob, y: track.y),
            style: isSelected ? look.theme.title : look.theme.text)
    }
}

/// The keys that matter now, in one line; what does not fit is left out, the last hint never before the others.
///
///     Footer(keys.hints(look.glyphs)).draw(on: &canvas, in: line, look: look)
public struct Footer: Widget {
    /// The hints in order of importance; the last is usually the help.
    public let hints: [KeyHint]

    /// Makes a footer.
    public init(_ hints: [KeyHint]) { self.hints = hints }

    /// Draws the hints, two blanks apart.
    public func draw(on canvas: inout Canvas, in area: Rect, look: Look) {
        guard !area.isEmpty, let last = hints.last else { return }
        var shown: [KeyHint] = []
        var room = area.width - width(last)
        for hint in hints.dropLast() {
            guard room >= width(hint) + 2 else { break }
            room -= width(hint) + 2
            shown.append(hint)
        }
        var pieces: [(text: String, style: Style)] = []
        for hint in shown + [last] {
            if !pieces.isEmpty { pieces.append(("  ", look.theme.dim)) }
            pieces.append((hint.key, look.theme.title))
            pieces.append((" " + hint.text, look.theme.dim))
        }
        canvas.text(pieces, in: area)
    }

    private func width(_ hint: KeyHint) -> Int { hint.key.displayWidth + 1 + hint.text.displayWidth }
}

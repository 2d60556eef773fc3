/// All keys by group in a box over the screen, to be scrolled.
///
///     let help = HelpOverlay(keys, scroll: offset, glyphs: look.glyphs)
///     help.draw(on: &canvas, in: canvas.bounds, look: look)
///     offset = min(offset + 1, help.lastScroll(in: canvas.bounds))
public struct HelpOverlay: Widget {
    private enum Line: Hashable, Sendable {
        case heading(String)
        case keys(String, String)
        case blank
    }

    private let title: String
    private let scroll: Int
    private let lines: [Line]
    private let keyWidth: Int
    private let contentWidth: Int

    /// Makes the help of a key table, beginning `scroll` lines from the top.
    public init<Command>(_ table: KeyTable<Command>, title: String = "keys", scroll: Int = 0, glyphs: Glyphs) {
        var lines: [Line] = []
        for group in table.groups {
            if !lines.isEmpty { lines.append(.blank) }
            lines.append(.heading(group.name))
            lines += group.bindings.map { .keys($0.label(glyphs), $0.description) }
        }
        var keyWidth = 0
        var textWidth = 0
        for case .keys(let keys, let text) in lines {
            keyWidth = max(keyWidth, keys.displayWidth)
            textWidth = max(textWidth, text.displayWidth)
        }
        self.title = title
        self.scroll = scroll
        self.lines = lines
        self.keyWidth = keyWidth
        contentWidth = keyWidth + 2 + textWidth
    }

    /// The largest useful scroll in an area.
    public func lastScroll(in area: Rect) -> Int { max(0, lines.count - frame(in: area).inset(by: 1).height) }

    private func frame(in area: Rect) -> Rect { area.centered(width: contentWidth + 4, height: lines.count + 2) }

    /// Draws the box and the lines that fit.
    public func draw(on canvas: inout Canvas, in area: Rect, look: Look) {
        let frame = frame(in: area)
        canvas.fill(frame, style: look.theme.text)
        let inside = canvas.box(frame, title: title, look: look, focused: true).inset(
            horizontally: 1, vertically: 0)
        let first = max(0, min(scroll, lastScroll(in: area)))
        for (row, line) in lines.dropFirst(first).prefix(inside.height).enumerated() {
            var place = Rect(x: inside.x, y: inside.y + row, width: inside.width, height: 1)
            switch line {
            case .blank: break
            case .heading(let text): canvas.text(text, in: place, style: look.theme.title, glyphs: look.glyphs)
            case .keys(let keys, let text):
                canvas.text(keys, in: place.takeLeft(keyWidth), style: look.theme.title, glyphs: look.glyphs)
                _ = place.takeLeft(2)
                canvas.text(text, in: place, style: look.theme.text, glyphs: look.glyphs)
            }
        }
        if first + inside.height < lines.count, frame.height > 2, frame.width > 10 {
            let foot = Rect(x: frame.x + 1, y: frame.y + frame.height - 1, width: frame.width - 2, height: 1)
            canvas.text(" more ", in: foot, alignment: .trailing, style: look.theme.dim)
        }
    }
}

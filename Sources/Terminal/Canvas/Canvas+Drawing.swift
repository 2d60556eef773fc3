extension Canvas {
    /// Writes text from a point to the right, clipped to the canvas and to `clip`, and returns the columns used.
    ///
    /// A wide character that would be cut is left out, and nothing after it is written.
    @discardableResult
    public mutating func text(
        _ text: some StringProtocol, at point: Point, style: Style = .plain, clip: Rect? = nil
    ) -> Int {
        let visible = clip.map { $0.intersection(bounds) } ?? bounds
        guard visible.rows.contains(point.y) else { return 0 }
        var x = point.x
        for character in text {
            let columns = character.displayWidth
            if columns == 0 { continue }
            if x + columns > visible.columns.upperBound { break }
            if x >= visible.x { put(character, at: Point(x: x, y: point.y), style: style) }
            x += columns
        }
        return x - point.x
    }

    /// Writes text on the first row of an area, at its beginning or end, ending with an ellipsis where it is cut.
    public mutating func text(
        _ text: String, in area: Rect, alignment: Alignment = .leading, style: Style = .plain,
        glyphs: Glyphs = .ascii
    ) {
        guard !area.isEmpty else { return }
        let shown = text.clipped(to: area.width, mark: glyphs.ellipsis)
        let indent = alignment == .leading ? 0 : area.width - shown.displayWidth
        self.text(shown, at: Point(x: area.x + indent, y: area.y), style: style, clip: area)
    }

    /// Writes differently styled pieces one after the other and returns the columns used.
    @discardableResult
    public mutating func text(_ pieces: [(text: String, style: Style)], in area: Rect) -> Int {
        var used = 0
        for piece in pieces {
            used += text(piece.text, at: Point(x: area.x + used, y: area.y), style: piece.style, clip: area)
        }
        return used
    }

    /// Fills an area with one character.
    public mutating func fill(_ area: Rect, with character: Character = " ", style: Style = .plain) {
        let visible = area.intersection(bounds)
        for y in visible.rows {
            for x in visible.columns { put(character, at: Point(x: x, y: y), style: style) }
        }
    }

    /// Draws a frame with a title in its upper edge and returns the area inside.
    ///
    /// An area narrower or lower than two cells gets no frame and has no inside.
    @discardableResult
    public mutating func box(_ area: Rect, title: String = "", look: Look, focused: Bool = false) -> Rect {
        guard area.width >= 2, area.height >= 2 else { return area.inset(by: 1) }
        let glyphs = look.glyphs
        let style = focused ? look.theme.title : look.theme.border
        let right = area.x + area.width - 1
        let bottom = area.y + area.height - 1
        fill(
            Rect(x: area.x + 1, y: area.y, width: area.width - 2, height: 1), with: glyphs.horizontal, style: style)
        fill(
            Rect(x: area.x + 1, y: bottom, width: area.width - 2, height: 1), with: glyphs.horizontal, style: style)
        fill(Rect(x: area.x, y: area.y + 1, width: 1, height: area.height - 2), with: glyphs.vertical, style: style)
        fill(Rect(x: right, y: area.y + 1, width: 1, height: area.height - 2), with: glyphs.vertical, style: style)
        put(glyphs.corners[0], at: Point(x: area.x, y: area.y), style: style)
        put(glyphs.corners[1], at: Point(x: right, y: area.y), style: style)
        put(glyphs.corners[2], at: Point(x: area.x, y: bottom), style: style)
        put(glyphs.corners[3], at: Point(x: right, y: bottom), style: style)
        if !title.isEmpty, area.width > 4 {
            text(
                " \(title) ",
                in: Rect(x: area.x + 1, y: area.y, width: area.width - 2, height: 1),
                style: look.theme.title, glyphs: glyphs)
        }
        return area.inset(by: 1)
    }

    /// Draws a horizontal rule with a title across the first row of an area.
    public mutating func rule(_ area: Rect, title: String = "", look: Look) {
        let row = Rect(x: area.x, y: area.y, width: area.width, height: min(1, area.height))
        fill(row, with: look.glyphs.horizontal, style: look.theme.border)
        if !title.isEmpty, row.width > 2 {
            text(
                " \(title) ", in: row.inset(horizontally: 1, vertically: 0), style: look.theme.title,
                glyphs: look.glyphs)
        }
    }
}

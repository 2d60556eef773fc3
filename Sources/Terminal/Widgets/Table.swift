/// Rows and columns with a header, a selection that stays in view, and marked rows.
///
///     let table = Table(
///         columns: [.init("layer"), .init("W", width: .cells(4), alignment: .trailing)],
///         rows: layers.map { .init([.init($0.name), .init("\($0.bits)")], isMarked: marks.contains($0.id)) },
///         selectedRow: 3, selectedColumn: 1)
///     canvas.draw(table, in: area, look: look)
///     table.row(at: mouse.position, in: area)  // which row was clicked
public struct Table: Widget {
    /// A column's heading and place.
    public struct Column: Hashable, Sendable {
        /// The heading.
        public let title: String
        /// Its width; shares divide what the fixed columns leave.
        public let width: Extent
        /// The side that the cells keep to.
        public let alignment: Alignment

        /// Makes a column.
        public init(_ title: String, width: Extent = .share(1), alignment: Alignment = .leading) {
            self.title = title
            self.width = width
            self.alignment = alignment
        }
    }

    /// A cell's text, with a style of its own if wanted.
    public struct Entry: Hashable, Sendable {
        /// What it says.
        public let text: String
        /// The number that it says: in fewer digits where the column is narrow, since a number cut short is another number.
        public let number: Double?
        /// How, where the row is not selected.
        public let style: Style?

        /// Makes a cell.
        public init(_ text: String, style: Style? = nil) {
            self.text = text
            self.style = style
            number = nil
        }

        /// Makes the cell of a number, with so many decimals or `brief`.
        public init(_ number: Double, decimals: Int? = nil, style: Style? = nil) {
            text = decimals.map { number.fixed($0) } ?? number.brief
            self.number = number
            self.style = style
        }

        /// What fits into so many columns.
        func text(in columns: Int) -> String {
            guard let number, text.count > columns else { return text }
            return number.brief(in: columns)
        }
    }

    /// A row's cells.
    public struct Row: Hashable, Sendable {
        /// One for each column; missing ones stay blank.
        public let entries: [Entry]
        /// Whether the row carries the user's mark.
        public let isMarked: Bool

        /// Makes a row.
        public init(_ entries: [Entry], isMarked: Bool = false) {
            self.entries = entries
            self.isMarked = isMarked
        }
    }

    /// The columns from left to right.
    public let columns: [Column]
    /// All rows, also those out of view.
    public let rows: [Row]
    /// The selected row.
    public let selectedRow: Int?
    /// The selected column: underlined in the header and in the selected row.
    public let selectedColumn: Int?
    /// The row wanted at the top; it moves as far as the selection needs.
    ///
    /// Without one the selection is kept near the middle.
    public let firstRow: Int?

    /// Makes a table.
    public init(
        columns: [Column], rows: [Row], selectedRow: Int? = nil, selectedColumn: Int? = nil, firstRow: Int? = nil
    ) {
        self.columns = columns
        self.rows = rows
        self.selectedRow = selectedRow.flatMap { rows.indices.contains($0) ? $0 : nil }
        self.selectedColumn = selectedColumn.flatMap { columns.indices.contains($0) ? $0 : nil }
        self.firstRow = firstRow
    }

    /// The rows shown in an area: one line is the header's.
    public func visibleRows(in area: Rect) -> Range<Int> {
        let height = max(0, area.height - 1)
        guard height > 0, !rows.isEmpty else { return 0..<0 }
        var first = firstRow ?? ((selectedRow ?? 0) - height / 2)
        if let selectedRow { first = min(max(first, selectedRow - height + 1), selectedRow) }
        first = max(0, min(first, rows.count - height))
        return first..<min(rows.count, first + height)
    }

    /// The row at a point, if there is one: what a mouse click selects.
    public func row(at point: Point, in area: Rect) -> Int? {
        let visible = visibleRows(in: area)
        guard area.contains(point), point.y > area.y else { return nil }
        let row = visible.lowerBound + point.y - area.y - 1
        return visible.contains(row) ? row : nil
    }

    /// Draws header, visible rows and, where not all rows are visible, a scroll bar.
    public func draw(on canvas: inout Canvas, in area: Rect, look: Look) {
        guard !area.isEmpty else { return }
        let visible = visibleRows(in: area)
        var body = area
        if visible.count < rows.count, area.width > 4 {
            drawScrollBar(on: &canvas, in: body.takeRight(1), visible: visible, look: look)
        }
        let header = body.takeTop(1)
        let places = places(in: header)
        for (index, place) in places.enumerated() {
            let isSelected = index == selectedColumn
            let style = isSelected ? look.theme.title.adding(.underline) : look.theme.dim
            canvas.text(
                columns[index].title, in: place, alignment: columns[index].alignment, style: style,
                glyphs: look.glyphs)
        }
        for row in visible {
            draw(row, on: &canvas, in: body.takeTop(1), places: places, look: look)
        }
    }

    /// Two columns are kept for the pointer and the mark, one between columns.
    private func places(in line: Rect) -> [Rect] {
        var rest = line
        _ = rest.takeLeft(2)
        var extents: [Extent] = []
        for column in columns { extents += extents.isEmpty ? [column.width] : [.cells(1), column.width] }
        let parts = rest.sideBySide(extents)
        return stride(from: 0, to: parts.count, by: 2).map { parts[$0] }
    }

    private func draw(_ row: Int, on canvas: inout Canvas, in line: Rect, places: [Rect], look: Look) {
        let isSelected = row == selectedRow
        if isSelected {
            canvas.fill(line, style: look.theme.selection)
            canvas.put(look.glyphs.pointer, at: Point(x: line.x, y: line.y), style: look.theme.selection)
        }
        if rows[row].isMarked, line.width > 1 {
            canvas.put(
                look.glyphs.mark, at: Point(x: line.x + 1, y: line.y),
                style: isSelected ? look.theme.selection : look.theme.warning)
        }
        for (index, entry) in rows[row].entries.enumerated() where index < places.count {
            let place = Rect(x: places[index].x, y: line.y, width: places[index].width, height: 1)
            var style = isSelected ? look.theme.selection : entry.style ?? look.theme.text
            if isSelected, index == selectedColumn { style = style.adding([.bold, .underline]) }
            canvas.text(
                entry.text(in: place.width), in: place, alignment: columns[index].alignment, style: style,
                glyphs: look.glyphs)
        }
    }

    private func drawScrollBar(on canvas: inout Canvas, in bar: Rect, visible: Range<Int>, look: Look) {
        var track = bar
        _ = track.takeTop(1)
        guard track.height > 0 else { return }
        canvas.fill(track, with: look.glyphs.vertical, style: look.theme.border)
        let length = max(1, track.height * visible.count / rows.count)
        let hidden = rows.count - visible.count
        let start = hidden == 0 ? 0 : (track.height - length) * visible.lowerBound / hidden
        canvas.fill(
            Rect(x: track.x, y: track.y + start, width: 1, height: length), with: look.glyphs.column(eighths: 8),
            style: look.theme.border)
    }
}

/// A screen as a value: cells that views write, tests read and a `Screen` presents.
///
/// Everything drawn outside is clipped; no position or size traps.
///
///     var canvas = Canvas(size)
///     var area = canvas.bounds
///     let footer = area.takeBottom(1)
///     canvas.box(area, title: "layers", look: look)
///     canvas.text("conv1", at: Point(x: 2, y: 1), style: look.theme.text)
///     #expect(canvas.lines[1] == "│ conv1      │")
public struct Canvas: Hashable, Sendable {
    /// The number of columns and rows.
    public let size: Size
    /// Where the terminal's cursor blinks; none hides it.
    public var cursor: Point?
    private var cells: [Cell]

    /// Makes a canvas of blank cells.
    public init(_ size: Size) {
        self.size = size
        cells = [Cell](repeating: .blank, count: size.width * size.height)
    }

    /// Makes a canvas of blank cells.
    public init(width: Int, height: Int) { self.init(Size(width: width, height: height)) }

    /// The whole canvas.
    public var bounds: Rect { Rect(size) }

    /// The cell at a place; blank outside.
    public subscript(x: Int, y: Int) -> Cell {
        guard bounds.contains(Point(x: x, y: y)) else { return .blank }
        return cells[y * size.width + x]
    }

    /// Writes one character; a wide one also takes the place at its right.
    ///
    /// A wide character of which half is overwritten, or that would stick out of the canvas, leaves a blank.
    public mutating func put(_ character: Character, at point: Point, style: Style = .plain) {
        guard bounds.contains(point) else { return }
        let columns = character.displayWidth
        guard columns > 0 else { return }
        breakWideCharacter(at: point)
        let index = point.y * size.width + point.x
        guard columns == 2 else {
            cells[index] = Cell(character, style: style)
            return
        }
        guard point.x + 1 < size.width else {
            cells[index] = Cell(" ", style: style)
            return
        }
        breakWideCharacter(at: Point(x: point.x + 1, y: point.y))
        cells[index] = Cell(character, style: style)
        cells[index + 1] = Cell(Cell.tail, style: style)
    }

    private mutating func breakWideCharacter(at point: Point) {
        let index = point.y * size.width + point.x
        if cells[index].isTail, point.x > 0 { cells[index - 1].character = " " }
        if point.x + 1 < size.width, cells[index + 1].isTail { cells[index + 1].character = " " }
    }

    /// Changes the style of the cells in an area and leaves their characters.
    public mutating func restyle(_ area: Rect, _ change: (Style) -> Style) {
        let visible = area.intersection(bounds)
        for y in visible.rows {
            for x in visible.columns {
                let index = y * size.width + x
                cells[index].style = change(cells[index].style)
            }
        }
    }

    /// The text of each row without trailing blanks, as snapshot tests compare it.
    public var lines: [String] {
        (0..<size.height).map { y in
            var line = ""
            for x in 0..<size.width where !cells[y * size.width + x].isTail {
                line.append(cells[y * size.width + x].character)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    /// The cells of part of one row, for a screen to output.
    func row(_ y: Int, _ columns: Range<Int>) -> ArraySlice<Cell> {
        cells[y * size.width + columns.lowerBound..<y * size.width + columns.upperBound]
    }

    /// A stretch of one row.
    public struct Run: Hashable, Sendable {
        /// The row.
        public let y: Int
        /// The columns.
        public let columns: Range<Int>
    }

    /// The stretches that differ from an older canvas: everything if that had another size.
    ///
    /// A run never begins or ends inside a wide character.
    public func changedRuns(from old: Canvas) -> [Run] {
        guard size.width > 0 else { return [] }
        guard old.size == size else { return (0..<size.height).map { Run(y: $0, columns: 0..<size.width) } }
        var runs: [Run] = []
        for y in 0..<size.height {
            let base = y * size.width
            var x = 0
            while x < size.width {
                if cells[base + x] == old.cells[base + x] {
                    x += 1
                    continue
                }
                var start = x
                while start > 0, cells[base + start].isTail { start -= 1 }
                while x < size.width, cells[base + x] != old.cells[base + x] || cells[base + x].isTail { x += 1 }
                runs.append(Run(y: y, columns: start..<x))
            }
        }
        return runs
    }
}

/// One line of text being edited: the text and where the cursor is in it.
public struct LineEditor: Hashable, Sendable {
    /// The text.
    public private(set) var text: String
    /// The characters before the cursor.
    public private(set) var cursor: Int

    /// Begins with a text and the cursor at its end.
    public init(_ text: String = "") {
        self.text = LineEditor.oneLine(text)
        cursor = self.text.count
    }

    /// Edits by a key and returns whether the key is one of the editor's; Enter, Escape, Tab, up and down are not.
    public mutating func handle(_ key: Key) -> Bool {
        switch key {
        case .character(let character): insert(String(character))
        case .left, .control("b"): cursor = max(0, cursor - 1)
        case .right, .control("f"): cursor = min(text.count, cursor + 1)
        case .home, .control("a"): cursor = 0
        case .end, .control("e"): cursor = text.count
        case .backspace: remove(cursor - 1..<cursor)
        case .delete, .control("d"): remove(cursor..<cursor + 1)
        case .control("u"): remove(0..<cursor)
        case .control("k"): remove(cursor..<text.count)
        case .control("w"): remove(startOfWord..<cursor)
        default: return false
        }
        return true
    }

    /// Inserts text, such as a paste; line ends become blanks.
    public mutating func insert(_ more: String) {
        let position = text.index(text.startIndex, offsetBy: cursor)
        let before = text[..<position] + LineEditor.oneLine(more)
        let after = text[position...]
        text = String(before + after)
        // Counted from the end: a combining mark may have joined the character before it.
        cursor = max(0, text.count - after.count)
    }

    private mutating func remove(_ range: Range<Int>) {
        let range = range.clamped(to: 0..<text.count)
        guard !range.isEmpty else { return }
        let start = text.index(text.startIndex, offsetBy: range.lowerBound)
        text.removeSubrange(start..<text.index(start, offsetBy: range.count))
        cursor = min(range.lowerBound, text.count)
    }

    private var startOfWord: Int {
        let before = Array(text.prefix(cursor))
        var start = before.count
        while start > 0, before[start - 1] == " " { start -= 1 }
        while start > 0, before[start - 1] != " " { start -= 1 }
        return start
    }

    private static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
    }
}

/// A label and a line being edited; it places the terminal's cursor.
public struct Prompt: Widget {
    /// What stands before the line, such as ":" or "save as".
    public let label: String
    /// The line.
    public let editor: LineEditor

    /// Makes a prompt.
    public init(label: String, editor: LineEditor) {
        self.label = label
        self.editor = editor
    }

    /// Draws the part of the line around the cursor.
    public func draw(on canvas: inout Canvas, in area: Rect, look: Look) {
        guard !area.isEmpty else { return }
        var line = Rect(x: area.x, y: area.y, width: area.width, height: 1)
        canvas.fill(line, style: look.theme.text)
        let used = canvas.text(label, at: Point(x: line.x, y: line.y), style: look.theme.title, clip: line)
        _ = line.takeLeft(min(used, line.width - 1))
        let characters = Array(editor.text)
        // The first character shown is the first from which the cursor is still in view.
        var first = editor.cursor
        var columns = 0
        while first > 0, columns + characters[first - 1].displayWidth < line.width {
            first -= 1
            columns += characters[first].displayWidth
        }
        canvas.text(String(characters[first...]), in: line, style: look.theme.text)
        canvas.cursor = Point(x: line.x + columns, y: line.y)
    }
}

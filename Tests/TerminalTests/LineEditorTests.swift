import Terminal
import Testing

@Suite struct LineEditorTests {
    private func edited(_ text: String, _ keys: [Key]) -> LineEditor {
        var editor = LineEditor(text)
        for key in keys { _ = editor.handle(key) }
        return editor
    }

    @Test func keysEditAroundTheCursor() {
        #expect(edited("ab", [.left, "x"]).text == "axb")
        #expect(edited("ab", [.home, .delete, .delete, .delete]).text == "")
        #expect(edited("clip gauss", [.control("w"), "l"]).text == "clip l")
        #expect(edited("abc", [.left, .control("u")]).text == "c")
        #expect(edited("abc", [.home, .right, .control("k")]).text == "a")
        #expect(edited("", [.backspace, .delete, .left, .right, .control("w")]).text == "")
    }

    @Test func pastesStayOnOneLine() {
        var editor = LineEditor("a")
        editor.insert("b\nc\td")
        #expect(editor.text == "ab c d")
        #expect(editor.cursor == 6)
    }

    @Test func combiningMarksJoinTheCharacterBefore() {
        var editor = LineEditor("e")
        _ = editor.handle(.character("\u{301}"))
        #expect(editor.text == "é")
        #expect(editor.cursor == 1)
    }

    @Test func decisionsAreLeftToTheCaller() {
        var editor = LineEditor("a")
        for key in [Key.enter, .escape, .tab, .up] {
            let isHandled = editor.handle(key)
            #expect(!isHandled)
        }
    }
}

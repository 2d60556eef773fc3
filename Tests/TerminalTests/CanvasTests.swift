import Terminal
import Testing

@Suite struct CanvasTests {
    let look = Look(.mono, .unicode)

    @Test func widthsFollowTheTerminal() {
        let widths: [(Character, Int)] = [
            ("a", 1), ("é", 1), ("e\u{301}", 1), ("漢", 2), ("ｶ", 1), ("Ａ", 2), ("🙂", 2), ("\u{301}", 0), ("\t", 0),
            ("█", 1),
            ("⠿", 1), ("Δ", 1), ("±", 1),
        ]
        for (character, width) in widths { #expect(character.displayWidth == width, "\(character)") }
        #expect("層 conv1".displayWidth == 8)
    }

    @Test func clippingNeverCutsACharacterInHalf() {
        #expect("漢字".clipped(to: 3) == "漢")
        #expect("convolution".clipped(to: 5, mark: "…") == "conv…")
        #expect("convolution".clipped(to: 1, mark: "…") == "c")
        #expect("x".clipped(to: 0) == "")
        #expect("7".padded(to: 3, alignment: .trailing) == "  7")
    }

    @Test func textIsClippedOnBothSides() {
        var canvas = Canvas(width: 5, height: 1)
        canvas.text("abcdefgh", at: Point(x: -2, y: 0))
        #expect(canvas.lines == ["cdefg"])
        canvas.text("漢字", at: Point(x: 2, y: 0))
        #expect(canvas.lines == ["cd漢g"])
    }

    @Test func overwritingHalfOfAWideCharacterLeavesABlank() {
        var canvas = Canvas(width: 4, height: 1)
        canvas.text("漢字", at: Point(x: 0, y: 0))
        canvas.put("x", at: Point(x: 1, y: 0))
        #expect(canvas.lines == [" x字"])
        canvas.put("y", at: Point(x: 2, y: 0))
        #expect(canvas.lines == [" xy"])
        #expect(!canvas[3, 0].isTail)
    }

    @Test func writingOutsideChangesNothing() {
        var canvas = Canvas(width: 2, height: 2)
        for point in [Point(x: -1, y: 0), Point(x: 2, y: 0), Point(x: 0, y: -1), Point(x: 0, y: 2)] {
            canvas.put("x", at: point)
            canvas.text("漢", at: point, clip: Rect(x: 9, y: 9, width: 1, height: 1))
        }
        #expect(canvas == Canvas(width: 2, height: 2))
    }

    @Test func boxShowsItsTitle() {
        var canvas = Canvas(width: 10, height: 3)
        let inside = canvas.box(canvas.bounds, title: "layers", look: look)
        #expect(canvas.lines == ["┌ layers ┐", "│        │", "└────────┘"])
        #expect(inside == Rect(x: 1, y: 1, width: 8, height: 1))
        var ascii = Canvas(width: 6, height: 2)
        ascii.box(ascii.bounds, title: "layers", look: Look(.mono, .ascii))
        #expect(ascii.lines == ["+ la~+", "+----+"])
    }

    @Test func changedRunsAreExactlyTheDifferences() {
        let old = Canvas(width: 8, height: 2)
        var new = old
        #expect(new.changedRuns(from: old).isEmpty)
        new.text("ab", at: Point(x: 1, y: 0))
        new.put("c", at: Point(x: 6, y: 0))
        new.restyle(Rect(x: 0, y: 1, width: 1, height: 1)) { $0.adding(.bold) }
        let runs = new.changedRuns(from: old).map { "\($0.y) \($0.columns)" }
        #expect(runs == ["0 1..<3", "0 6..<7", "1 0..<1"])
        #expect(new.changedRuns(from: Canvas(width: 7, height: 2)).map(\.columns) == [0..<8, 0..<8])
    }

    @Test func runsHoldWholeWideCharacters() {
        var old = Canvas(width: 4, height: 1)
        old.text("漢", at: Point(x: 0, y: 0))
        var new = Canvas(width: 4, height: 1)
        new.text("字", at: Point(x: 0, y: 0))
        #expect(new.changedRuns(from: old).map(\.columns) == [0..<2])
    }

    @Test func asciiCanvasesHoldOnlyASCII() {
        var canvas = Canvas(width: 12, height: 1)
        canvas.text("3×3 ±1 漢é", at: Point(x: 0, y: 0))
        #expect(canvas.inASCII().lines == ["3x3 ~1 ???"])
    }
}

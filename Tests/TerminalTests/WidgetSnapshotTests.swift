import Terminal
import Testing

@Suite struct WidgetSnapshotTests {
    let look = Look(.mono, .unicode)

    private func lines(_ widget: some Widget, _ width: Int, _ height: Int, look: Look? = nil) -> [String] {
        var canvas = Canvas(width: width, height: height)
        canvas.draw(widget, in: canvas.bounds, look: look ?? self.look)
        return canvas.lines
    }

    @Test func tableScrollsToItsSelection() {
        let rows = (0..<9).map { Table.Row([.init("conv\($0)"), .init("\($0)")], isMarked: $0 == 7) }
        let columns = [Table.Column("layer"), Table.Column("W", width: .cells(2), alignment: .trailing)]
        let table = Table(columns: columns, rows: rows, selectedRow: 8)
        #expect(lines(table, 14, 4) == ["  layer     W", "  conv6     6│", " •conv7     7│", "▸ conv8     8█"])
        let area = Rect(x: 0, y: 0, width: 14, height: 4)
        #expect(table.row(at: Point(x: 3, y: 2), in: area) == 7)
        #expect(table.row(at: Point(x: 3, y: 0), in: area) == nil)
        #expect(Table(columns: columns, rows: rows, selectedRow: 3, firstRow: 2).visibleRows(in: area) == 2..<5)
    }

    @Test func histogramMarksThresholds() {
        let histogram = Histogram(
            counts: [16, 8, 4, 2, 1, 0, 0, 0], range: 0...8,
            markers: [.init(at: 3.5, label: "a 3.5", style: .plain), .init(at: 4.5, label: "b", style: .plain)])
        #expect(lines(histogram, 16, 4) == [" a 3.5 ┊ ┊ b", "██     ┊ ┊", "████▄▄▂┊▁┊", "0           8.00"])
        #expect(histogram.value(atColumn: 7, in: Rect(x: 0, y: 0, width: 16, height: 4)) == 3.75)
    }

    @Test func logarithmicCountsShowTheTail() {
        let counts = [10_000.0, 100, 1]
        #expect(lines(Histogram(counts: counts, range: 0...1), 3, 1) == ["█▁▁"])
        #expect(lines(Histogram(counts: counts, range: 0...1, scale: .logarithmic), 3, 1) == ["█▄▁"])
    }

    @Test func curveIsDrawnInBrailleWithItsOptimum() {
        let points = (0...8).map { CurvePlot.Sample(x: Double($0), y: Double(($0 - 4) * ($0 - 4))) }
        let plot = CurvePlot(curves: [.init("m", points: points, style: .plain, optimum: points[4])])
        let shown = lines(plot, 24, 5)
        #expect(shown.count == 5)
        #expect(shown[0].hasPrefix("   16.0│"))
        #expect(shown[3].hasPrefix("      0│"))
        #expect(shown[3].contains("◆"))
        #expect(shown[4].hasPrefix("        0") && shown[4].hasSuffix("8.00"))
        #expect(Array(shown[3])[16] == "◆")
        // Symmetric, and as high as the area at both ends.
        #expect(Array(shown[0])[8] != " " && Array(shown[0])[23] != " ")
    }

    @Test func logarithmicAxisMakesExponentialsStraight() {
        let points = (0...20).map { step -> CurvePlot.Sample in
            var y = 1.0
            for _ in 0..<step { y /= 2 }
            return CurvePlot.Sample(x: Double(step), y: y)
        }
        let shown = lines(
            CurvePlot(curves: [.init("m", points: points, style: .plain)], yScale: .logarithmic), 10, 10,
            look: Look(.mono, .ascii))
        for row in 0..<9 { #expect(Array(shown[row]).firstIndex(of: "m") ?? -1 >= row) }
        #expect(shown.prefix(9).allSatisfy { $0.contains("m") })
    }

    @Test func barStripAveragesWhatDoesNotFit() {
        #expect(lines(BarStrip(values: [0, 1, 2, 3, 4, 5, 6, 7, 8], maximum: 8), 20, 1) == [" ▁▂▃▄▅▆▇█"])
        #expect(lines(BarStrip(values: [0, 8, 8, 8], maximum: 8), 2, 1) == ["▄█"])
        let strip = BarStrip(values: [Double](repeating: 4, count: 100), maximum: 8)
        let area = Rect(x: 0, y: 0, width: 10, height: 1)
        #expect(strip.items(atColumn: 9, in: area) == 90..<100)
        #expect(strip.items(atColumn: 10, in: area) == nil)
    }

    @Test func progressKeepsRoomForItsText() {
        #expect(lines(ProgressBar(fraction: 0.5, text: "1 of 2"), 13, 1) == ["▓▓▓░░░ 1 of 2"])
        #expect(lines(ProgressBar(fraction: 0.5, text: "1 of 2"), 8, 1) == ["1 of 2"])
        #expect(lines(ProgressBar(fraction: .nan), 4, 1) == ["░░░░"])
    }

    @Test func footerAlwaysShowsItsLastHint() {
        let footer = Footer([
            KeyHint(key: "a", text: "one"), KeyHint(key: "b", text: "two"), KeyHint(key: "?", text: "all"),
        ])
        #expect(lines(footer, 30, 1) == ["a one  b two  ? all"])
        #expect(lines(footer, 18, 1) == ["a one  ? all"])
        #expect(lines(footer, 6, 1) == ["? all"])
    }

    @Test func helpScrollsToItsEnd() {
        let table = KeyTable<Int>([
            KeyBinding(["q"], 0, group: "General", "leave"), KeyBinding(["u"], 1, group: "Editing", "undo"),
            KeyBinding(["U"], 2, group: "Editing", "redo"),
        ])
        let whole = HelpOverlay(table, glyphs: .unicode)
        #expect(
            lines(whole, 20, 9) == [
                "    ┌ keys ────┐", "    │ General  │", "    │ q  leave │", "    │          │", "    │ Editing  │",
                "    │ u  undo  │", "    │ U  redo  │", "    └──────────┘", "",
            ])
        let area = Rect(x: 0, y: 0, width: 20, height: 5)
        #expect(whole.lastScroll(in: area) == 3)
        let scrolled = lines(HelpOverlay(table, scroll: 99, glyphs: .unicode), 20, 5)
        #expect(scrolled[3].contains("redo"))
    }

    @Test func promptKeepsTheCursorInView() {
        var canvas = Canvas(width: 8, height: 1)
        canvas.draw(Prompt(label: ":", editor: LineEditor("abcdefghij")), in: canvas.bounds, look: look)
        #expect(canvas.lines == [":efghij"])
        #expect(canvas.cursor == Point(x: 7, y: 0))
    }

    @Test func messagesSayTheirSeverityInText() {
        let ascii = Look(.mono, .ascii)
        #expect(lines(MessageLine(.failure, "no data"), 20, 1, look: ascii) == ["error: no data"])
        #expect(lines(MessageLine(.warning, "odd"), 20, 1) == ["! odd"])
    }
}

import Terminal
import Testing

/// One of every widget, with ordinary and with hostile data.
private func widgets(_ look: Look) -> [any Widget] {
    let rows = (0..<20).map {
        Table.Row([.init("layer \($0) 漢"), .init("\($0)", style: look.theme.bad)], isMarked: $0 % 2 == 0)
    }
    let columns = [Table.Column("layer"), Table.Column("W", width: .cells(4), alignment: .trailing)]
    let wild = [Double.nan, .infinity, -.infinity, 0, -1, 1e308, .leastNonzeroMagnitude]
    let samples = (0..<50).map { CurvePlot.Sample(x: Double($0), y: Double(($0 - 20) * ($0 - 20)) / 10 + 0.1) }
    let wildSamples = wild.flatMap { x in wild.map { CurvePlot.Sample(x: x, y: $0) } }
    let keys = KeyTable<Int>(
        (0..<30).map { KeyBinding([.function($0)], $0, group: "group \($0 / 7)", hint: "hint", "does \($0)") })
    var list: [any Widget] = []
    for selected in [nil, 0, 19, 99] {
        list.append(
            Table(columns: columns, rows: rows, selectedRow: selected, selectedColumn: selected, firstRow: selected)
        )
        list.append(BarStrip(values: (0..<70).map { Double($0 % 9) }, maximum: 8, selected: selected))
    }
    list += [Table(columns: [], rows: []), Table(columns: columns, rows: [], selectedRow: 0)] as [any Widget]
    for scale in [Histogram.Scale.linear, .logarithmic] {
        let markers = [1.0, 1.1, 9, -5, .nan].map {
            Histogram.Marker(at: $0, label: "label \($0)", style: look.theme.gauss)
        }
        list.append(
            Histogram(counts: (0..<33).map { Double($0 * $0) }, range: 0...9, scale: scale, markers: markers))
        list.append(Histogram(counts: wild, range: 0...0, scale: scale, markers: markers))
        list.append(Histogram(counts: [], range: -.infinity ... .infinity, scale: scale, markers: markers))
    }
    for scale in [CurvePlot.Scale.linear, .logarithmic] {
        for pattern in [CurvePlot.Pattern.solid, .dashed, .dotted] {
            let curve = CurvePlot.Curve(
                "curve", points: samples, style: .plain, pattern: pattern, optimum: samples[20])
            list.append(CurvePlot(curves: [curve], yScale: scale, cursor: 7))
        }
        let wildCurve = CurvePlot.Curve("漢", points: wildSamples, style: .plain, optimum: wildSamples[0])
        list.append(CurvePlot(curves: [wildCurve], yScale: scale, cursor: .nan))
        list.append(CurvePlot(curves: [wildCurve], xRange: 0...9, yRange: 1...2, yScale: scale, cursor: .infinity))
        list.append(CurvePlot(curves: [], yScale: scale))
        list.append(CurvePlot(curves: [.init("", points: [samples[0]], style: .plain)], yScale: scale))
    }
    for value in wild + [0.4, 1] {
        list.append(ProgressBar(fraction: value, text: value > 0 ? "3,072 of 10,000" : ""))
        list.append(BarStrip(values: [value, 3], maximum: value))
        list.append(BarStrip(values: wild, maximum: 8))
    }
    list.append(Footer(keys.hints(look.glyphs)))
    list.append(Footer([KeyHint(key: "?", text: "all keys")]))
    list.append(Footer([]))
    for scroll in [-1, 0, 3, 1000] { list.append(HelpOverlay(keys, scroll: scroll, glyphs: look.glyphs)) }
    list.append(Prompt(label: ":", editor: LineEditor("set clip 漢字漢字漢字")))
    list.append(Prompt(label: "a long label for this", editor: LineEditor()))
    for severity in MessageLine.Severity.allCases { list.append(MessageLine(severity, "something happened")) }
    return list
}

@Suite struct WidgetTests {
    @Test(arguments: Glyphs.allCases) func everyWidgetKeepsToItsAreaAtAnySize(glyphs: Glyphs) {
        let look = Look(.indexed256, glyphs)
        let sizes = RectTests.sizes + [Size(width: 80, height: 24), Size(width: 200, height: 60)]
        for widget in widgets(look) {
            for size in sizes {
                let area = Rect(x: 2, y: 1, width: size.width, height: size.height)
                var canvas = Canvas(width: size.width + 4, height: size.height + 2)
                canvas.draw(widget, in: area, look: look)
                canvas.fill(area)
                canvas.cursor = nil
                #expect(canvas.lines.allSatisfy { $0.isEmpty }, "\(type(of: widget)) at \(size) writes outside")
                // Areas that stick out, or lie outside altogether.
                canvas.draw(
                    widget, in: Rect(x: -3, y: -2, width: size.width + 9, height: size.height + 9), look: look)
                canvas.draw(widget, in: Rect(x: 999, y: 999, width: size.width, height: size.height), look: look)
            }
        }
    }

    @Test func numbersInNarrowColumnsLoseDigitsNotMeaning() {
        var canvas = Canvas(width: 21, height: 2)
        let table = Table(
            columns: ["a", "b", "c"].map { .init($0, width: .cells(5), alignment: .trailing) },
            rows: [.init([.init(-0.457), .init(2.84e-4), .init(1.00042, decimals: 4)])])
        canvas.draw(table, in: canvas.bounds, look: Look(.mono, .unicode))
        #expect(canvas.lines[1] == "  -0.46  3e-4  1.00")
    }

    @Test func everyWidgetIsASCIIWithASCIIGlyphs() {
        let look = Look(.mono, .ascii)
        var canvas = Canvas(width: 80, height: 24)
        let table = Table(
            columns: [.init("a")], rows: (0..<99).map { .init([.init("\($0)")], isMarked: true) }, selectedRow: 4)
        let parts = canvas.bounds.stacked(.share(1), .share(1), .share(1), .cells(2), .cells(1), .cells(1))
        canvas.draw(table, in: canvas.box(parts[0], title: "box", look: look), look: look)
        canvas.draw(
            Histogram(counts: [9, 4, 1], range: 0...1, markers: [.init(at: 0.5, label: "m", style: .plain)]),
            in: parts[1],
            look: look)
        let points = [CurvePlot.Sample(x: 0, y: 1), CurvePlot.Sample(x: 1, y: 2)]
        canvas.draw(
            CurvePlot(curves: [.init("c", points: points, style: .plain, optimum: points[0])], cursor: 0.5),
            in: parts[2], look: look)
        canvas.draw(BarStrip(values: [1, 8, 5], maximum: 8), in: parts[3], look: look)
        canvas.draw(ProgressBar(fraction: 0.5), in: parts[4], look: look)
        canvas.draw(MessageLine(.failure, "no"), in: parts[5], look: look)
        #expect(canvas.lines.allSatisfy { line in line.allSatisfy { $0.isASCII } })
    }
}

import Testing

@testable import Training

@Suite struct ReportTests {
    @Test func tablesBecomeCommaSeparatedValues() {
        var table = ResultTable(title: "t", columns: ["name", "a, b"])
        table.add([.text("say \"so\""), .number(0.1)])
        table.add([.text("x"), .none])
        #expect(table.csv == "name,\"a, b\"\n\"say \"\"so\"\"\",0.1\nx,\n")
    }

    @Test func aPlotDrawsEveryCurveAndInterruptsItWhereNothingIs() {
        let plot = LinePlot(
            title: "a < b", x: "n", y: "y", xScale: .logarithmic,
            series: [
                LinePlot.Series("one", [SIMD2(16, 1), SIMD2(32, .infinity), SIMD2(64, 2), SIMD2(128, 3)]),
                LinePlot.Series("two", [], isDashed: true),
            ])
        #expect(plot.svg.contains("a &lt; b"))
        let paths = plot.svg.split(separator: "\n").filter { $0.hasPrefix("<path") }
        #expect(paths.count == 2)
        #expect(paths[0].filter { $0 == "M" }.count == 2 && paths[0].filter { $0 == "L" }.count == 1)
        #expect(plot.svg.contains(">128<"))
    }
}

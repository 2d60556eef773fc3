import Glibc
import Terminal
import Training
import Workbench

extension ScreenState {
    /// The kinds of angles in degrees, one value for each number of bits: each way of rounding, then its tight formula.
    private var angleColumns: [(name: String, letter: Character, degrees: [Double?])] {
        let angles = session.theory.angles
        func column(_ name: String, _ letter: Character, _ cosine: (AngleExperiment.Angles) -> Double)
            -> (String, Character, [Double?])
        {
            let degrees = AngleExperiment.bits.indices.map { index in
                angles.map { ScreenState.degrees(cosine($0[index])) }
            }
            return (name, letter, degrees)
        }
        let bound = AngleExperiment.bits.map {
            ScreenState.degrees(AngleTheory.bound(bits: $0, count: TheoryQuestion.angleCount))
        }
        return [
            column("nearest", "n", \.nearest), column("tight", "t", \.tight),
            column("stochastic", "s", \.stochastic), column("tight", "t", \.tightStochastic),
            column("clipped", "c", \.clipped), ("bound", "b", bound),
        ]
    }

    private static func degrees(_ cosine: Double) -> Double { acos(min(1, max(-1, cosine))) * 180 / Double.pi }

    var angleSummary: String {
        let gauss = session.theory.angleDistribution == .gauss ? "" : " · bound for a Gaussian"
        return
            "\(TheoryQuestion.angleCount.grouped) values, min to max; clipped: the better threshold of ACIQ\(gauss)"
    }

    func angleTable(width: Int, _ look: Look) -> Table {
        let isWide = width >= 70
        let columns = angleColumns.enumerated().filter { isWide || [0, 1, 2, 5].contains($0.offset) }
        let rows = AngleExperiment.bits.indices.map { index in
            Table.Row(
                [.init("\(AngleExperiment.bits[index])")]
                    + columns.map { place, column in
                        let text = column.degrees[index].map { $0 < 10 ? $0.fixed(2) : $0.fixed(1) } ?? "·"
                        return Table.Entry(text, style: angleStyle(place, look))
                    })
        }
        return Table(
            columns: [.init("bits", width: .cells(4), alignment: .trailing)]
                + columns.map { .init($0.element.name, alignment: .trailing) }, rows: rows,
            selectedRow: AngleExperiment.bits.firstIndex(of: session.theory.angleBits))
    }

    func anglePlot(_ look: Look) -> CurvePlot {
        let patterns: [CurvePlot.Pattern] = [.solid, .dashed, .solid, .dashed, .dotted, .dotted]
        // Stochastic rounding's formula would hide its curve.
        let shown = angleColumns.enumerated().filter { $0.offset != 3 }
        let curves = shown.map { index, column in
            CurvePlot.Curve(
                column.name, letter: column.letter,
                points: zip(AngleExperiment.bits, column.degrees).compactMap { bits, degrees in
                    degrees.map { .init(x: Double(bits), y: $0) }
                }, style: angleStyle(index, look), pattern: patterns[index])
        }
        return CurvePlot(
            curves: curves, xRange: 2...8, yScale: .logarithmic, cursor: Double(session.theory.angleBits))
    }

    private func angleStyle(_ index: Int, _ look: Look) -> Style {
        let theme = look.theme
        return [theme.measured, theme.measured, theme.laplace, theme.laplace, theme.gauss, theme.dim][index]
    }

    /// What the panel shows, in sentences.
    var angleSentences: [String] {
        let columns = angleColumns
        return [
            "degrees between \(TheoryQuestion.angleCount.grouped) \(session.theory.angleDistribution.rawValue) values and "
                + "their quantized copy, each way of rounding with its tight formula; the bound is a Gaussian's:"
        ]
            + AngleExperiment.bits.indices.map { index in
                "  \(AngleExperiment.bits[index]) bits: "
                    + columns.compactMap { column in
                        column.degrees[index].map { "\(column.name) \($0.fixed(2))" }
                    }.joined(separator: ", ")
            }
    }

}

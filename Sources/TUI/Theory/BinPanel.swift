import Quant
import Terminal
import Training
import Workbench

extension ScreenState {
    var binSummary: String {
        let split = session.theory.binSplit
        let best = split.bestShare.map { " · least in the sample: \($0.fixed(3))" } ?? ""
        return "closed form \(split.closedShare.fixed(3)) of the bins to the wide channel\(best)"
    }

    func binTable(_ look: Look) -> Table {
        let split = session.theory.binSplit
        let least = split.rows.compactMap(\.measured).min()
        let rows = split.rows.map { row in
            var names: [String] = []
            if row.bits == split.rule?.bits { names.append("2/3") }
            if row.bits == split.exact?.bits { names.append("exact") }
            if names.isEmpty, row.bits[0] == row.bits[1] { names.append("equal") }
            return Table.Row([
                .init("\(row.bits[0]) + \(row.bits[1])"), figure(row.formula, \.figures),
                .init(
                    row.measured?.figures ?? "·",
                    style: row.measured == least ? look.theme.measured : nil),
                .init(names.joined(separator: ", "), style: look.theme.dim),
            ])
        }
        return Table(
            columns: [
                .init("bits", width: .cells(6)), .init("formula", width: .cells(7), alignment: .trailing),
                .init("deployed", width: .cells(8), alignment: .trailing), .init("rule", width: .cells(11)),
            ], rows: rows, selectedRow: split.rows.firstIndex { $0.bits == split.rule?.bits })
    }

    func binPlot(_ look: Look) -> CurvePlot {
        let split = session.theory.binSplit
        func points(_ points: [BinSplit.Point]) -> [CurvePlot.Sample] {
            points.map { .init(x: $0.share, y: $0.error) }
        }
        let best = split.simulated.min { $0.error < $1.error }
        let expected = split.formula.min { $0.error < $1.error }
        return CurvePlot(
            curves: [
                .init(
                    "formula", points: points(split.formula), style: look.theme.laplace, pattern: .dashed,
                    optimum: expected.map { .init(x: $0.share, y: $0.error) }),
                .init(
                    "sample", points: points(split.simulated), style: look.theme.measured,
                    optimum: best.map { .init(x: $0.share, y: $0.error) }),
            ], xRange: 0...1, yScale: .logarithmic, cursor: split.closedShare)
    }

    /// What the panel shows, in sentences.
    var binSentences: [String] {
        let theory = session.theory
        let split = theory.binSplit
        var lines = [
            "two \(theory.split.prior.rawValue) channels, spreads \(theory.ratio.brief) to 1, "
                + "\(theory.split.isRectified ? "rectified" : "signed"), \(theory.split.meanBits) bits on average:",
            "  " + binSummary,
        ]
        for row in split.rows {
            guard let measured = row.measured else { continue }
            let formula = row.formula.map { ", formula \($0.figures)" } ?? ""
            let rule = row.bits == split.rule?.bits ? ", the two-thirds rule's" : ""
            let exact = row.bits == split.exact?.bits ? ", the exact rule's" : ""
            lines.append(
                "  bits \(row.bits[0]) and \(row.bits[1]): error \(measured.figures)\(formula)\(rule)\(exact)")
        }
        return lines
    }
}

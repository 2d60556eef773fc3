import Glibc
import Quant
import Terminal
import Training
import Workbench

extension ScreenState {
    /// The three curves in the order of the table: a name, the curve, its error at the threshold looked at.
    private var clippingCurves: [(name: String, curve: ErrorCurves.Curve?, here: Double?)] {
        let theory = session.theory
        let experiment = theory.clipping
        let simulation = theory.clippingSimulation
        let first = experiment.thresholds[0]
        func here(_ curve: ErrorCurves.Curve?) -> Double? { curve?.error(at: theory.threshold, spacing: first) }
        let formula = experiment.expected(threshold: theory.threshold, bins: exp2(Double(experiment.bits)))
        return [
            ("formula", experiment.formula, formula),
            ("bin middles", simulation?.midpoints, here(simulation?.midpoints)),
            ("deployed", simulation?.deployed, here(simulation?.deployed)),
        ]
    }

    var clippingSummary: String {
        let letter =
            switch session.theory.clipping.prior {
            case .laplace: "b"
            case .gauss: "σ"
            case .uniform: "a"
            }
        let chance = session.theory.clippingSimulation.map { " · chance ± \((100 * $0.chance).fixed(1)) %" } ?? ""
        return
            "\(ClippingExperiment.count.grouped) values, \(letter) = 1, to bins' middles and as nets round\(chance)"
    }

    func clippingTable(width: Int, _ look: Look) -> Table {
        let isWide = width >= 60
        let formula = clippingCurves[0].here ?? 0
        let power = session.theory.clippingSimulation?.power
        let rows = clippingCurves.enumerated().map { index, row in
            var entries = [
                Table.Entry(row.name, style: clippingStyle(index, look)), figure(row.curve?.optimum),
                figure(row.curve?.optimalError, \.figures),
            ]
            if isWide {
                let least = row.curve?.optimalError
                entries.append(
                    figure(power.flatMap { power in least.map { 10 * log10(power / $0) } }) { $0.fixed(1) })
            }
            entries.append(figure(row.here, \.figures))
            if isWide {
                entries.append(index == 0 ? .init("") : figure(row.here.map { $0 / formula - 1 }) { $0.excess })
            }
            return Table.Row(entries)
        }
        func column(_ title: String, _ width: Int) -> Table.Column {
            Table.Column(title, width: .cells(width), alignment: .trailing)
        }
        var columns = [Table.Column(""), column("best", 6), column("error", 8)]
        if isWide { columns.append(column("SQNR dB", 8)) }
        columns.append(column("at \(session.theory.threshold.brief)", 10))
        if isWide { columns.append(column("to formula", 11)) }
        return Table(columns: columns, rows: rows)
    }

    func clippingPlot(_ look: Look) -> CurvePlot {
        let thresholds = session.theory.clipping.thresholds
        let patterns: [CurvePlot.Pattern] = [.dashed, .dotted, .solid]
        let curves = clippingCurves.enumerated().compactMap { index, row in
            row.curve.map { curve in
                CurvePlot.Curve(
                    row.name, points: zip(thresholds, curve.errors).map { .init(x: $0, y: $1) },
                    style: clippingStyle(index, look), pattern: patterns[index],
                    optimum: .init(x: curve.optimum, y: curve.optimalError))
            }
        }
        return CurvePlot(
            curves: curves, xRange: thresholds[0]...thresholds[thresholds.count - 1], yScale: .logarithmic,
            cursor: session.theory.threshold)
    }

    private func clippingStyle(_ index: Int, _ look: Look) -> Style {
        [look.theme.laplace, look.theme.gauss, look.theme.measured][index]
    }

    /// What the panel shows, in sentences.
    var clippingSentences: [String] {
        let experiment = session.theory.clipping
        let formula = clippingCurves[0].here ?? 0
        return [
            "clipping of \(experiment.prior.rawValue) values of width 1, "
                + "\(experiment.isRectified ? "rectified" : "signed"), at \(experiment.bits) bits"
                + "\(session.theory.clippingSimulation.map { " (chance +- \((100 * $0.chance).fixed(1)) %)" } ?? ""):"
        ]
            + clippingCurves.compactMap { row in
                guard let curve = row.curve, let here = row.here else { return nil }
                let excess = row.name == "formula" ? "" : " (\((here / formula - 1).excess))"
                return "  \(row.name): least error \(curve.optimalError.figures) at \(curve.optimum.brief); at "
                    + "\(session.theory.threshold.brief): \(here.figures)\(excess)"
            }
    }
}

extension ErrorCurves.Curve {
    /// The error at a threshold between those compared, which stand one `spacing` apart from the first, also `spacing`, on.
    fileprivate func error(at threshold: Double, spacing: Double) -> Double? {
        guard errors.count > 1, threshold.isFinite else { return errors.first }
        let place = min(Double(errors.count - 1), max(0, threshold / spacing - 1))
        let left = min(errors.count - 2, Int(place))
        let part = place - Double(left)
        return errors[left] + (errors[left + 1] - errors[left]) * part
    }
}

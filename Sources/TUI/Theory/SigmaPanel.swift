import Terminal
import Training
import Workbench

extension ScreenState {
    var sigmaSummary: String {
        "σ̂ / σ: means and deviations (±) over samples of n values, exact at 1"
    }

    func sigmaTable(width: Int, _ look: Look) -> Table {
        let isWide = width >= 60
        let counts = SigmaExperiment.counts
        let shown = isWide ? [16, 256, 4096, 65_536] : [65_536]
        let here = counts.firstIndex(of: session.theory.sigmaCount)
        func estimate(_ scheme: Int, _ count: Int?) -> SigmaExperiment.Estimate? {
            guard let estimates = session.theory.estimates, let count else { return nil }
            return estimates[count][scheme]
        }
        let rows = SigmaExperiment.schemes.indices.map { scheme in
            let found = estimate(scheme, here)
            return Table.Row(
                [
                    .init("\(SigmaExperiment.schemes[scheme])", style: sigmaStyle(scheme, look)),
                    figure(found?.mean) { $0.fixed(3) }, figure(found?.deviation) { $0.fixed(3) },
                ] + shown.map { figure(estimate(scheme, counts.firstIndex(of: $0))?.mean) { $0.fixed(3) } })
        }
        return Table(
            columns: [
                .init("scheme", width: .cells(11)),
                .init("n = \(session.theory.sigmaCount.grouped)", width: .cells(10), alignment: .trailing),
                .init("±", width: .cells(6), alignment: .trailing),
            ] + shown.map { .init($0.grouped, alignment: .trailing) }, rows: rows)
    }

    func sigmaPlot(_ look: Look) -> CurvePlot {
        let letters: [Character] = ["2", "1", "i", "t", "r", "d", "c"]
        let patterns: [CurvePlot.Pattern] = [.solid, .dashed, .dotted, .dashed, .solid, .dotted, .dashed]
        let counts = SigmaExperiment.counts
        let curves = SigmaExperiment.schemes.indices.map { scheme in
            let points = zip(counts, session.theory.estimates ?? []).compactMap { count, estimates in
                estimates[scheme].map { CurvePlot.Sample(x: Double(count), y: $0.mean) }
            }
            return CurvePlot.Curve(
                "\(SigmaExperiment.schemes[scheme])", letter: letters[scheme], points: points,
                style: sigmaStyle(scheme, look), pattern: patterns[scheme])
        }
        return CurvePlot(
            curves: curves, xRange: Double(counts[0])...Double(counts[counts.count - 1]), xScale: .logarithmic,
            cursor: Double(session.theory.sigmaCount))
    }

    private func sigmaStyle(_ scheme: Int, _ look: Look) -> Style {
        let theme = look.theme
        return [theme.text, theme.laplace, theme.gauss, theme.bar, theme.measured, theme.measured, theme.measured][
            scheme]
    }

    /// What the panel shows, in sentences.
    var sigmaSentences: [String] {
        guard let estimates = session.theory.estimates else { return [] }
        let schemes = SigmaExperiment.schemes.indices.map { scheme in
            let figures = [16, 256, 1024, 4096, 65_536].compactMap { count -> String? in
                guard let place = SigmaExperiment.counts.firstIndex(of: count), let found = estimates[place][scheme]
                else { return nil }
                return "\(found.mean.fixed(3)) +- \(found.deviation.fixed(3)) at \(count.grouped)"
            }
            return "  \(SigmaExperiment.schemes[scheme]): " + figures.joined(separator: ", ")
        }
        return [
            "estimates of sigma over sigma, from n values of a \(session.theory.sigmaDistribution.rawValue) distribution:"
        ] + schemes
    }
}

import Engine
import Quant
import Terminal
import Workbench

extension ScreenState {
    /// What each layer alone costs in points of accuracy, at 2 to 8 bits: the worst at the top.
    func drawSensitivity(on canvas: inout Canvas, in area: Rect, _ look: Look) {
        var area = area
        let what = session.subject.isLabelled ? "accuracy" : "agreement"
        let images = min(Sensitivity.images, session.subject.measured.order.count)
        let isWide = area.width >= 70
        canvas.text(
            isWide
                ? "\(what) lost or won in points, on \(images.grouped) images; dim where chance explains it"
                : "points of \(what), \(images.grouped) images",
            in: area.takeTop(1), style: look.theme.text, glyphs: look.glyphs)
        if let progress = session.sensitivity.progress {
            canvas.draw(
                ProgressBar(
                    fraction: Double(progress.done) / Double(max(1, progress.total)),
                    text: "\(progress.done) of \(progress.total)"), in: area.takeTop(1), look: look)
        } else {
            _ = area.takeTop(1)
        }
        let widths = isWide ? Array(Sensitivity.widths) : [2, 3, 4]
        let rows = rankedLayers.map { index in
            let name = session.subject.net.layers[index].name.withoutScopes
            let cells = widths.map { costEntry(session.cost(of: index, bits: $0), look) }
            return Table.Row(
                [
                    Table.Entry("\(index + 1)", style: look.theme.dim),
                    Table.Entry(name.shortened(to: max(6, area.width - 6 * widths.count - 14))),
                ] + cells + [costEntry(session.cost(of: index), look)])
        }
        canvas.draw(
            Table(
                columns: [Table.Column("#", width: .cells(3), alignment: .trailing), Table.Column("layer")]
                    + widths.map { Table.Column("\($0)", width: .cells(5), alignment: .trailing) }
                    + [Table.Column("now", width: .cells(5), alignment: .trailing)],
                rows: rows, selectedRow: rankedLayers.firstIndex(of: session.selection)), in: area, look: look)
    }

    /// The layers, the one that loses most at 4 bits first, then those that were not measured.
    private var rankedLayers: [Int] {
        session.subject.net.layers.indices.map { ($0, session.cost(of: $0, bits: 4)?.value ?? .infinity) }
            .sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
    }

    /// A difference in points: bad where it is surely a loss of a point, a warning where it is surely a loss.
    func costEntry(_ change: PairedDifference?, _ look: Look) -> Table.Entry {
        guard let change else { return Table.Entry("·", style: look.theme.dim) }
        let high = change.interval95.upperBound
        let style =
            high < -0.01
            ? look.theme.bad
            : high < 0 ? look.theme.warning : change.interval95.lowerBound > 0 ? look.theme.good : look.theme.dim
        return Table.Entry((100 * change.value).fixed(1), style: style)
    }
}

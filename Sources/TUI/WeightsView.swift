import Quant
import Terminal
import Workbench

extension ScreenState {
    /// Histogram and grid of a layer's weights, and each channel's errors before and after correction.
    func drawWeights(on canvas: inout Canvas, in area: Rect, _ look: Look) {
        guard let details, let plan = session.plan else { return }
        let parts = area.stacked(.cells(1), .share(2), .cells(1), .share(3))
        let planned = plan.layers[session.selection]
        let settings = session.configuration.layers[session.selection]
        let sqnr = planned.weightSQNR.map { "SQNR \($0.fixed(1)) dB · " } ?? ""
        let width = settings.weights == .float ? "float" : "\(settings.weights.label) bits"
        canvas.text(
            "\(width) · \(sqnr)clip \(settings.weightClipping) · correct \(settings.correction.rawValue) · "
                + (session.target == .weights && session.channel != nil
                    ? "\(details.weightGrid.count) values in use"
                    : "Tab, then up and down: one channel and its grid"),
            in: parts[0], style: look.theme.text, glyphs: look.glyphs)
        let markers = details.weightGrid.map {
            Terminal.Histogram.Marker(at: $0, label: "", style: look.theme.laplace)
        }
        canvas.draw(
            Terminal.Histogram(
                counts: details.weightCounts, range: details.weightRange, scale: .logarithmic, markers: markers),
            in: parts[1], look: look)
        canvas.rule(parts[2], title: "correction: mean and norm errors, before and after", look: look)
        guard !details.weightChannels.isEmpty else {
            canvas.text(
                "kept as float: nothing to correct", in: parts[3], style: look.theme.dim, glyphs: look.glyphs)
            return
        }
        canvas.draw(correctionTable(details, planned, look), in: parts[3], look: look)
    }

    private func correctionTable(_ details: Details, _ planned: LayerPlan, _ look: Look) -> Table {
        let bits = planned.weightChannelBits ?? []
        let rows = details.weightChannels.enumerated().map { index, channel in
            Table.Row([
                .init("\(index + 1)", style: look.theme.dim),
                .init(bits.indices.contains(index) ? "\(bits[index])" : "·"),
                .init(channel.meanError.before), .init(channel.meanError.after),
                .init(channel.normRatio.before, decimals: 4), .init(channel.normRatio.after, decimals: 4),
                .init(channel.error),
            ])
        }
        return Table(
            columns: [
                .init("ch", width: .cells(4), alignment: .trailing),
                .init("bits", width: .cells(4), alignment: .trailing),
                .init("mean", alignment: .trailing), .init("after", alignment: .trailing),
                .init("norm", alignment: .trailing), .init("after", alignment: .trailing),
                .init("mse", alignment: .trailing),
            ], rows: rows, selectedRow: session.target == .weights ? session.channel : nil)
    }
}

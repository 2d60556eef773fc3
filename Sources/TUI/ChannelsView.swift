import Quant
import Terminal
import Workbench

extension ScreenState {
    /// All figures of each channel of the selected layer's weights or input.
    func channelTable(width: Int, _ look: Look) -> Table {
        session.target == .weights ? weightTable(look) : inputTable(width: width, look)
    }

    private func inputTable(width: Int, _ look: Look) -> Table {
        let layer = session.subject.net.layers[session.selection]
        let channels = session.calibration?.observations[layer.input]?.channels ?? []
        let planned = session.plan?.layers[session.selection]
        let settings = session.configuration.layers[session.selection]
        let ranges = planned?.ranges ?? []
        let bits = session.channelBits(of: session.selection, .activations)
        let isWide = width >= 64
        let rows = channels.enumerated().map { index, observed in
            let statistics = observed.statistics
            let range = ranges.count == 1 ? ranges.first : ranges.indices.contains(index) ? ranges[index] : nil
            let own = bits?[index] ?? settings.activations.storedBits
            let byHand = settings.activationChannelBits[index] != nil
            var entries: [Table.Entry] = [
                .init("\(index + 1)", style: look.theme.dim),
                .init((own == 32 ? "fp32" : "\(own)") + (byHand ? "*" : "")),
                .init(statistics.meanAbsoluteDeviation), .init(statistics.standardDeviation),
            ]
            if isWide { entries.append(.init(statistics.minimum)) }
            entries.append(.init(statistics.maximum))
            entries.append(range.map { .init($0.threshold) } ?? .init("·"))
            entries.append(ranges.count == 1 ? .init("·") : range.map { .init($0.error) } ?? .init("·"))
            return Table.Row(entries)
        }
        var columns: [Table.Column] = [
            .init("ch", width: .cells(4), alignment: .trailing),
            .init("bits", width: .cells(5), alignment: .trailing),
            .init("b", alignment: .trailing), .init("σ", alignment: .trailing),
        ]
        if isWide { columns.append(.init("min", alignment: .trailing)) }
        columns += [
            .init("max", alignment: .trailing), .init("α", alignment: .trailing),
            .init("mse", alignment: .trailing),
        ]
        return Table(columns: columns, rows: rows, selectedRow: session.channel)
    }

    private func weightTable(_ look: Look) -> Table {
        let layer = session.subject.net.layers[session.selection]
        let planned = session.plan?.layers[session.selection]
        let settings = session.configuration.layers[session.selection]
        let length = layer.weightsPerChannel
        let bits = planned?.weightChannelBits
        let rows = (0..<layer.outputChannels).map { index in
            let values = layer.weights.values[index * length..<(index + 1) * length]
            let count = Double(max(1, length))
            let mean = values.reduce(0.0) { $0 + Double($1) } / count
            let deviation = values.reduce(0.0) { $0 + abs(Double($1) - mean) } / count
            let variance = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
            let error = details.flatMap { details in
                details.weightChannels.indices.contains(index) ? details.weightChannels[index].error : nil
            }
            return Table.Row([
                .init("\(index + 1)", style: look.theme.dim),
                .init(
                    (bits.map { "\($0[index])" } ?? "fp32") + (settings.weightChannelBits[index] != nil ? "*" : "")),
                .init(deviation), .init(variance.squareRoot()),
                .init(Double(values.min() ?? 0)), .init(Double(values.max() ?? 0)),
                error.map { .init($0) } ?? .init("·"),
            ])
        }
        return Table(
            columns: [
                .init("ch", width: .cells(4), alignment: .trailing),
                .init("bits", width: .cells(5), alignment: .trailing),
                .init("b", alignment: .trailing), .init("σ", alignment: .trailing),
                .init("min", alignment: .trailing),
                .init("max", alignment: .trailing), .init("mse", alignment: .trailing),
            ], rows: rows, selectedRow: session.channel)
    }
}

import Quant
import Terminal
import Workbench

/// The list of layers as a table.
struct LayerList {
    let table: Table

    /// The rows of a session; narrow lists leave out shape and accuracy change.
    init(_ state: ScreenState, width: Int, look: Look) {
        let session = state.session
        let net = session.subject.net
        let isWide = width >= 56
        let hasCost = width >= 44
        var columns = [
            Table.Column("#", width: .cells(net.layers.count > 99 ? 3 : 2), alignment: .trailing),
            Table.Column("layer"),
        ]
        if isWide { columns.append(Table.Column("shape", width: .cells(14))) }
        let widths = columns.count
        columns += [
            Table.Column("W", width: .cells(5), alignment: .trailing),
            Table.Column("A", width: .cells(5), alignment: .trailing),
            Table.Column("SQNR", width: .cells(5), alignment: .trailing),
        ]
        if hasCost { columns.append(Table.Column("Δacc", width: .cells(5), alignment: .trailing)) }
        let visible = session.visibleLayers
        let rows = visible.map { index in
            let layer = net.layers[index]
            var entries = [
                Table.Entry("\(index + 1)", style: look.theme.dim),
                Table.Entry(
                    layer.name.withoutScopes.shortened(to: max(6, width - (isWide ? 40 : 25) - (hasCost ? 6 : 0)))),
            ]
            if isWide {
                let shape = layer.weights.shape.dimensions.map(String.init).joined(separator: "×")
                entries.append(Table.Entry(shape, style: look.theme.dim))
            }
            entries.append(Table.Entry(LayerList.bits(session, index, .weights)))
            entries.append(Table.Entry(LayerList.bits(session, index, .activations)))
            let sqnr = session.plan?.layers[index].inputSQNR
            let style = sqnr.map { $0 < 12 ? look.theme.bad : $0 < 18 ? look.theme.warning : look.theme.text }
            entries.append(Table.Entry(sqnr.map { $0.fixed(1) } ?? "·", style: style))
            if hasCost { entries.append(state.costEntry(session.cost(of: index), look)) }
            return Table.Row(entries, isMarked: session.marks.contains(index))
        }
        table = Table(
            columns: columns, rows: rows, selectedRow: visible.firstIndex(of: session.selection),
            selectedColumn: session.target == .weights ? widths : widths + 1)
    }

    /// A width: the bits chosen, their mean where channels differ, with a star where set by hand.
    private static func bits(_ session: Session, _ index: Int, _ target: Target) -> String {
        let settings = session.configuration.layers[index]
        let byHand = target == .weights ? settings.weightChannelBits : settings.activationChannelBits
        let star = byHand.isEmpty ? "" : "*"
        guard let bits = session.channelBits(of: index, target), Set(bits).count > 1 else {
            let label = settings.precision(of: target).label
            return (label == "float" ? "fp32" : label) + star
        }
        return (Double(bits.reduce(0, +)) / Double(bits.count)).fixed(1) + star
    }
}

extension String {
    /// A node's name without what exporters add: `/layer3/layer3.2/conv1/Conv` is `layer3.2/conv1`.
    ///
    /// A last part that only names the operator is left out, and so is a scope that the next one repeats.
    var withoutScopes: String {
        var parts = split(separator: "/").map(String.init)
        if parts.count > 1, let last = parts.last, ["Conv", "Gemm", "MatMul"].contains(last) { parts.removeLast() }
        var kept: [String] = []
        for (index, part) in parts.enumerated() {
            if index + 1 < parts.count, parts[index + 1].hasPrefix(part + ".") { continue }
            kept.append(part)
        }
        return kept.isEmpty ? self : kept.joined(separator: "/")
    }

    /// The text in at most `count` characters, words cut to their first letter from the left until it fits.
    ///
    /// `layer1.0/conv2` is `l1.0/c2`. What is still too long loses its middle: names of nodes differ at their ends.
    func shortened(to count: Int) -> String {
        guard self.count > count, count > 3 else { return self }
        var text = self
        while text.count > count, let word = text.firstRange(of: /[A-Za-z]{2,}/) {
            text.removeSubrange(text.index(after: word.lowerBound)..<word.upperBound)
        }
        guard text.count > count else { return text }
        let tail = (count - 1) * 2 / 3
        return text.prefix(count - 1 - tail) + "…" + text.suffix(tail)
    }
}

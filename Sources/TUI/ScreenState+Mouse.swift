import Terminal
import Workbench

extension ScreenState {
    /// Carries out what the mouse did: a click selects, the wheel scrolls, a drag over the curves moves the threshold.
    mutating func point(_ event: MouseEvent, size: Size, look: Look) -> Reaction {
        guard mode == .browsing else { return Reaction(step: .idle) }
        if view == .theory { return pointAtTheory(event, size: size, look: look) }
        if view == .training { return pointAtTraining(event, size: size, look: look) }
        let layout = ExplorerLayout(size)
        let isOverLayers = layout.layers.contains(event.position)
        switch event.action {
        case .scrollUp, .scrollDown:
            let step = event.action == .scrollUp ? -1 : 1
            return run([isOverLayers ? .move(step) : .moveChannel(step)])
        case .press where isOverLayers:
            let table = LayerList(self, width: layout.list.width, look: look).table
            guard let row = table.row(at: event.position, in: layout.list) else { return Reaction(step: .idle) }
            focus = .layers
            return run([.select(session.visibleLayers[row])])
        case .press, .drag:
            guard view == .explorer, let details else { return Reaction(step: .idle) }
            if layout.explorer.bits.contains(event.position) {
                let strip = BarStrip(
                    values: [Double](repeating: 0, count: session.channelCount), maximum: 8)
                guard let items = strip.items(atColumn: event.position.x, in: layout.explorer.bits) else {
                    return Reaction(step: .idle)
                }
                focus = .channels
                return run([.selectChannel(items.lowerBound)])
            }
            let curves = layout.explorer.curves
            guard curves.contains(event.position), session.plan?.layers[session.selection].ranges.isEmpty == false,
                let threshold = curvePlot(details, threshold: nil, look).x(
                    atColumn: event.position.x, in: curves), threshold > 0
            else { return Reaction(step: .idle) }
            return run([.edit(.threshold(threshold))])
        case .release: return Reaction(step: .idle)
        }
    }
}

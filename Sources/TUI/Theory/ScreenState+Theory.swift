import Terminal
import Training
import Workbench

extension ScreenState {
    /// Carries out a key of the theory view.
    mutating func perform(_ action: TheoryAction) -> Reaction {
        let panel = session.theory.panel
        let parameters = panel.parameters
        switch action {
        case .panel(let step):
            let all = TheoryPanel.allCases
            let place = (all.firstIndex(of: panel) ?? 0) + step + all.count
            return choose(all[place % all.count])
        case .slider(let step):
            slider = min(parameters.count - 1, max(0, slider + step))
            return Reaction()
        case .slide(let step): return move(parameters[slider], by: step)
        case .move(let parameter, let step): return move(parameter, by: step)
        case .cycle(let parameter):
            let places = session.theory.places(of: parameter, in: panel)
            let place = session.theory.place(of: parameter, in: panel)
            return set(parameter, to: (place + 1) % places)
        case .threshold(let percent):
            return change(
                .threshold, .threshold(session.theory.threshold * (1 + Double(percent) / 100)))
        case .release: return change(.threshold, .threshold(nil))
        }
    }

    /// Carries out what the mouse did in the theory view: a click chooses panels and rows, a drag moves sliders and the line in the
    /// curves, the wheel moves the selected slider.
    mutating func pointAtTheory(_ event: MouseEvent, size: Size, look: Look) -> Reaction {
        let layout = TheoryLayout(size, chosen: session.theory.panel)
        guard let (panel, frame) = layout.panels.first(where: { $0.frame.contains(event.position) }) else {
            return Reaction(step: .idle)
        }
        var reaction = panel == session.theory.panel ? Reaction(step: .idle) : choose(panel)
        let parts = TheoryLayout.parts(of: panel, in: frame, selected: slider)
        let next: Reaction
        switch event.action {
        case .release: return reaction
        case .scrollUp, .scrollDown:
            next = move(panel.parameters[slider], by: event.action == .scrollUp ? 1 : -1)
        case .press, .drag:
            next = drag(to: event.position, in: panel, parts, look)
        }
        reaction.effects += next.effects
        if next.step == .redraw { reaction.step = .redraw }
        return reaction
    }

    private mutating func drag(
        to point: Point, in panel: TheoryPanel, _ parts: TheoryLayout.Parts, _ look: Look
    ) -> Reaction {
        if let (index, area) = parts.sliders.first(where: { $0.area.contains(point) }) {
            slider = index
            let parameter = panel.parameters[index]
            let widget = session.theory.slider(parameter, of: panel, isSelected: true)
            guard let fraction = widget.fraction(atColumn: point.x, in: area) else { return Reaction() }
            let last = session.theory.places(of: parameter, in: panel) - 1
            return set(parameter, to: Int((fraction * Double(last)).rounded()))
        }
        if panel == .angle,
            let row = theoryTable(panel, width: parts.table.width, look).row(at: point, in: parts.table)
        {
            return set(.bits, to: row)
        }
        guard parts.plot.contains(point),
            let x = theoryPlot(panel, look).x(atColumn: point.x, in: parts.plot)
        else { return Reaction(step: .idle) }
        switch panel {
        case .clipping: return change(.threshold, .threshold(x))
        case .bins: return Reaction(step: .idle)
        case .angle: return change(.bits, .bits(Int(x.rounded())))
        case .sigma: return change(.count, .count(Int(x)))
        }
    }

    private mutating func choose(_ panel: TheoryPanel) -> Reaction {
        slider = 0
        return run([.theory(.panel(panel))])
    }

    private mutating func move(_ parameter: TheoryParameter, by step: Int) -> Reaction {
        set(parameter, to: session.theory.place(of: parameter, in: session.theory.panel) + step)
    }

    private mutating func set(_ parameter: TheoryParameter, to place: Int) -> Reaction {
        change(parameter, session.theory.change(parameter, to: place))
    }

    /// Changes what a slider of the chosen panel sets, and selects the slider.
    private mutating func change(_ parameter: TheoryParameter, _ change: TheoryChange) -> Reaction {
        if let index = session.theory.panel.parameters.firstIndex(of: parameter) { slider = index }
        return run([.theory(change)])
    }
}

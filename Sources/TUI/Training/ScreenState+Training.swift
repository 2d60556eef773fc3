import Terminal
import Training
import Workbench

extension ScreenState {
    /// Carries out a key of the training view.
    mutating func perform(_ action: TrainingAction) -> Reaction {
        let lab = session.training
        switch action {
        case .panel(let step):
            let all = TrainingPanel.allCases
            let place = (all.firstIndex(of: lab.panel) ?? 0) + step + all.count
            return run([.train(.panel(all[place % all.count]))])
        case .move(let step): return move(inPanel: lab.panel, step)
        case .sideways(let step): return sideways(inPanel: lab.panel, step)
        case .type:
            guard lab.panel == .setup else { return Reaction(step: .idle) }
            mode = .word(lab.field, LineEditor(lab.form[lab.field]))
        case .start: return run([.train(.start)])
        case .pause: return run([.train(.pause)])
        case .keep:
            guard let run = lab.run, let outline = run.outline, run.isUnsaved, run.phase != .ending else {
                return self.run([.train(.keep(nil))])
            }
            mode = .keep(LineEditor(outline.file))
        case .drop: return run([.train(.drop)])
        case .other: return run([.train(.other)])
        case .open: return run([.train(.open)])
        }
        return Reaction()
    }

    private mutating func move(inPanel panel: TrainingPanel, _ step: Int) -> Reaction {
        switch panel {
        case .setup:
            let fields = Self.formRows.compactMap(\.self)
            let place = (fields.firstIndex(of: session.training.field) ?? 0) + step
            return run([.train(.field(fields[max(0, min(place, fields.count - 1))]))])
        case .curves: return run([.train(.other)])
        case .layers, .gradients: return run([.train(.layer(session.training.layer + step))])
        }
    }

    private mutating func sideways(inPanel panel: TrainingPanel, _ step: Int) -> Reaction {
        switch panel {
        case .setup: return run([.train(.step(session.training.field, step))])
        case .curves: return run([.train(.other)])
        case .layers, .gradients:
            let all = LayerQuantity.allCases
            let place = session.training.quantity.place + step + all.count
            return run([.train(.quantity(all[place % all.count]))])
        }
    }

    /// Answers the question that leaving asks while nets are not kept.
    mutating func leaveRuns(_ key: Key) -> Reaction {
        switch key {
        case .character("q"), .control("c"):
            mode = .browsing
            return quitWithoutRuns()
        case .character("e"):
            mode = .browsing
            isLeavingAfterRuns = true
            return run([.train(.keepAll)])
        case .escape, .character("n"): mode = .browsing
        default: break
        }
        return Reaction()
    }

    /// Carries out what the mouse did in the training view: a click chooses panels, lines, layers and runs, the wheel goes through
    /// lines.
    mutating func pointAtTraining(_ event: MouseEvent, size: Size, look: Look) -> Reaction {
        let layout = PanelLayout(size, chosen: session.training.panel)
        guard let (panel, frame) = layout.panels.first(where: { $0.frame.contains(event.position) }) else {
            return Reaction(step: .idle)
        }
        var commands: [Command] = panel == session.training.panel ? [] : [.train(.panel(panel))]
        switch event.action {
        case .release, .drag: return Reaction(step: .idle)
        case .scrollUp, .scrollDown:
            var reaction = run(commands)
            let next = move(inPanel: panel, event.action == .scrollUp ? -1 : 1)
            reaction.effects += next.effects
            return reaction
        case .press:
            let inside = frame.inset(by: 1)
            switch panel {
            case .setup:
                let parts = SetupParts(inside)
                if let row = formTable(look).row(at: event.position, in: parts.form),
                    let field = Self.formRows[row]
                {
                    commands.append(.train(.field(field)))
                }
                if let place = parts.runs.firstIndex(where: { $0.contains(event.position) }),
                    let run = session.training.runs.firstIndex(where: { $0.slot == place })
                {
                    commands.append(.train(.select(run)))
                }
            case .layers:
                let parts = LayerParts(inside, layers: session.training.run?.outline?.layers.count ?? 0)
                if let row = layerTable(look).row(at: event.position, in: parts.table) {
                    commands.append(.train(.layer(row)))
                }
            case .curves, .gradients: break
            }
        }
        return commands.isEmpty ? Reaction(step: .idle) : run(commands)
    }
}

import Terminal
import Training
import Workbench

extension ScreenState {
    /// The training lab: all panels where there is room, else the chosen one.
    func drawTraining(on canvas: inout Canvas, _ size: Size, _ look: Look) {
        for (panel, frame) in PanelLayout(size, chosen: session.training.panel).panels {
            let inside = canvas.box(
                frame, title: title(of: panel), look: look, focused: panel == session.training.panel)
            switch panel {
            case .setup: drawSetup(on: &canvas, in: inside, look)
            case .curves: drawCurves(on: &canvas, in: inside, look)
            case .layers: drawLayers(on: &canvas, in: inside, look)
            case .gradients: drawGradients(on: &canvas, in: inside, look)
            }
        }
    }

    private func title(of panel: TrainingPanel) -> String {
        let place = (TrainingPanel.allCases.firstIndex(of: panel) ?? 0) + 1
        let what =
            switch panel {
            case .setup: "setup · what to train, and the runs"
            case .curves: "curves · loss and accuracy against epochs"
            case .layers: "layers · norms, steps and angles\(ofRun)"
            case .gradients: "gradients · \(layerName ?? "of a layer")\(ofRun)"
            }
        return "training \(place) of \(TrainingPanel.allCases.count) · \(what)"
    }

    private var ofRun: String { session.training.run.map { " · run \($0.letter)" } ?? "" }

    /// The selected layer's name.
    var layerName: String? {
        guard let layers = session.training.run?.outline?.layers, layers.indices.contains(session.training.layer)
        else {
            return nil
        }
        return layers[session.training.layer]
    }

    /// How a run's curves look.
    func style(of run: RunRecord, _ look: Look) -> Style {
        run.slot == 0 ? look.theme.measured : look.theme.laplace
    }

    /// How a run's curves are interrupted, so that colours are not needed.
    func pattern(of run: RunRecord) -> CurvePlot.Pattern { run.slot == 0 ? .solid : .dashed }

    /// Says in an area that there is nothing yet.
    func drawNothing(_ text: String, on canvas: inout Canvas, in area: Rect, _ look: Look) {
        canvas.text(
            text, in: area.inset(horizontally: 1, vertically: 0), style: look.theme.dim, glyphs: look.glyphs)
    }

    // MARK: Curves

    private func drawCurves(on canvas: inout Canvas, in area: Rect, _ look: Look) {
        guard session.training.runs.contains(where: { $0.latest != nil }) else {
            return drawNothing("no steps yet", on: &canvas, in: area, look)
        }
        let parts = area.stacked(.cells(1), .share(1), .cells(1), .share(1))
        canvas.rule(parts[0], title: "loss", look: look)
        canvas.draw(lossPlot(look), in: parts[1], look: look)
        canvas.rule(parts[2], title: "accuracy, % · letters: on test images", look: look)
        canvas.draw(accuracyPlot(look), in: parts[3], look: look)
    }

    private func epochs(_ step: Int, of run: RunRecord) -> Double {
        Double(step) / Double(max(1, run.outline?.stepsPerEpoch ?? 1))
    }

    /// The loss of all runs.
    func lossPlot(_ look: Look) -> CurvePlot {
        CurvePlot(
            curves: session.training.runs.map { run in
                CurvePlot.Curve(
                    "run \(run.letter)", letter: run.letter,
                    points: run.course.map { .init(x: epochs($0.step, of: run), y: $0.loss) },
                    style: style(of: run, look), pattern: pattern(of: run))
            }, xRange: epochRange)
    }

    /// The accuracy of all runs: lines on the images trained on, letters on those tested on.
    func accuracyPlot(_ look: Look) -> CurvePlot {
        let lines = session.training.runs.map { run in
            CurvePlot.Curve(
                "run \(run.letter)", letter: run.letter == "A" ? "a" : "b",
                points: run.course.map { .init(x: epochs($0.step, of: run), y: 100 * $0.accuracy) },
                style: style(of: run, look), pattern: pattern(of: run))
        }
        let tests = session.training.runs.filter { $0.epochs.contains { $0.testAccuracy != nil } }.map { run in
            CurvePlot.Curve(
                "test", letter: run.letter,
                points: run.epochs.compactMap { epoch in
                    epoch.testAccuracy.map { .init(x: Double(epoch.epoch), y: 100 * $0) }
                }, style: style(of: run, look).adding(.bold), pattern: .letters)
        }
        return CurvePlot(curves: lines + tests, xRange: epochRange)
    }

    /// From the first step to the last epoch that any run has begun.
    var epochRange: ClosedRange<Double>? {
        let ends = session.training.runs.map { epochs($0.step, of: $0).rounded(.up) }
        return ends.max().map { 0...max(1, $0) }
    }

    // MARK: Status

    /// What other views tell of runs that go on.
    func runsUnderWay(_ look: Look) -> [(text: String, style: Style)] {
        guard view != .training else { return [] }
        return session.training.runs.filter(\.isUnderWay).map { run in
            ("  \(run.letter) \(Int(100 * run.fraction)) %", style(of: run, look))
        }
    }

    /// Where the runs are, in a line.
    func drawRunStatus(on canvas: inout Canvas, in area: Rect, _ look: Look) {
        let runs = session.training.runs
        let parts = area.inset(horizontally: 1, vertically: 0)
            .sideBySide([Extent](repeating: .share(1), count: max(1, runs.count)))
        for (place, run) in runs.enumerated() {
            let isSelected = place == session.training.selection && runs.count > 1
            canvas.text(
                [("\(run.letter) ", style(of: run, look).adding(isSelected ? [.bold, .underline] : .bold))]
                    + statusPieces(of: run, width: parts[place].width - 3, look), in: parts[place])
        }
    }

    private func statusPieces(of run: RunRecord, width: Int, _ look: Look) -> [(text: String, style: Style)] {
        var text = "\(Int((100 * run.fraction).rounded(.down))) %"
        switch run.phase {
        case .running: break
        case .failed(let reason): return [("\(run.phase.word): \(reason)".clipped(to: width), look.theme.bad)]
        default: text = run.phase == .completed ? run.phase.word : "\(run.phase.word) \(text)"
        }
        var pieces: [(text: String, style: Style)] = [
            (text, run.phase == .paused ? look.theme.warning : look.theme.text)
        ]
        var rest = width - text.displayWidth
        func add(_ text: String, _ style: Style) {
            guard text.displayWidth <= rest else { return }
            pieces.append((text, style))
            rest -= text.displayWidth
        }
        // Of a run that has ended its accuracy on test images matters most, of one that goes on its course.
        let test = run.epochs.last?.testAccuracy.map { "  test \((100 * $0).fixed(1)) %" }
        if let test, !run.isUnderWay { add(test, look.theme.title) }
        if let latest = run.latest {
            add("  loss \(latest.loss.fixed(3))", look.theme.text)
            add("  train \((100 * latest.accuracy).fixed(1)) %", look.theme.text)
        }
        if let test, run.isUnderWay { add(test, look.theme.title) }
        if let left = run.secondsLeft { add("  \(left.asTime) left", look.theme.dim) }
        if run.phase == .running { add("  \(Int(run.imagesPerSecond).grouped) images/s", look.theme.dim) }
        return pieces
    }
}

extension RunRecord.Phase {
    /// The phase in a word.
    var word: String {
        switch self {
        case .loading: "reading images"
        case .running: "running"
        case .paused: "paused"
        case .ending: "ending"
        case .completed: "done"
        case .stopped: "ended, kept"
        case .dropped: "dropped"
        case .failed: "failed"
        }
    }
}

extension Double {
    /// Seconds as minutes and seconds, 1:05, or with hours, 1:00:05.
    var asTime: String {
        let seconds = Int(min(max(0, self), 359_999).rounded())
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(seconds % 60))" : "\(minutes):\(two(seconds % 60))"
    }
}

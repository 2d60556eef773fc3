import Terminal
import Training
import Workbench

/// Where the form and the runs stand inside the panel.
struct SetupParts {
    let form: Rect
    /// One area for each run, by its place in plots.
    let runs: [Rect]

    init(_ area: Rect) {
        var rest = area
        if area.width >= 70 {
            form = rest.takeLeft(32)
            _ = rest.takeLeft(2)
        } else {
            form = rest.takeTop(min(TrainingField.allCases.count + 1, area.height / 2))
        }
        runs = rest.stacked(.share(1), .share(1))
    }
}

extension ScreenState {
    /// The form, and where the runs are.
    func drawSetup(on canvas: inout Canvas, in area: Rect, _ look: Look) {
        let parts = SetupParts(area)
        canvas.draw(formTable(look), in: parts.form, look: look)
        let runs = session.training.runs
        if runs.isEmpty {
            var place = parts.runs[0]
            for line in introduction {
                canvas.text(line, in: place.takeTop(1), style: look.theme.dim, glyphs: look.glyphs)
            }
        }
        for (slot, place) in parts.runs.enumerated() {
            guard let run = runs.first(where: { $0.slot == slot }) else { continue }
            draw(run, isSelected: run.id == session.training.run?.id, on: &canvas, in: place, look)
        }
    }

    private var introduction: [String] {
        [
            "t starts a run as the form says.",
            "A second t starts another beside it.",
            "",
            "Left and right go through words,",
            "Enter types any other: those of",
            "nibble train, or a path as data.",
            "",
            session.training.form[.data] == TrainingForm.session
                ? "session: four fifths of the" : "Images without labels cannot train.",
            session.training.form[.data] == TrainingForm.session ? "images opened, the rest tests." : "",
        ]
    }

    /// The form as a table, a row for each line.
    func formTable(_ look: Look) -> Table {
        let lab = session.training
        let rows = TrainingField.allCases.map { field in
            let isStandard = lab.form[field] == lab.standard[field]
            return Table.Row([
                .init(field.rawValue, style: look.theme.dim),
                .init(lab.form[field], style: isStandard ? look.theme.text : look.theme.title),
            ])
        }
        return Table(
            columns: [.init("a run's", width: .cells(12)), .init("choice")], rows: rows,
            selectedRow: TrainingField.allCases.firstIndex(of: lab.field))
    }

    private func draw(_ run: RunRecord, isSelected: Bool, on canvas: inout Canvas, in area: Rect, _ look: Look) {
        var rest = area
        func line(_ text: String, _ style: Style) {
            canvas.text(text, in: rest.takeTop(1), style: style, glyphs: look.glyphs)
        }
        let mark = isSelected ? "\(look.glyphs.pointer) " : "  "
        line("\(mark)\(run.letter)  \(run.form.summary)", style(of: run, look).adding(.bold))
        rest = rest.inset(horizontally: 2, vertically: 0)
        if case .failed(let reason) = run.phase { return line("failed: \(reason)", look.theme.bad) }
        guard let outline = run.outline else { return line(run.phase.word, look.theme.dim) }
        let epoch = min(run.step / max(1, outline.stepsPerEpoch) + 1, outline.steps / max(1, outline.stepsPerEpoch))
        line(
            "\(run.phase.word) · epoch \(epoch) of \(run.form.options.epochs) · step \(run.step.grouped) of "
                + outline.steps.grouped, run.phase == .paused ? look.theme.warning : look.theme.text)
        let left = run.secondsLeft.map { "\($0.asTime) left" } ?? "\(Int(100 * run.fraction)) %"
        canvas.draw(ProgressBar(fraction: run.fraction, text: left), in: rest.takeTop(1), look: look)
        if let latest = run.latest {
            let test = run.epochs.last?.testAccuracy.map { "  test \((100 * $0).fixed(1)) %" } ?? ""
            line(
                "loss \(latest.loss.fixed(3))  training \((100 * latest.accuracy).fixed(1)) %\(test)",
                look.theme.text)
        }
        if run.imagesPerSecond > 0, run.isUnderWay {
            line("\(Int(run.imagesPerSecond).grouped) images/s", look.theme.dim)
        }
        line(
            "\(outline.trainImages.grouped) images, tested on \(outline.testImages.grouped) others", look.theme.dim)
        if let file = run.file { line("\(file) · o opens it", look.theme.good) }
    }
}

import Terminal
import Training
import Workbench

/// Where the form and the runs stand inside the panel.
struct SetupParts {
    let form: Rect
    /// Two lines about the selected line of the form.
    let help: Rect
    /// One area for each run, by its place in plots.
    let runs: [Rect]

    init(_ area: Rect) {
        var rest = area
        help = rest.height >= 8 ? rest.takeBottom(2) : rest.takeBottom(0)
        if area.width >= 70 {
            form = rest.takeLeft(34)
            _ = rest.takeLeft(2)
        } else {
            form = rest.takeTop(rest.height / 2)
        }
        runs = rest.stacked(.share(1), .share(1))
    }
}

extension ScreenState {
    /// The form, and where the runs are.
    func drawSetup(on canvas: inout Canvas, in area: Rect, _ look: Look) {
        let parts = SetupParts(area)
        canvas.draw(formTable(look), in: parts.form, look: look)
        drawFormHelp(on: &canvas, in: parts.help, look)
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
            ":train resume FOLDER goes on with",
            "one that was ended or killed.",
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

    /// What the selected line takes, and its word whole.
    private func drawFormHelp(on canvas: inout Canvas, in area: Rect, _ look: Look) {
        let (field, form) = (session.training.field, session.training.form)
        var rest = area.inset(horizontally: 2, vertically: 0)
        let word = field == .output ? session.training.folder : form[field]
        canvas.text(
            [("\(field.rawValue): ", look.theme.dim), (word.keepingEnd(area.width - 16), look.theme.title)],
            in: rest.takeTop(1))
        canvas.text(field.takes, in: rest.takeTop(1), style: look.theme.dim, glyphs: look.glyphs)
    }

    /// The form's lines and the headings between its parts, by the rows of its table.
    static let formRows: [TrainingField?] = Array(
        TrainingField.Section.allCases.map { $0.fields.map(Optional.some) }.joined(separator: [nil]))

    /// The form as a table, a row for each line.
    func formTable(_ look: Look) -> Table {
        let lab = session.training
        let rows = Self.formRows.enumerated().map { place, field in
            guard let field else {
                let section = Self.formRows[place + 1]?.section.rawValue ?? ""
                return Table.Row([.init(section, style: look.theme.title.adding(.underline))])
            }
            let isStandard = lab.form[field] == lab.standard[field]
            let word = field == .output ? lab.folder : lab.form[field]
            return Table.Row([
                .init(field.rawValue, style: look.theme.dim),
                .init(word.keepingEnd(15), style: isStandard ? look.theme.text : look.theme.title),
            ])
        }
        return Table(
            columns: [.init("a run's", width: .cells(14)), .init("choice")], rows: rows,
            selectedRow: Self.formRows.firstIndex(of: lab.field))
    }

    private func draw(_ run: RunRecord, isSelected: Bool, on canvas: inout Canvas, in area: Rect, _ look: Look) {
        var rest = area
        func line(_ text: String, _ style: Style) {
            canvas.text(text, in: rest.takeTop(1), style: style, glyphs: look.glyphs)
        }
        let mark = isSelected ? "\(look.glyphs.pointer) " : "  "
        line("\(mark)\(run.letter)  \(run.form.summary)", style(of: run, look).adding(.bold))
        _ = rest.takeLeft(2)
        if case .failed(let reason) = run.phase {
            // A reason may be longer than a line.
            for part in "failed: \(reason)".wrapped(to: rest.width) { line(part, look.theme.bad) }
            return
        }
        guard let outline = run.outline else { return line(run.phase.word, look.theme.dim) }
        let epochs = outline.steps / max(1, outline.stepsPerEpoch)
        let epoch = min(run.step / max(1, outline.stepsPerEpoch) + 1, epochs)
        let place = "\(run.phase.word) · epoch \(epoch) of \(epochs) · step \(run.step.grouped)"
        let whole = "\(place) of \(outline.steps.grouped)"
        line(
            whole.displayWidth <= rest.width ? whole : place,
            run.phase == .paused ? look.theme.warning : look.theme.text)
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
        let width = rest.width
        if let file = run.file {
            line("\(file.keepingEnd(width - 13)) · o opens it", look.theme.good)
        } else {
            line("in \(run.folder.keepingEnd(width - 3))", look.theme.dim)
        }
    }
}

extension String {
    /// The text in lines of a width, broken between words where that is possible.
    fileprivate func wrapped(to width: Int) -> [String] {
        guard width > 0 else { return [] }
        var lines: [String] = []
        var rest = self[...]
        while rest.count > width {
            let line = rest.prefix(width)
            let end = line.lastIndex(of: " ").map { rest.index(after: $0) } ?? line.endIndex
            lines.append(String(rest[..<end]))
            rest = rest[end...]
        }
        return lines + [String(rest)]
    }

    /// The text, or as much of its end as fits: what tells paths apart.
    fileprivate func keepingEnd(_ width: Int) -> String {
        count > width && width > 1 ? "…" + suffix(width - 1) : self
    }
}

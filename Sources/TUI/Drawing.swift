import Engine
import Quant
import Terminal
import Workbench

extension ScreenState {
    /// Draws the whole screen.
    func draw(_ size: Size, _ look: Look) -> Canvas {
        var canvas = Canvas(size)
        guard size.width >= ExplorerLayout.minimum.width, size.height >= ExplorerLayout.minimum.height else {
            drawTooSmall(on: &canvas, look)
            return canvas
        }
        let layout = ExplorerLayout(size)
        drawHeader(on: &canvas, in: layout.header, look)
        switch view {
        case .theory: drawTheory(on: &canvas, size, look)
        case .training: drawTraining(on: &canvas, size, look)
        case .explorer, .weights, .channels, .sensitivity: drawPanes(on: &canvas, layout, look)
        }
        if view == .training, !session.training.runs.isEmpty {
            drawRunStatus(on: &canvas, in: layout.status, look)
        } else {
            drawStatus(on: &canvas, in: layout.status, look)
        }
        drawMessage(on: &canvas, in: layout.message, look)
        canvas.draw(
            Footer(hints(look.glyphs)), in: layout.footer.inset(horizontally: 1, vertically: 0),
            look: look)
        if case .help(let scroll) = mode {
            canvas.draw(
                HelpOverlay(keys, scroll: scroll, glyphs: look.glyphs), in: canvas.bounds, look: look)
        }
        return canvas
    }

    /// The list of layers and what the view shows of the selected one.
    private func drawPanes(on canvas: inout Canvas, _ layout: ExplorerLayout, _ look: Look) {
        let list = canvas.box(
            layout.layers, title: listTitle, look: look, focused: focus == .layers)
        canvas.draw(LayerList(self, width: list.width, look: look).table, in: list, look: look)
        let inside = canvas.box(layout.detail, title: detailTitle, look: look, focused: focus == .channels)
        if session.plan == nil {
            drawWaiting(on: &canvas, in: inside, look)
        } else {
            switch view {
            case .explorer: drawExplorer(on: &canvas, layout, look)
            case .weights: drawWeights(on: &canvas, in: inside, look)
            case .channels: canvas.draw(channelTable(width: inside.width, look), in: inside, look: look)
            case .sensitivity: drawSensitivity(on: &canvas, in: inside, look)
            case .theory, .training: break
            }
        }
    }

    private func drawTooSmall(on canvas: inout Canvas, _ look: Look) {
        let text = "needs \(ExplorerLayout.minimum.width)x\(ExplorerLayout.minimum.height); q quits"
        var rest = canvas.bounds
        var words = text.split(separator: " ").map(String.init)
        // Words fill line after line: even a narrow screen says what it needs.
        while !words.isEmpty, rest.height > 0 {
            var line = words.removeFirst()
            while let next = words.first, line.count + 1 + next.count <= rest.width {
                line += " " + next
                words.removeFirst()
            }
            canvas.text(line, in: rest.takeTop(1), style: look.theme.text, glyphs: look.glyphs)
        }
        if [.leaving, .leavingRuns].contains(mode), canvas.size.height > 0 {
            canvas.text(
                "unsaved: q again", in: Rect(x: 0, y: canvas.size.height - 1, width: canvas.size.width, height: 1),
                style: look.theme.warning, glyphs: look.glyphs)
        }
    }

    private func drawHeader(on canvas: inout Canvas, in area: Rect, _ look: Look) {
        let name = session.file.map { $0.split(separator: "/").last.map(String.init) ?? $0 } ?? "new configuration"
        let images = session.subject.measured.images.count
        var line = area.inset(horizontally: 1, vertically: 0)
        if let size = session.size {
            let text = sizeText(size)
            canvas.text(
                text, in: line.takeRight(min(line.width, text.displayWidth)), style: look.theme.text,
                glyphs: look.glyphs)
            _ = line.takeRight(2)
        }
        typealias Parts = [(text: String, style: Style)]
        func width(_ parts: Parts) -> Int { parts.reduce(0) { $0 + $1.text.displayWidth } }
        let first: Parts = [("nibble", look.theme.title), ("  \(session.subject.name)", look.theme.text)]
        let last: Parts =
            [("  \(name)", look.theme.text), (session.isUnsaved ? " *" : "", look.theme.warning)]
            + runsUnderWay(look)
        // The number of images stands below as well.
        let count: Parts = [("  \(images.grouped) images", look.theme.dim)]
        let fits = width(first + count + last) <= line.width
        canvas.text(first + (fits ? count : []) + last, in: line)
    }

    private func sizeText(_ size: PlanSize) -> String {
        let ratio = Double(size.floatBytes) / Double(max(1, size.quantizedBytes))
        let bytes = Double(size.quantizedBytes)
        let amount =
            bytes >= 1e7
            ? "\((bytes / 1e6).fixed(1)) MB"
            : bytes >= 1000 ? "\((bytes / 1000).fixed(0)) KB" : "\(size.quantizedBytes) B"
        let activations = size.meanActivationBits.map { $0.fixed(1) } ?? "32"
        return "weights \(amount) (\(ratio.fixed(1))x)  W\(size.meanWeightBits.fixed(1)) A\(activations)"
    }

    private var listTitle: String {
        var parts = ["layers"]
        if !session.filter.isEmpty { parts.append("/\(session.filter)") }
        if session.order == .worstFirst { parts.append("lowest SQNR first") }
        if session.order == .largestFirst { parts.append("largest first") }
        if !session.marks.isEmpty { parts.append("\(session.marks.count) marked") }
        return parts.joined(separator: " · ")
    }

    private var detailTitle: String {
        let net = session.subject.net
        guard net.layers.indices.contains(session.selection) else { return "no layers" }
        let layer = net.layers[session.selection]
        let channel = session.channel.map { " · channel \($0 + 1)" } ?? ""
        switch view {
        case .weights:
            return "\(layer.name.withoutScopes) · weights\(channel)"
        case .channels:
            return
                "\(layer.name.withoutScopes) · channels of the \(session.target == .weights ? "weights" : "input")"
        case .sensitivity:
            return "each layer alone, all else float"
        case .explorer, .theory, .training:
            let shape = net.graph[layer.input].shape
            let count = shape.rank > 1 ? shape[1] : 1
            let source = net.preActivations[layer.input] != nil ? " · after ReLU" : ""
            return "\(layer.name.withoutScopes) · input · \(count) channels\(source)\(channel)"
        }
    }

    private func drawWaiting(on canvas: inout Canvas, in area: Rect, _ look: Look) {
        let count = session.subject.observed.images.count
        let width = max(50, session.stopped?.count ?? 0)
        var place = area.centered(width: min(width, area.width), height: 3)
        canvas.text(
            "\(session.stopped == nil ? "calibrating" : "calibration ended") on \(count) images",
            in: place.takeTop(1), style: look.theme.text, glyphs: look.glyphs)
        canvas.draw(
            ProgressBar(
                fraction: session.calibrationProgress, text: "\((100 * session.calibrationProgress).fixed(0)) %"),
            in: place.takeTop(1), look: look)
        canvas.text(
            session.stopped ?? "edits are possible already", in: place,
            style: session.stopped == nil ? look.theme.dim : look.theme.bad, glyphs: look.glyphs)
    }

    private func drawMessage(on canvas: inout Canvas, in area: Rect, _ look: Look) {
        let area = area.inset(horizontally: 1, vertically: 0)
        switch mode {
        case .bits:
            let whom = focus == .channels && session.channel != nil ? "this channel's" : "the"
            canvas.draw(
                MessageLine(.note, "\(whom) bits: 0 to 8, or f for float; Esc leaves"), in: area, look: look)
        case .filter(let editor): canvas.draw(Prompt(label: "layers with: ", editor: editor), in: area, look: look)
        case .save(let editor): canvas.draw(Prompt(label: "save as: ", editor: editor), in: area, look: look)
        case .load(let editor): canvas.draw(Prompt(label: "open: ", editor: editor), in: area, look: look)
        case .command(let editor): canvas.draw(Prompt(label: ":", editor: editor), in: area, look: look)
        case .leaving:
            canvas.draw(
                MessageLine(.warning, "unsaved choices: s saves and quits, q quits without, Esc stays"), in: area,
                look: look)
        case .word(let field, let editor):
            canvas.draw(Prompt(label: "\(field.rawValue): ", editor: editor), in: area, look: look)
        case .keep(let editor):
            canvas.draw(Prompt(label: "write the net to: ", editor: editor), in: area, look: look)
        case .leavingRuns:
            canvas.draw(
                MessageLine(.warning, "runs go on: e keeps their nets and quits, q leaves checkpoints, Esc stays"),
                in: area, look: look)
        case .leavingNet(let name):
            canvas.draw(
                MessageLine(.warning, "\(name) has unsaved choices: O goes there, q quits without, Esc stays"),
                in: area,
                look: look)
        case .browsing, .help:
            guard let notice = session.notice else { return }
            let severity: MessageLine.Severity =
                switch notice.severity {
                case .note: .note
                case .success: .success
                case .warning: .warning
                case .failure: .failure
                }
            canvas.draw(MessageLine(severity, notice.text), in: area, look: look)
        }
    }
}

import Glibc
import Terminal

/// The demo's state, its view and its reaction to events.
final class Demo {
    private let mailbox = Mailbox<Message>()
    private let look: Look
    private var selected = 0
    private var message: String
    private var progress: Double?
    private var editor: LineEditor?
    private var helpScroll: Int?

    init(look: Look) {
        self.look = look
        message = "ready \(look.depth) \(look.glyphs)"
    }

    func run(on screen: NcursesScreen) -> LoopEnd {
        EventLoop(screen: screen, mailbox: mailbox)
            .run(draw: { size, look in draw(size, look) }, handle: { event in handle(event) })
    }

    private func handle(_ event: LoopEvent<Message>) -> LoopStep {
        switch event {
        case .input(.key(let key)): return press(key)
        case .input(.paste(let text)):
            if editor == nil { message = "pasted \(text)" } else { editor?.insert(text) }
        case .input(.mouse(let event)): message = "\(event.action) \(event.position.x),\(event.position.y)"
        case .message(.progress(let fraction)): progress = fraction
        case .message(.done):
            progress = nil
            message = "job done"
        case .tick, .terminate: return .idle
        }
        return .redraw
    }

    private func press(_ key: Key) -> LoopStep {
        if editor != nil {
            if editor?.handle(key) == true { return .redraw }
            if key == .enter { message = "entered \(editor?.text ?? "")" }
            editor = nil
            return .redraw
        }
        guard let command = keys[key] else {
            message = "key \(key.label(look.glyphs))"
            return .redraw
        }
        switch command {
        case .move(let step): selected = max(0, min(selected + step, 39))
        case .work: startWork()
        case .help: helpScroll = helpScroll == nil ? 0 : nil
        case .prompt: editor = LineEditor()
        case .crash: return [LoopStep.redraw][selected + 1]
        case .abort: Glibc.abort()
        case .suspend:
            message = "resumed"
            return .suspend
        case .quit: return .quit
        }
        return .redraw
    }

    private func startWork() {
        let mailbox = mailbox
        Task.detached {
            for step in 0..<50 {
                mailbox.post(.progress(Double(step) / 50))
                await Task.yield()
            }
            mailbox.post(.done)
        }
    }

    private func draw(_ size: Size, _ look: Look) -> Canvas {
        var canvas = Canvas(size)
        var area = canvas.bounds
        canvas.draw(Footer(keys.hints(look.glyphs)), in: area.takeBottom(1), look: look)
        let status = area.takeBottom(1)
        if let editor {
            canvas.draw(Prompt(label: ":", editor: editor), in: status, look: look)
        } else if let progress {
            canvas.draw(ProgressBar(fraction: progress, text: "working"), in: status, look: look)
        } else {
            canvas.draw(MessageLine(.note, "\(message) \(size.width)x\(size.height)"), in: status, look: look)
        }
        let halves = area.sideBySide(.share(1), .share(2))
        let rows = (0..<40).map {
            Table.Row([.init("layer \($0)"), .init("\($0 % 7 + 2)")], isMarked: $0 % 5 == 4)
        }
        let table = Table(
            columns: [.init("layer"), .init("bits", width: .cells(4), alignment: .trailing)], rows: rows,
            selectedRow: selected)
        canvas.draw(table, in: canvas.box(halves[0], title: "layers", look: look, focused: true), look: look)
        let parts = halves[1].stacked(.share(1), .share(1), .cells(3))
        let histogram = Histogram(
            counts: (0..<100).map { 10_000 * exp(-Double($0 + selected) / 12) }, range: 0...8, scale: .logarithmic,
            markers: [.init(at: 2.31, label: "Laplace 2.31", style: look.theme.laplace)])
        canvas.draw(histogram, in: canvas.box(parts[0], title: "counts", look: look), look: look)
        canvas.draw(errorCurves, in: canvas.box(parts[1], title: "error", look: look), look: look)
        let strip = BarStrip(values: (0..<64).map { Double($0 % 9) }, maximum: 8, selected: selected)
        canvas.draw(strip, in: canvas.box(parts[2], title: "bits", look: look), look: look)
        if let helpScroll {
            canvas.draw(
                HelpOverlay(keys, scroll: helpScroll, glyphs: look.glyphs), in: canvas.bounds, look: look)
        }
        return canvas
    }

    /// Clipping noise against rounding noise of a Laplace distribution of scale one, at 4 bits.
    private var errorCurves: CurvePlot {
        let points = (1...80).map { step in
            let threshold = Double(step) / 8
            return CurvePlot.Sample(x: threshold, y: 2 * exp(-threshold) + threshold * threshold / (3 * 256))
        }
        let optimum = points.min { $0.y < $1.y }
        return CurvePlot(
            curves: [.init("Laplace", points: points, style: look.theme.laplace, optimum: optimum)],
            yScale: .logarithmic, cursor: 4)
    }
}

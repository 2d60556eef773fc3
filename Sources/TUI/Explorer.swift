public import Terminal
public import Workbench

/// The explorer on a screen: the loop's state, its reaction to events, and the effects it starts.
///
/// Belongs to the thread that runs it.
public final class Explorer {
    private let mailbox: Mailbox<Event>
    private let runner: EffectRunner
    private var state: ScreenState
    private var size = Size(width: 80, height: 24)
    private var look = Look(.mono, .unicode)

    /// An explorer of a session.
    public init(_ session: Session) {
        let mailbox = Mailbox<Event>()
        self.mailbox = mailbox
        runner = EffectRunner(session.subject) { mailbox.post($0) }
        state = ScreenState(session)
    }

    /// One frame of a session, as the explorer draws it first.
    public static func frame(of session: Session, size: Size, look: Look) -> Canvas {
        var state = ScreenState(session)
        state.details = Details(session, reusing: nil)
        return state.draw(size, look)
    }

    /// Runs until the user quits, a signal ends it, or the terminal goes away.
    public func run(on screen: any Screen) -> LoopEnd {
        for effect in state.session.start { runner.perform(effect) }
        defer { runner.stop() }
        return EventLoop(screen: screen, mailbox: mailbox).run(
            draw: { size, look in
                self.size = size
                self.look = look
                return state.draw(size, look)
            }, handle: { event in handle(event) })
    }

    private func handle(_ event: LoopEvent<Event>) -> LoopStep {
        var reaction = Reaction()
        switch event {
        case .input(.key(let key)): reaction = state.press(key, size: size)
        case .input(.paste(let text)): state.paste(text)
        case .input(.mouse(let event)): reaction = state.point(event, size: size, look: look)
        case .message(let event):
            reaction.effects = state.session.receive(event)
            if case .saved = event, state.isLeavingAfterSave { return .quit }
            if case .failed = event { state.isLeavingAfterSave = false }
        case .tick: return .idle
        case .terminate: return .quit
        }
        for effect in reaction.effects { runner.perform(effect) }
        state.details = Details(state.session, reusing: state.details)
        return reaction.step
    }
}

extension ScreenState {
    /// Takes pasted text into the line being edited.
    mutating func paste(_ text: String) {
        let line = String(text.prefix { $0 != "\n" })
        switch mode {
        case .filter(var editor):
            editor.insert(line)
            mode = .filter(editor)
        case .save(var editor):
            editor.insert(line)
            mode = .save(editor)
        case .load(var editor):
            editor.insert(line)
            mode = .load(editor)
        case .command(var editor):
            editor.insert(line)
            mode = .command(editor)
        case .browsing, .bits, .leaving, .help: break
        }
    }
}

public import Terminal
public import Workbench

/// The explorer on a screen: the loop's state, its reaction to events, and the effects it starts.
///
/// Belongs to the thread that runs it.
public final class Explorer {
    private let mailbox: Mailbox<Message>
    private let training: TrainingRunner
    private var runner: EffectRunner
    /// That of the net explored: what runners of others still send is dropped.
    private var number = 0
    private var state: ScreenState
    private var size = Size(width: 80, height: 24)
    private var look = Look(.mono, .unicode)

    /// What an effect answered, and to which net it belongs; `nil` for runs of the training view, which belong to none.
    private struct Message: Sendable {
        let event: Event
        let number: Int?
    }

    /// An explorer of a session.
    public init(_ session: Session) {
        let mailbox = Mailbox<Message>()
        self.mailbox = mailbox
        training = TrainingRunner { mailbox.post(Message(event: $0, number: nil)) }
        runner = EffectRunner(session.subject, training: training) { mailbox.post(Message(event: $0, number: 0)) }
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
        defer {
            runner.stop()
            training.finish(keepingNets: false)
        }
        return EventLoop(screen: screen, mailbox: mailbox).run(
            draw: { size, look in
                self.size = size
                self.look = look
                return state.draw(size, look)
            }, handle: { event in handle(event) })
    }

    private func handle(_ event: LoopEvent<Message>) -> LoopStep {
        var reaction = Reaction()
        switch event {
        case .input(.key(let key)): reaction = state.press(key, size: size)
        case .input(.paste(let text)): state.paste(text)
        case .input(.mouse(let event)): reaction = state.point(event, size: size, look: look)
        case .message(let message):
            guard message.number == nil || message.number == number else { return .idle }
            reaction = state.receive(message.event)
        case .tick: return .idle
        case .terminate:
            // Nothing is asked any more, and nothing is lost.
            training.finish(keepingNets: true)
            return .quit
        }
        if state.session.number != number { replaceRunner() }
        for effect in reaction.effects { runner.perform(effect) }
        state.details = Details(state.session, reusing: state.details)
        return reaction.step
    }

    /// Has the net that was gone to measured from now on.
    private func replaceRunner() {
        runner.stop()
        number = state.session.number
        let (mailbox, number) = (mailbox, number)
        runner = EffectRunner(state.session.subject, training: training) {
            mailbox.post(Message(event: $0, number: number))
        }
        state.details = nil
    }
}

extension ScreenState {
    /// Takes in what an effect answered.
    mutating func receive(_ event: Event) -> Reaction {
        let effects = session.receive(event)
        switch event {
        case .saved where isLeavingAfterSave:
            isLeavingAfterSave = false
            return leaveOtherNets()
        case .failed: isLeavingAfterSave = false
        case .opened: arrive()
        case .training(_, .refused): isLeavingAfterRuns = false
        case .training(_, .ended) where mode == .leavingRuns && !session.training.isUnsaved: mode = .browsing
        case .training(_, .ended) where isLeavingAfterRuns && !session.training.isUnsaved:
            isLeavingAfterRuns = false
            var reaction = quitWithoutRuns()
            reaction.effects += effects
            return reaction
        default: break
        }
        return Reaction(effects: effects)
    }

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
        case .word(let field, var editor):
            editor.insert(line)
            mode = .word(field, editor)
        case .keep(var editor):
            editor.insert(line)
            mode = .keep(editor)
        case .browsing, .bits, .leaving, .leavingRuns, .leavingNet, .help: break
        }
    }
}

/// What a program's `handle` is told.
public enum LoopEvent<Message: Sendable>: Sendable {
    /// Input from the terminal.
    case input(InputEvent)
    /// A message from a background task.
    case message(Message)
    /// The timer fired.
    case tick
    /// The process is asked to end (SIGTERM, SIGHUP, SIGINT); the loop ends after this call, whatever it answers.
    case terminate
}

/// What the loop does after an event.
public enum LoopStep: Hashable, Sendable {
    /// Draw again; many of these before the next wait make one frame.
    case redraw
    /// Nothing changed on the screen.
    case idle
    /// Stop the process as Ctrl-Z does, and repaint when it is continued.
    case suspend
    /// End the loop.
    case quit
}

/// Why the loop ended.
public enum LoopEnd: Hashable, Sendable {
    /// The program asked for it.
    case quit
    /// The signal of this number asked for it.
    case signal(Int32)
    /// The terminal is gone.
    case hangup
}

/// The main thread's loop: waits for input, messages, signals and the timer, hands them on, and draws.
///
/// Background tasks compute and post into the mailbox; they never touch the screen. All messages and input at hand are
/// handled before one frame is drawn. Run it on the main thread from a synchronous `main`:
///
///     let screen = try NcursesScreen()
///     defer { screen.close() }
///     let mailbox = Mailbox<Message>()
///     let loop = EventLoop(screen: screen, mailbox: mailbox, timer: nil)
///     let end = loop.run(
///         draw: { size, look in view(session, size, look) },
///         handle: { event in
///             switch event {
///             case .input(.key(let key)): return perform(keys[key])
///             case .message(let message): return apply(message)
///             ...
///             }
///         })
public struct EventLoop<Message: Sendable> {
    private let screen: any Screen
    private let mailbox: Mailbox<Message>
    private let timer: Duration?

    /// Makes a loop; with a timer, `tick` comes after each such time without another event.
    public init(screen: any Screen, mailbox: Mailbox<Message>, timer: Duration? = nil) {
        self.screen = screen
        self.mailbox = mailbox
        self.timer = timer
    }

    /// Draws and handles events until the program quits, a signal ends it, or the terminal goes away.
    ///
    /// It neither opens nor closes the screen.
    public func run(
        draw: (Size, Look) -> Canvas, handle: (LoopEvent<Message>) -> LoopStep
    ) -> LoopEnd {
        screen.present(draw(screen.size, screen.look))
        while true {
            let wakes = screen.wait(atMost: timer)
            var redraw = false
            // Returns why to end, if so.
            func follow(_ event: LoopEvent<Message>) -> LoopEnd? {
                switch handle(event) {
                case .idle: break
                case .redraw: redraw = true
                case .suspend:
                    screen.suspend()
                    redraw = true
                case .quit: return .quit
                }
                return nil
            }
            if wakes.isEmpty, timer != nil, let end = follow(.tick) { return end }
            for wake in wakes {
                switch wake {
                case .input:
                    for input in screen.pendingInput() {
                        if let end = follow(.input(input)) { return end }
                    }
                case .mail:
                    for message in mailbox.drain() {
                        if let end = follow(.message(message)) { return end }
                    }
                case .resize, .resumed:
                    screen.refresh()
                    redraw = true
                case .stop:
                    screen.suspend()
                    redraw = true
                case .terminate(let signal):
                    _ = handle(.terminate)
                    return .signal(signal)
                case .hangup:
                    _ = handle(.terminate)
                    return .hangup
                }
            }
            if redraw { screen.present(draw(screen.size, screen.look)) }
        }
    }
}

/// What comes from the terminal.
public enum InputEvent: Hashable, Sendable {
    /// A key press.
    case key(Key)
    /// Text pasted in one piece (bracketed paste); line ends are "\n".
    case paste(String)
    /// The mouse.
    case mouse(MouseEvent)
}

/// Something the mouse did at a cell.
public struct MouseEvent: Hashable, Sendable {
    /// The kinds of mouse events.
    public enum Action: Hashable, Sendable {
        /// The left button went down.
        case press
        /// The mouse moved with the left button down.
        case drag
        /// The left button went up.
        case release
        /// The wheel turned away from the user.
        case scrollUp
        /// The wheel turned towards the user.
        case scrollDown
    }

    /// What happened.
    public let action: Action
    /// Where.
    public let position: Point

    /// Makes an event.
    public init(_ action: Action, at position: Point) {
        self.action = action
        self.position = position
    }
}

/// Why a waiting screen woke up.
public enum Wake: Hashable, Sendable {
    /// There is input.
    case input
    /// A mailbox has messages.
    case mail
    /// The window has another size.
    case resize
    /// Another process asked to stop for a while (SIGTSTP).
    case stop
    /// The process runs on after it was stopped.
    case resumed
    /// The process was asked to end, by the signal of this number.
    case terminate(Int32)
    /// The terminal is gone, or a script of input is at its end.
    case hangup
}

/// A place to present canvases and to get input from: `NcursesScreen`, or `MemoryScreen` in tests.
public protocol Screen: AnyObject {
    /// The columns and rows there are now.
    var size: Size { get }
    /// The styles and glyphs to draw with.
    var look: Look { get }
    /// Shows a canvas.
    func present(_ canvas: Canvas)
    /// The input at hand; never blocks.
    func pendingInput() -> [InputEvent]
    /// Blocks until something happens, at most for the time given; an empty answer means the time is over.
    func wait(atMost limit: Duration?) -> [Wake]
    /// Takes over the window's new size and repaints everything at the next `present`.
    func refresh()
    /// Gives the terminal back to the shell, stops the process, and returns when it runs on.
    func suspend()
    /// Restores the terminal; further calls do nothing.
    func close()
}

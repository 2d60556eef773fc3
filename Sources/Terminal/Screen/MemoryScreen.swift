/// A screen without a terminal, which keeps every frame and plays a script of input.
///
///     let screen = MemoryScreen(Size(width: 80, height: 24), script: [.key(.down), .key("q")])
///     EventLoop(screen: screen, mailbox: mailbox).run(draw: draw, handle: handle)
///     #expect(screen.frames.last?.lines[0] == " nibble ...")
public final class MemoryScreen: Screen {
    /// The size; change it, then the next frame has it.
    public var size: Size
    /// The styles and glyphs.
    public let look: Look
    /// Everything that was presented.
    public private(set) var frames: [Canvas] = []
    /// Whether `close` was called.
    public private(set) var isClosed = false
    /// How often `suspend` was called.
    public private(set) var suspensions = 0
    private var script: [InputEvent]

    /// Makes a screen; the script plays one event at each wait and ends with a hangup.
    public init(_ size: Size, look: Look = Look(.mono, .unicode), script: [InputEvent] = []) {
        self.size = size
        self.look = look
        self.script = script
    }

    /// Keeps the canvas, as a terminal with these glyphs would show it.
    public func present(_ canvas: Canvas) { frames.append(look.glyphs == .ascii ? canvas.inASCII() : canvas) }

    /// The next event of the script.
    public func pendingInput() -> [InputEvent] { script.isEmpty ? [] : [script.removeFirst()] }

    /// Mail first, then the script's next event, at its end a hangup.
    public func wait(atMost limit: Duration?) -> [Wake] { [.mail, script.isEmpty ? .hangup : .input] }

    /// Nothing to do: the size is what it is.
    public func refresh() {}

    /// Counts.
    public func suspend() { suspensions += 1 }

    /// Remembers that it was called.
    public func close() { isClosed = true }
}

internal import CNcurses
internal import CTerm
internal import Glibc

/// The terminal, by way of ncurses: the only place that calls it.
///
/// Belongs to the main thread. While one exists the process's SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP and SIGCONT become
/// events of the loop, and a crash or `exit` restores the terminal. Call `close` before ending or printing.
///
///     do throws(TerminalError) {
///         let screen = try NcursesScreen(options: [.noMouse])
///     } catch .terminalTypeUnknown(let name) { ... }
public final class NcursesScreen: Screen {
    /// What to leave out although the terminal could do it.
    public struct Options: OptionSet, Hashable, Sendable {
        /// One bit for each option.
        public let rawValue: UInt8
        /// Makes a set from its bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Attributes only, as with the environment variable NO_COLOR.
        public static let noColor = Options(rawValue: 1)
        /// No glyphs beyond ASCII.
        public static let ascii = Options(rawValue: 2)
        /// The terminal's mouse mode is never switched on.
        public static let noMouse = Options(rawValue: 4)
    }

    /// The styles and glyphs this terminal can show.
    public let look: Look
    private let window: UnsafeMutablePointer<WINDOW>
    private let pipe: SignalPipe
    private let modes: TerminalModes
    private var pairs: ColorPairs
    private var input: InputReader
    private var shown: Canvas?
    private var row: [cchar_t] = []
    private var isOpen = true

    /// Takes over the terminal.
    ///
    /// Throws when standard input or output is no terminal, or when TERM names none that the terminal database knows.
    public init(options: Options = []) throws(TerminalError) {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { throw .notATerminal }
        guard let name = getenv("TERM").map({ String(cString: $0) }), !name.isEmpty else {
            throw .terminalTypeMissing
        }
        // Where LC_ALL names a locale that is not installed, UTF-8 is likelier meant than not.
        if setlocale(LC_CTYPE, "") == nil { _ = setlocale(LC_CTYPE, "C.UTF-8") }
        let isUTF8 = String(cString: nl_langinfo(Int32(CODESET))) == "UTF-8"

        modes = TerminalModes(terminal: name, mouse: !options.contains(.noMouse))
        pipe = try SignalPipe()
        // Before newterm, which already changes the terminal's modes.
        if ct_guard_open(STDOUT_FILENO, modes.restoreSequence) != 0 { throw .systemCall("tcgetattr", errno: errno) }
        // Not initscr: it ends the process on an unknown terminal.
        guard let output = fdopen(dup(STDOUT_FILENO), "w"), let stdin = fdopen(dup(STDIN_FILENO), "r") else {
            ct_guard_close()
            throw .systemCall("fdopen", errno: errno)
        }
        guard let screen = newterm(nil, output, stdin),
            let window = {
                set_term(screen); return cn_stdscr()
            }()
        else {
            // Nothing was switched on, so nothing but the modes may be set back.
            ct_guard_sequence("")
            ct_guard_close()
            throw .terminalTypeUnknown(name)
        }
        self.window = window
        raw()
        noecho()
        nonl()
        keypad(window, true)
        meta(window, true)
        nodelay(window, true)
        _ = set_escdelay(25)
        curs_set(0)

        let wantsColor = getenv("NO_COLOR").map { $0.pointee == 0 } ?? true
        var depth = ColorDepth.mono
        if wantsColor, !options.contains(.noColor), has_colors() {
            start_color()
            use_default_colors()
            switch cn_colors() {
            case 256...: depth = .indexed256
            case 16..<256: depth = .ansi16
            case 8..<16: depth = .ansi8
            default: break
            }
        }
        look = Look(depth, isUTF8 && !options.contains(.ascii) ? .unicode : .ascii)
        pairs = ColorPairs(depth: depth, colors: Int(cn_colors()), limit: cn_color_pairs())
        input = InputReader(window: window)
        if !options.contains(.noMouse) {
            mousemask(cn_mouse_all, nil)
            mouseinterval(0)
        }
        modes.enter()
        // After newterm, which sets a handler of its own for SIGWINCH.
        pipe.catchSignals()
    }

    /// The window's columns and rows.
    public var size: Size { Size(width: Int(cn_columns()), height: Int(cn_lines())) }

    /// Shows a canvas: outputs only what differs from the last one.
    public func present(_ canvas: Canvas) {
        guard isOpen else { return }
        let canvas = look.glyphs == .ascii ? canvas.inASCII() : canvas
        let runs = canvas.changedRuns(from: shown ?? Canvas(width: 0, height: 0))
        let size = size
        for run in runs where run.y < size.height && run.columns.lowerBound < size.width {
            let columns = run.columns.clamped(to: 0..<size.width)
            row.removeAll(keepingCapacity: true)
            for cell in canvas.row(run.y, columns) where !cell.isTail { row.append(curses(cell)) }
            _ = row.withUnsafeBufferPointer {
                mvwadd_wchnstr(window, Int32(run.y), Int32(columns.lowerBound), $0.baseAddress, Int32($0.count))
            }
        }
        shown = canvas
        if let cursor = canvas.cursor, Rect(size).contains(cursor) {
            wmove(window, Int32(cursor.y), Int32(cursor.x))
            curs_set(1)
        } else {
            curs_set(0)
        }
        wrefresh(window)
    }

    private func curses(_ cell: Cell) -> cchar_t {
        let style = pairs.pair(for: cell.style)
        var result = cchar_t()
        // A base character and at most four combining ones, ended by zero.
        withUnsafeTemporaryAllocation(of: wchar_t.self, capacity: 6) { text in
            text.initialize(repeating: 0)
            for (index, scalar) in cell.character.unicodeScalars.prefix(5).enumerated() {
                text[index] = wchar_t(bitPattern: scalar.value)
            }
            if cn_set_cell(&result, text.baseAddress, style.attributes, style.pair) == ERR {
                text.initialize(repeating: 0)
                text[0] = wchar_t(bitPattern: UInt32(UInt8(ascii: "?")))
                _ = cn_set_cell(&result, text.baseAddress, style.attributes, style.pair)
            }
        }
        return result
    }

    /// The input at hand.
    public func pendingInput() -> [InputEvent] { input.take() }

    /// Waits for input, messages or signals.
    public func wait(atMost limit: Duration?) -> [Wake] { pipe.wait(atMost: limit) }

    /// Takes over the window's size, and forgets what the terminal shows.
    public func refresh() {
        guard isOpen else { return }
        // Whoever ran while the process was stopped may have changed the terminal's modes.
        reset_prog_mode()
        var dimensions = winsize()
        if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &dimensions) == 0, dimensions.ws_row > 0, dimensions.ws_col > 0 {
            resizeterm(Int32(dimensions.ws_row), Int32(dimensions.ws_col))
        }
        shown = nil
        werase(window)
        clearok(window, true)
    }

    /// Gives the terminal back, stops the process group as Ctrl-Z in a shell does, and takes it again.
    public func suspend() {
        guard isOpen else { return }
        def_prog_mode()
        modes.leave()
        endwin()
        ct_default(SIGTSTP)
        kill(0, SIGTSTP)
        // Here the process was stopped, and runs on.
        ct_catch(SIGTSTP)
        refresh()
        // Curses switches its own modes on with the first output; ours come after them.
        wrefresh(window)
        modes.enter()
    }

    /// Restores the terminal.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        pipe.releaseSignals()
        modes.leave()
        endwin()
        ct_guard_sequence("")
        ct_guard_close()
    }

    deinit { close() }
}

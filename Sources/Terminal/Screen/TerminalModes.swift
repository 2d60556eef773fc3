internal import CNcurses
internal import Glibc

/// The modes beyond curses that are switched on, and the text that switches everything off in a crash.
struct TerminalModes {
    /// Written by the crash guard, which cannot ask curses.
    let restoreSequence: String
    private let enterSequence: String
    private let leaveSequence: String

    /// Only terminals of the xterm kind get xterm's private modes: others may show them as text.
    init(terminal: String, mouse: Bool) {
        let plain = ["linux", "ansi", "vt52", "vt100", "vt102", "vt220", "dumb", "cygwin"]
        let isPlain = plain.contains { terminal == $0 || terminal.hasPrefix($0 + "-") }
        guard !isPlain else {
            enterSequence = ""
            leaveSequence = ""
            let showCursor = terminal.hasPrefix("linux") ? "\u{1B}[?25h\u{1B}[?0c" : ""
            restoreSequence = "\u{1B}[0m" + showCursor + "\r\n"
            return
        }
        // Curses reports presses (1000); movement with a button down is 1002.
        enterSequence = "\u{1B}[?2004h" + (mouse ? "\u{1B}[?1002h" : "")
        leaveSequence = (mouse ? "\u{1B}[?1002l" : "") + "\u{1B}[?2004l"
        let mouseOff = mouse ? "\u{1B}[?1006l\u{1B}[?1002l\u{1B}[?1000l" : ""
        restoreSequence = "\u{1B}[?2004l" + mouseOff + "\u{1B}[0m\u{1B}[?1l\u{1B}>\u{1B}[?25h\u{1B}[?1049l\r\n"
    }

    func enter() { write(enterSequence) }

    func leave() { write(leaveSequence) }

    private func write(_ sequence: String) {
        var sequence = sequence
        sequence.withUTF8 { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.write(STDOUT_FILENO, bytes.baseAddress.map { $0 + sent }, bytes.count - sent)
                if count < 0 && errno != EINTR { return }
                sent += max(0, count)
            }
        }
    }
}

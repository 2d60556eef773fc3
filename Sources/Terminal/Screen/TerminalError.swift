/// Why there is no screen.
public enum TerminalError: Error, Hashable, Sendable {
    /// Standard input or output is not a terminal.
    case notATerminal
    /// The environment variable TERM is not set or empty.
    case terminalTypeMissing
    /// The terminal database has no usable entry for the value of TERM.
    case terminalTypeUnknown(String)
    /// A system call failed, with its error number.
    case systemCall(String, errno: Int32)
}

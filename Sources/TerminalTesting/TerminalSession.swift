internal import CTerm
internal import Glibc

/// A program running on a pseudo-terminal, with what it shows.
///
/// Waits are for conditions, never for times; the time limit only ends a test that has failed.
///
///     let session = try TerminalSession("nibble", arguments: ["--ascii"])
///     #expect(session.wait { $0.text.contains("layers") })
///     session.send("q")
///     #expect(session.end() == .exited(0))
///     #expect(session.screen.isRestored && session.isLineMode)
public final class TerminalSession {
    /// How a program ended.
    public enum End: Hashable, Sendable {
        /// By itself, with a status.
        case exited(Int32)
        /// By the signal of this number.
        case signalled(Int32)
        /// It still ran at the time limit.
        case stillRunning
    }

    /// Why a program could not be started.
    public enum StartError: Error, Hashable, Sendable {
        /// A system call failed, with its error number.
        case spawn(errno: Int32)
    }

    /// What the terminal shows.
    public private(set) var screen: TerminalEmulator
    /// The process.
    public let process: Int32
    private var master: Int32 = -1
    private var ended: End?

    /// Starts a built product by its name, or any program by its absolute path.
    ///
    /// The environment has TERM=xterm-256color and LC_ALL=C.UTF-8 unless told otherwise; an empty value removes a variable.
    public init(
        _ program: String, arguments: [String] = [], environment: [String: String] = [:], width: Int = 80,
        height: Int = 24
    ) throws(StartError) {
        let path = TerminalSession.path(of: program)
        var argumentPointers = ([path] + arguments).map { strdup($0) } + [nil]
        var environmentPointers = TerminalSession.environment(environment).map { strdup($0) } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        screen = TerminalEmulator(width: width, height: height)
        process = ct_spawn_on_pty(
            path, &argumentPointers, &environmentPointers, Int32(height), Int32(width), &master)
        if process < 0 { throw .spawn(errno: errno) }
    }

    deinit {
        if ended == nil {
            var code: Int32 = 0
            kill(process, SIGKILL)
            _ = ct_wait(process, 1, &code)
        }
        if master >= 0 { close(master) }
    }

    /// Runs a program without a terminal and returns its status and everything it wrote; the time limit kills it.
    public static func runWithoutTerminal(
        _ program: String, arguments: [String] = [], environment: [String: String] = [:],
        limit: Duration = .seconds(20)
    ) throws(StartError) -> (end: End, output: String) {
        let path = path(of: program)
        var argumentPointers = ([path] + arguments).map { strdup($0) } + [nil]
        var environmentPointers = self.environment(environment).map { strdup($0) } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        var descriptor: Int32 = -1
        let process = ct_spawn_on_pipe(path, &argumentPointers, &environmentPointers, &descriptor)
        if process < 0 { throw .spawn(errno: errno) }
        defer { close(descriptor) }
        let deadline = ContinuousClock.now + limit
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var isOpen = true
        while isOpen, ContinuousClock.now < deadline {
            var descriptors = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&descriptors, 1, 50) > 0 else { continue }
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count > 0 { output += buffer[..<count] } else { isOpen = false }
        }
        if isOpen { kill(process, SIGKILL) }
        var code: Int32 = 0
        let state = ct_wait(process, 1, &code)
        let end: End = isOpen ? .stillRunning : state == Int32(ct_exited) ? .exited(code) : .signalled(code)
        return (end, String(decoding: output, as: UTF8.self))
    }

    /// Where the built products are: beside the test bundle.
    public static func path(of program: String) -> String {
        if program.hasPrefix("/") { return program }
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        let folder = bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/")
        return folder.isEmpty ? program : folder + "/" + program
    }

    private static func environment(_ changes: [String: String]) -> [String] {
        var variables = [
            "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no",
        ]
        if let home = getenv("HOME") { variables["HOME"] = String(cString: home) }
        variables.merge(changes) { _, new in new }
        return variables.filter { !$0.value.isEmpty }.map { "\($0.key)=\($0.value)" }
    }

    /// Types.
    public func send(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
            if count > 0 { bytes = bytes.dropFirst(count) } else if errno == EAGAIN { pump() } else { return }
        }
    }

    /// Sends the process a signal.
    public func signal(_ number: Int32) { kill(process, number) }

    /// Changes the window's size.
    public func resize(width: Int, height: Int) {
        drain()
        screen.resize(width: width, height: height)
        _ = ct_resize(master, Int32(height), Int32(width))
    }

    /// Whether the terminal is in the mode a shell wants: lines, echo, signals by keys, line ends translated.
    public var isLineMode: Bool {
        var state = termios()
        guard tcgetattr(master, &state) == 0 else { return false }
        let local = tcflag_t(ICANON | ECHO | ISIG)
        let output = tcflag_t(OPOST | ONLCR)
        return state.c_lflag & local == local && state.c_oflag & output == output
    }

    /// Reads what the program shows until a condition holds; false if it does not within the limit or before the program's end.
    public func wait(limit: Duration = .seconds(20), until condition: (TerminalEmulator) -> Bool) -> Bool {
        let deadline = ContinuousClock.now + limit
        while !condition(screen) {
            if !pump() || ContinuousClock.now > deadline { return condition(screen) }
        }
        return true
    }

    /// Waits for the program's end and reads the last of its output.
    public func end(limit: Duration = .seconds(20)) -> End {
        if let ended { return ended }
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            var code: Int32 = 0
            let state = ct_wait(process, 0, &code)
            if state == Int32(ct_exited) || state == Int32(ct_signalled) {
                drain()
                let end: End = state == Int32(ct_exited) ? .exited(code) : .signalled(code)
                ended = end
                return end
            }
            pump()
        }
        return .stillRunning
    }

    /// Reads what is there now.
    private func drain() { while takeOutput() > 0 {} }

    /// Waits a moment for output; false once the program's side is closed.
    @discardableResult
    private func pump() -> Bool {
        var descriptor = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        guard poll(&descriptor, 1, 20) > 0 else { return true }
        return takeOutput() > 0 || errno == EAGAIN
    }

    private func takeOutput() -> Int {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(master, &buffer, buffer.count)
        if count > 0 { screen.feed(buffer[..<count]) }
        return count
    }
}

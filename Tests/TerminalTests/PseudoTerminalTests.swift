import Glibc
import TerminalTesting
import Testing

@Suite(.serialized) struct PseudoTerminalTests {
    private func start(
        _ arguments: [String] = [], environment: [String: String] = [:], width: Int = 80, height: Int = 24
    ) throws -> TerminalSession {
        let session = try TerminalSession(
            "terminal-demo", arguments: arguments, environment: environment, width: width, height: height)
        #expect(
            session.wait { $0.text.contains("ready") && $0.text.contains("all keys") }, "\(session.screen.text)")
        return session
    }

    private func expectRestored(_ session: TerminalSession) {
        #expect(session.screen.isRestored, "\(session.screen.modes)")
        #expect(session.isLineMode)
        #expect(session.screen.unknown.isEmpty, "\(session.screen.unknown)")
    }

    @Test func startsAndQuitsCleanly() throws {
        let session = try start()
        #expect(session.screen.text.contains("ready indexed256 unicode 80x24"))
        #expect(
            session.screen.modes.isSuperset(of: [1049, 2004, 1000, 1002]) && !session.screen.modes.contains(25))
        #expect(!session.isLineMode)
        session.send("q")
        #expect(session.end() == .exited(0))
        #expect(session.screen.text.contains("ended: quit"))
        expectRestored(session)
    }

    @Test func keysPasteAndMouseArrive() throws {
        let session = try start()
        session.send("jj\u{1B}[A")
        #expect(session.wait { $0.text.contains("▸ layer 1 ") }, "\(session.screen.text)")
        for (sent, shown) in [
            ("\u{1B}OS", "key F4"), ("\u{1B}[5~", "key PgUp"), ("\t", "key Tab"), ("é", "key é"),
            ("\u{1B}[Z", "key S-Tab"),
            ("\r", "key Enter"), ("\u{7F}", "key Bksp"), ("\u{18}", "key ^X"),
            ("\u{1B}[200~a b\rc\u{1B}[201~", "pasted a b"),
            ("\u{1B}[<0;5;7M", "press 4,6"), ("\u{1B}[<32;6;7M", "drag 5,6"), ("\u{1B}[<0;6;7m", "release 5,6"),
            ("\u{1B}[<65;5;7M", "scrollDown 4,6"), ("\u{1B}[<64;5;7M", "scrollUp 4,6"),
        ] {
            session.send(sent)
            #expect(
                session.wait(limit: .seconds(5)) { $0.text.contains(shown) },
                "\(shown): \(session.screen.lines[22])")
        }
        session.send("\u{1B}")
        #expect(session.wait { $0.text.contains("key Esc") })
    }

    @Test func promptShowsTheCursor() throws {
        let session = try start()
        session.send(":save")
        #expect(session.wait { $0.lines[22] == ":save" && $0.modes.contains(25) })
        session.send("\u{1B}[200~ as x\u{1B}[201~\r")
        #expect(session.wait { $0.lines[22].hasPrefix("entered save as x") && !$0.modes.contains(25) })
    }

    @Test func followsTheWindowDownToOneCellAndBack() throws {
        let session = try start()
        for (width, height) in [(100, 30), (1, 1), (3, 2), (200, 60), (80, 24)] {
            session.resize(width: width, height: height)
            if width >= 80 {
                #expect(session.wait { $0.text.contains("\(width)x\(height)") }, "\(session.screen.text)")
                #expect(session.wait { $0.lines[height - 1].hasSuffix("? all keys") })
            }
        }
        session.resize(width: 1, height: 1)
        session.send("q")
        #expect(session.end() == .exited(0))
        expectRestored(session)
    }

    @Test func messagesFromTasksReachTheScreen() throws {
        let session = try start()
        session.send("w")
        #expect(session.wait { $0.text.contains("job done") })
    }

    @Test(arguments: [SIGTERM, SIGHUP, SIGINT]) func signalsLeaveTheTerminalInOrder(signal: Int32) throws {
        let session = try start()
        session.signal(signal)
        #expect(session.end() == .exited(0))
        #expect(session.screen.text.contains("ended: signal(\(signal))"))
        expectRestored(session)
    }

    @Test(arguments: ["!", "@"]) func crashesRestoreTheTerminal(key: String) throws {
        let session = try start()
        session.send(key)
        guard case .signalled(let signal) = session.end() else {
            Issue.record("the demo did not crash")
            return
        }
        #expect([SIGILL, SIGTRAP, SIGABRT].contains(signal))
        expectRestored(session)
    }

    @Test func quitSignalRestoresTheTerminal() throws {
        let session = try start()
        session.signal(SIGQUIT)
        #expect(session.end() == .signalled(SIGQUIT))
        expectRestored(session)
    }

    @Test func suspendsUnderAShellAndComesBack() throws {
        let demo = TerminalSession.path(of: "terminal-demo")
        let script =
            "set -m; '\(demo)'; echo stopped; stty -a | grep -c ' echo '; read line; fg >/dev/null; echo over"
        let session = try TerminalSession("/bin/bash", arguments: ["-c", script])
        #expect(session.wait { $0.text.contains("ready") })
        session.send("\u{1A}")
        #expect(session.wait { $0.text.contains("stopped") && $0.isRestored }, "\(session.screen.text)")
        session.send("go\r")
        #expect(
            session.wait { $0.text.contains("resumed") && $0.text.contains("▸ layer 0") && $0.modes.contains(1049) }
        )
        session.send("q")
        #expect(session.end() == .exited(0))
        #expect(session.screen.text.contains("over"))
        expectRestored(session)
    }

    @Test func aContinuedProcessRepaints() throws {
        let session = try start()
        let clears = session.screen.clears
        session.signal(SIGCONT)
        #expect(session.wait { $0.clears > clears && $0.text.contains("all keys") })
    }

    @Test(arguments: [
        ("ansi", "ansi8"), ("linux", "ansi8"), ("vt100", "mono"), ("xterm", "ansi8"),
        ("tmux-256color", "indexed256"), ("screen", "ansi8"),
    ])
    func otherTerminalsWork(name: String, depth: String) throws {
        let session = try start(environment: ["TERM": name])
        #expect(session.screen.text.contains("ready \(depth)"), "\(session.screen.text)")
        session.send("j")
        #expect(session.wait { $0.text.contains("▸ layer 1 ") })
        session.send("q")
        #expect(session.end() == .exited(0))
        #expect(session.isLineMode && session.screen.isRestored, "\(session.screen.modes)")
    }

    @Test(arguments: [
        ("no-such-terminal", "terminalTypeUnknown(\"no-such-terminal\")"), ("", "terminalTypeMissing"),
    ])
    func badTerminalTypesAreErrors(name: String, error: String) throws {
        let session = try TerminalSession("terminal-demo", environment: ["TERM": name])
        #expect(session.end() == .exited(2))
        #expect(session.screen.text.contains(error), "\(session.screen.text)")
        expectRestored(session)
    }

    @Test func withoutATerminalThereIsAnError() throws {
        let (end, output) = try TerminalSession.runWithoutTerminal("terminal-demo")
        #expect(end == .exited(2))
        #expect(output.contains("notATerminal"))
    }

    @Test(arguments: [["LC_ALL": "C"], [:]]) func asciiTerminalsGetOnlyASCII(environment: [String: String]) throws {
        let session = try start(environment.isEmpty ? ["--ascii"] : [], environment: environment)
        #expect(session.screen.text.contains("ready indexed256 ascii"))
        session.send("?")
        #expect(session.wait { $0.text.contains("this help") })
        #expect(session.screen.text.allSatisfy { $0.isASCII })
    }

    @Test(arguments: [["NO_COLOR": "1"], [:]]) func colorCanBeRefused(environment: [String: String]) throws {
        let session = try start(environment.isEmpty ? ["--no-color"] : [], environment: environment)
        #expect(session.screen.text.contains("ready mono"))
        #expect(!session.screen.hasUsedColor)
        let colored = try start()
        #expect(colored.screen.hasUsedColor)
    }

    @Test func mouseModeIsNeverSwitchedOnWithoutLeave() throws {
        let session = try start(["--no-mouse"])
        #expect(session.screen.modes == [1049, 2004])
    }
}

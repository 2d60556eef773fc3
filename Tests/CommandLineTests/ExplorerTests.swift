import Glibc
import TerminalTesting
import Testing

/// The explorer as a user has it: the built program on a pseudo-terminal.
@Suite(.serialized) struct ExplorerTests {
    private let small = ["fashion-mobilenet", "--limit", "600", "--calibrate", "64"]

    private func start(_ arguments: [String], width: Int = 120, height: Int = 40) throws -> TerminalSession {
        let session = try TerminalSession("nibble", arguments: arguments, width: width, height: height)
        #expect(session.wait { $0.text.contains("all 600 images") }, "\(session.screen.text)")
        return session
    }

    private func expectRestored(_ session: TerminalSession) {
        #expect(session.screen.isRestored && session.isLineMode)
        #expect(session.screen.unknown.isEmpty, "\(session.screen.unknown)")
    }

    @Test func editUndoSaveQuitAndReload() throws {
        let path = "/tmp/nibble-explorer-\(getpid()).json"
        defer { unlink(path) }
        let session = try start(small)
        let before = session.screen.text
        session.send("j-")
        #expect(session.wait { $0.text.contains("activations -1 bit") && $0.text.contains("all 600 images") })
        #expect(session.screen.text != before && session.screen.text.contains("3 bits"))
        session.send("u")
        #expect(session.wait { $0.text.contains("undone") && $0.text.contains("4 bits") })
        session.send("b3a")
        #expect(session.wait { $0.text.contains("allocate weights") && $0.text.contains("all 600 images") })
        session.send("W\u{15}\(path)\r")
        #expect(session.wait { $0.text.contains("saved \(path)") })
        // Header, list and figures of the plan that was saved.
        let plan = session.screen.lines[0...30]
        session.send("q")
        #expect(session.end() == .exited(0))
        expectRestored(session)

        let again = try start(["fashion-mobilenet", "--limit", "600", "--calibrate", "64", "--config", path])
        again.send("j")
        #expect(again.wait { screen in screen.lines[0...30] == plan }, "\(again.screen.text)")
        again.send("q")
        #expect(again.end() == .exited(0))
    }

    @Test func survivesAnySizeAndStillQuits() throws {
        let session = try start(small)
        for (width, height) in [(1, 1), (10, 3), (200, 60), (40, 12), (80, 24)] {
            session.resize(width: width, height: height)
            session.send("j")
        }
        #expect(session.wait { $0.text.contains("all keys") && $0.text.contains("layers") })
        session.resize(width: 1, height: 1)
        session.send("q")
        #expect(session.end() == .exited(0))
    }

    @Test(arguments: [SIGTERM, SIGHUP, SIGINT])
    func signalsRestoreTheTerminal(number: Int32) throws {
        let session = try start(small)
        session.signal(number)
        #expect(session.end() == .exited(128 + number))
        expectRestored(session)
    }

    @Test(arguments: [SIGSEGV, SIGABRT, SIGILL])
    func aCrashRestoresTheTerminal(number: Int32) throws {
        let session = try start(small)
        session.signal(number)
        #expect(session.end() == .signalled(number))
        expectRestored(session)
    }

    @Test func anUnwritablePlaceIsSaidAndLosesNothing() throws {
        let session = try start(small)
        session.send("-")
        #expect(session.wait { $0.text.contains("activations -1 bit") })
        session.send("s\u{15}/proc/none/x.json\r")
        #expect(session.wait { $0.text.contains("/proc/none/x.json") && $0.text.contains("✗") })
        session.send("q")
        #expect(session.wait { $0.text.contains("unsaved choices") })
        session.send("q")
        #expect(session.end() == .exited(0))
    }

    @Test func withoutATerminalItSaysWhatToUse() throws {
        let result = try TerminalSession.runWithoutTerminal("nibble", arguments: small)
        #expect(result.end == .exited(1) && result.output.contains("nibble evaluate"))
        #expect(result.output.split(separator: "\n").count == 1)
    }

    @Test func configAndPlanOptionsExcludeEachOther() throws {
        let result = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: ["evaluate", "fashion-vgg", "--config", "x.json", "--weights", "3"])
        #expect(result.end == .exited(64) && result.output.contains("leave out --weights"))
    }

    @Test func aConfigurationOfAnotherNetIsRefused() throws {
        let path = "/tmp/nibble-other-\(getpid()).json"
        defer { unlink(path) }
        let session = try start(small)
        session.send("s\u{15}\(path)\r")
        #expect(session.wait { $0.text.contains("saved \(path)") })
        session.send("q")
        #expect(session.end() == .exited(0))
        let result = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: ["evaluate", "fashion-vgg", "--config", path])
        #expect(result.end == .exited(1) && result.output.contains("belongs to another net"))
        let own = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: ["evaluate", "fashion-mobilenet", "--limit", "100", "--config", path])
        #expect(own.end == .exited(0), "\(own.output)")
    }
}

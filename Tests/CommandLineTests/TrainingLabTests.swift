import Glibc
import TerminalTesting
import Testing

/// The training view as a user has it: the built program on a pseudo-terminal, in a folder of its own.
@Suite(.serialized) final class TrainingLabTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/nibble-view-XXXXXX".utf8CString)
        folder = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
        for file in ["mlp.onnx", "mlp-2.onnx", "mine.onnx"] { unlink("\(folder)/\(file)") }
        rmdir(folder)
    }

    private func start(_ more: String = "") throws -> TerminalSession {
        let nibble = TerminalSession.path(of: "nibble")
        return try TerminalSession(
            "/bin/bash",
            arguments: ["-c", "cd \(folder) && exec \(nibble) fashion-vgg --limit 600 --calibrate 32 \(more)"],
            width: 100,
            height: 30)
    }

    @Test func aNetIsTrainedFromTheFormAndOpenedInTheExplorer() throws {
        let session = try start()
        #expect(session.wait { $0.text.contains("all 600 images") }, "\(session.screen.text)")
        session.send("7")
        #expect(session.wait { $0.text.contains("training 1 of 4") && $0.text.contains("resnet8") })
        // The last suggestion of nets is the mlp.
        session.send("\u{1B}[D")
        #expect(session.wait { $0.text.contains("mlp") })
        session.send("t")
        #expect(
            session.wait { $0.text.contains("wrote mlp.onnx") && $0.text.contains("test") },
            "\(session.screen.text)")
        session.send("\t")
        #expect(
            session.wait { screen in
                screen.text.contains("A test") && screen.text.contains { ("\u{2801}"..."\u{28FF}").contains($0) }
            }, "\(session.screen.text)")
        session.send("o")
        #expect(
            session.wait { $0.text.contains("nibble  mlp  120 images") && $0.text.contains("all 120 images") },
            "\(session.screen.text)")
        // The runs are still there, and nothing is unsaved.
        session.send("7")
        #expect(session.wait { $0.text.contains("A done") })
        session.send("q")
        #expect(session.end() == .exited(0))
        #expect(session.screen.isRestored && session.isLineMode && session.screen.unknown.isEmpty)
        #expect(access("\(folder)/mlp.onnx", F_OK) == 0)
    }

    @Test func aRunIsPausedAndKeptUnderANameOfOnesOwn() throws {
        let session = try start()
        #expect(session.wait { $0.text.contains("layers") })
        session.send("7:train net mlp\r:train epochs 100000\rt")
        #expect(session.wait { $0.text.contains("running") && $0.text.contains("loss") }, "\(session.screen.text)")
        session.send(" ")
        #expect(session.wait { $0.text.contains("A paused") })
        session.send("q")
        #expect(session.wait { $0.text.contains("nets are not kept yet") })
        session.send("\u{1B}")
        #expect(session.wait { !$0.text.contains("nets are not kept yet") })
        session.send("e\u{15}mine.onnx\r")
        #expect(session.wait { $0.text.contains("wrote mine.onnx") }, "\(session.screen.text)")
        session.send("q")
        #expect(session.end() == .exited(0))
        #expect(access("\(folder)/mine.onnx", F_OK) == 0)
    }

    @Test func aSignalKeepsTheNetsOfRuns() throws {
        let session = try start()
        #expect(session.wait { $0.text.contains("layers") })
        session.send("7:train net mlp\r:train epochs 100000\rt")
        #expect(session.wait { $0.text.contains("loss") }, "\(session.screen.text)")
        session.signal(SIGTERM)
        #expect(session.end() == .exited(128 + SIGTERM))
        #expect(access("\(folder)/mlp.onnx", F_OK) == 0)
    }

    @Test func linesOfTextTrainAndOpenToo() throws {
        let session = try start("--plain")
        session.send("train net mlp\rtrain epochs 1\rtrain start\rwait\rtrain open\rwait\rstatus\rquit\r")
        #expect(session.end() == .exited(0))
        #expect(session.screen.text.contains("run A: epoch 1"), "\(session.screen.text)")
        #expect(session.screen.text.contains("all 120 images"), "\(session.screen.text)")
    }
}

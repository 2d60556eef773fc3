import Foundation
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
        _ = try? FileManager.default.removeItem(atPath: folder)
    }

    /// Where an mlp's run goes by itself.
    private let standard = "runs/mlp-fashion-test-images-limit-600"

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
        session.send("-7")
        #expect(session.wait { $0.text.contains("training 1 of 4") && $0.text.contains("resnet8") })
        // The last suggestion of nets is the mlp.
        session.send("\u{1B}[D")
        #expect(session.wait { $0.text.contains("mlp") })
        session.send("t")
        #expect(
            session.wait { $0.text.contains("wrote runs/mlp-") && $0.text.contains("test") },
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
        // Back to the net before, where the choice can be taken back: nothing is unsaved then.
        session.send("O")
        #expect(
            session.wait { $0.text.contains("nibble  fashion-vgg  600 images") && $0.text.contains("O to mlp") },
            "\(session.screen.text)")
        session.send("u")
        #expect(
            session.wait { $0.text.contains("undone: ") && $0.text.contains("all 600 images") },
            "\(session.screen.text)")
        // The runs are still there.
        session.send("7")
        #expect(session.wait { $0.text.contains("A done") })
        session.send("q")
        #expect(session.end() == .exited(0))
        #expect(session.screen.isRestored && session.isLineMode && session.screen.unknown.isEmpty)
        #expect(access("\(folder)/\(standard)/mlp.onnx", F_OK) == 0)
    }

    @Test func aRunIsPausedAndKeptUnderANameOfOnesOwn() throws {
        let session = try start()
        #expect(session.wait { $0.text.contains("layers") })
        session.send("7:train net mlp\r:train epochs 100000\r:train output \(standard)\rt")
        #expect(session.wait { $0.text.contains("running") && $0.text.contains("loss") }, "\(session.screen.text)")
        session.send(" ")
        #expect(session.wait { $0.text.contains("A paused") })
        session.send("q")
        #expect(session.wait { $0.text.contains("runs go on") })
        session.send("\u{1B}")
        #expect(session.wait { !$0.text.contains("runs go on") })
        session.send("e\u{15}mine.onnx\r")
        #expect(session.wait { $0.text.contains("wrote mine.onnx") }, "\(session.screen.text)")
        session.send("q")
        #expect(session.end() == .exited(0))
        #expect(access("\(folder)/mine.onnx", F_OK) == 0)
    }

    @Test func aSignalKeepsTheNetsOfRuns() throws {
        let session = try start()
        #expect(session.wait { $0.text.contains("layers") })
        session.send("7:train net mlp\r:train epochs 100000\r:train output \(standard)\rt")
        #expect(session.wait { $0.text.contains("loss") }, "\(session.screen.text)")
        session.signal(SIGTERM)
        #expect(session.end() == .exited(128 + SIGTERM))
        #expect(access("\(folder)/\(standard)/mlp.onnx", F_OK) == 0)
    }

    private func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try #require(FileManager.default.contents(atPath: "\(folder)/\(path)"), "\(path)"))
    }

    /// A run of many short epochs, in a folder.
    private func train(in name: String) throws -> TerminalSession {
        let session = try start()
        #expect(session.wait { $0.text.contains("layers") })
        session.send("7:train net mlp\r:train epochs 25\r:train output \(name)\rt")
        return session
    }

    @Test func aRunOfAProgramThatIsKilledGoesOnInTheViewAndOnTheCommandLine() throws {
        let whole = try train(in: "whole")
        #expect(whole.wait { $0.text.contains("wrote whole/mlp.onnx") }, "\(whole.screen.text)")
        whole.send("q")
        #expect(whole.end() == .exited(0))

        let killed = try train(in: "view")
        #expect(killed.wait { $0.text.contains("test ") && $0.text.contains("running") }, "\(killed.screen.text)")
        killed.signal(SIGKILL)
        _ = killed.end()
        #expect(access("\(folder)/view/mlp.onnx", F_OK) != 0, "it was complete before it was killed")
        try FileManager.default.copyItem(atPath: "\(folder)/view", toPath: "\(folder)/line")
        let again = try start()
        #expect(again.wait { $0.text.contains("layers") })
        again.send("7:train resume view\r")
        #expect(again.wait { $0.text.contains("wrote view/mlp.onnx") }, "\(again.screen.text)")
        again.send("q")
        #expect(again.end() == .exited(0))

        // The command is that of the run, with --resume; it names the images that the view opened and what it held back of them.
        let report = String(decoding: try bytes("whole/run.json"), as: UTF8.self)
        let command = try #require(report.firstMatch(of: /"command": "nibble ([^"]*)whole"/)).1
        let nibble = TerminalSession.path(of: "nibble")
        let line = try TerminalSession.runWithoutTerminal(
            "/bin/bash", arguments: ["-c", "cd \(folder) && \(nibble) \(command)line --resume"], limit: .seconds(60)
        )
        #expect(line.end == .exited(0), "\(line.output)")
        for file in ["mlp.onnx", "checkpoint.safetensors", "epochs.csv", "norms.svg"] {
            #expect(try bytes("view/\(file)") == bytes("whole/\(file)"), "\(file)")
            #expect(try bytes("line/\(file)") == bytes("whole/\(file)"), "\(file)")
        }
    }

    @Test func linesOfTextTrainAndOpenToo() throws {
        let session = try start("--plain")
        session.send(
            "train net mlp\rtrain epochs 1\rtrain start\rwait\rtrain open\rwait\rstatus\rback\rwait\rstatus\rquit\r"
        )
        #expect(session.end() == .exited(0))
        #expect(session.screen.text.contains("run A: epoch 1"), "\(session.screen.text)")
        #expect(session.screen.text.contains("all 120 images"), "\(session.screen.text)")
        #expect(session.screen.text.contains("back at fashion-vgg"), "\(session.screen.text)")
    }
}

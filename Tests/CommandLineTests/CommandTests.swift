import Glibc
import NetIO
import TerminalTesting
import Testing

@Suite struct ErrorTests {
    private func run(_ arguments: String...) throws -> (end: TerminalSession.End, output: String) {
        try TerminalSession.runWithoutTerminal("nibble", arguments: arguments)
    }

    @Test func aMissingModelIsOneLineAndExitCode1() throws {
        let result = try run("inspect", "/nonexistent/net.onnx")
        #expect(result.end == .exited(1))
    }

    @Test(arguments: [
        ["--weights", "9"], ["--clip", "median"], ["--allocate", "both", "--granularity", "tensor"],
        ["--limit", "0"], ["--mean", "a,b"], ["--std", "0"], ["--layout", "chw"],
    ]) func wrongUsageIsExitCode64(arguments: [String]) throws {
        let result = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: ["evaluate", "net.onnx", "--data", "images.npz"] + arguments)
        #expect(result.end == .exited(64))
    }
}

@Suite struct SampleNetTests {
    @Test(arguments: ["fashion-resnet20", "fashion-mobilenet", "fashion-vgg", "fashion-resnet20-8bit"])
    func aSampleNetIsMeasuredByItsName(name: String) throws {
        let result = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: ["evaluate", name, "--limit", "100", "--calibrate", "32", "--json"])
        #expect(result.end == .exited(0))
        #expect(result.output.hasPrefix("{\"schema\": 1, \"model\": \"\(name).onnx\""))
        #expect(result.output.contains("\"images\": 100, \"labelled\": true"))
        #expect(!result.output.contains("nan"))
    }
}

/// What the commands print, field by field.
@Suite struct ReportTests {
    private let few = ["--limit", "64", "--calibrate", "32"]

    /// What a command prints, read as JSON; notes before it, from standard error, are passed over.
    private func json(_ arguments: [String]) throws -> JSON {
        let result = try TerminalSession.runWithoutTerminal("nibble", arguments: arguments)
        #expect(result.end == .exited(0), "\(result.output)")
        let document = try #require(result.output.split(separator: "\n").last { $0.hasPrefix("{") })
        return try JSON(parsing: document.utf8)
    }

    private func items(_ value: JSON?) -> [JSON] {
        if case .array(let items)? = value { items } else { [] }
    }

    private func number(_ value: JSON?) -> Double? {
        switch value {
        case .int(let number)?: Double(number)
        case .number(let number)?: number
        default: nil
        }
    }

    @Test func evaluationsHaveEveryFieldOfTheInterface() throws {
        let report = try json(["evaluate", "fashion-vgg", "--json", "--threads", "1"] + few)
        #expect(report["schema"] == .int(1) && report["images"] == .int(64) && report["labelled"] == .bool(true))
        #expect(report["model"] == .string("fashion-vgg.onnx") && report["threads"] == .int(1))
        for (group, names) in [
            ("float", ["top1", "top5"]), ("quantized", ["top1", "top5", "agreement", "logitSQNR"]),
            ("difference", ["top1"]), ("bits", ["weightsMean", "activationsMean"]),
            ("bytes", ["float", "quantized"]), ("activationBytes", ["float", "quantized"]),
            ("seconds", ["load", "calibrate", "float", "quantized"]),
        ] {
            for name in names { #expect(number(report[group]?[name]) != nil, "\(group).\(name)") }
        }
        let accuracy = try #require(number(report["quantized"]?["top1"]))
        let interval = items(report["quantized"]?["interval95"]).compactMap(number)
        #expect(interval.count == 2 && interval[0] <= accuracy && accuracy <= interval[1])
        let layers = items(report["layers"])
        #expect(layers.count == 8)
        for layer in layers {
            #expect(layer["paths"] == .string("integer"))
            for name in ["weightBits", "activationBits", "threshold", "sqnrWeights", "sqnrActivations"] {
                #expect(number(layer[name]) != nil, "\(name)")
            }
            #expect(items(layer["range"]).count == 2)
            let bits = items(layer["channelBits"]?["weights"])
            #expect(!bits.isEmpty)
        }
    }

    @Test func whatIsNotKnownIsNull() throws {
        let report = try json(
            [
                "evaluate", "fashion-vgg", "--json", "--weights", "float", "--activations", "float", "--first-last",
                "float", "--data", "\(sampleNets)/fashion-calibration-images.idx.gz", "--mean", "0.286", "--std",
                "0.353",
            ] + few)
        #expect(report["labelled"] == .bool(false) && report["float"]?["top1"] == .null)
        #expect(report["quantized"]?["interval95"] == .null && report["difference"]?["top1"] == .null)
        #expect(number(report["quantized"]?["agreement"]) == 1)
        let layer = items(report["layers"]).first
        #expect(layer?["threshold"] == .null && layer?["sqnrWeights"] == .null && layer?["weightBits"] == .int(32))
    }

    /// Sums stored in 8 bits between layers that read them as they are.
    @Test func layersOfRealInputsReadWhatIsStoredAsCodes() throws {
        let report = try json(
            ["evaluate", "fashion-resnet20", "--json", "--activations", "float", "--first-last", "float"] + few)
        #expect((number(report["quantized"]?["agreement"]) ?? 0) > 0.9)
        #expect(items(report["layers"]).allSatisfy { $0["activationBits"] == .int(32) })
    }

    @Test func inspectCountsWhatTheNetHolds() throws {
        let report = try json(["inspect", "fashion-vgg", "--json"])
        let layers = items(report["layers"])
        let sum = layers.reduce(0.0) { $0 + (number($1["parameters"]) ?? 0) }
        #expect(layers.count == 8 && sum == number(report["parameters"]))
        #expect(layers.allSatisfy { $0["paths"] == .string("integer") })
        #expect(number(report["operators"]?["Conv"]) == 6)
        let output = items(report["outputs"]).first
        #expect(output?["judged"] == .string("classes"))
        let text = try TerminalSession.runWithoutTerminal("nibble", arguments: ["inspect", "fashion-vgg"])
        #expect(text.end == .exited(0) && text.output.contains("multiply-adds"))
    }

    @Test func aSavedEvaluationIsMeasuredAgain() throws {
        let path = "/tmp/nibble-evaluation-\(getpid()).json"
        defer { unlink(path) }
        let first = try json(
            ["evaluate", "fashion-vgg", "--json", "--allocate", "both", "--weights", "3", "--save", path] + few)
        let again = try json(["evaluate", "fashion-vgg", "--json", "--limit", "64", "--config", path])
        #expect(first["quantized"] == again["quantized"] && first["layers"] == again["layers"])
        let other = try TerminalSession.runWithoutTerminal(
            "nibble",
            arguments: ["evaluate", "fashion-vgg", "--limit", "64", "--config", path, "--calibrate", "8"])
        #expect(other.end == .exited(0) && other.output.contains("warning: calibration differs"), "\(other.output)")
        let refused = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: ["evaluate", "fashion-vgg", "--config", path, "--scale", "1"])
        #expect(refused.end == .exited(64) && refused.output.contains("leave out --scale"))
        let unwritable = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: ["evaluate", "fashion-vgg", "--save", "/proc/none/x.json"] + few)
        #expect(unwritable.end == .exited(1) && unwritable.output.contains("/proc/none/x.json"))
    }

    @Test func aSweepComparesEachMethodWithItsBase() throws {
        let report = try json(["sweep", "fashion-mobilenet", "--json"] + few)
        let rows = items(report["rows"])
        #expect(rows.count == 24)
        func row(_ widths: String, _ method: String) -> JSON? {
            rows.first { $0["widths"] == .string(widths) && $0["method"] == .string(method) }
        }
        #expect(row("W4A4", "naive")?["step"]?["from"] == .null)
        for widths in ["W8A8", "W4A8", "W8A4", "W4A4"] {
            let all = try #require(row(widths, "all"))
            let base = try #require(row(widths, "clipping + allocation"))
            #expect(all["step"]?["from"] == .string("clipping + allocation"))
            let step = try #require(number(all["step"]?["top1"]))
            let before = try #require(number(base["top1"]))
            let after = try #require(number(all["top1"]))
            #expect(abs(step - (after - before)) < 1e-9)
            let interval = items(all["step"]?["interval95"]).compactMap(number)
            #expect(interval.count == 2 && interval[0] <= step && step <= interval[1])
        }
        let csv = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: ["sweep", "fashion-mobilenet", "--csv"] + few)
        let lines = csv.output.split(separator: "\n").filter { $0.contains(",") }
        #expect(Set(lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).count }) == [14])
    }

    @Test(arguments: [
        (["--output", "none"], 1, "--output is one of '"), (["--input", "none"], 1, "its input is '"),
        (["--scale", "0"], 64, "--scale is a number other than 0"),
        (["--config", "/nonexistent.json"], 1, "/nonexistent.json"),
    ]) func namesThatDoNotExistAreSaidWithThoseThatDo(arguments: [String], code: Int32, message: String) throws {
        let result = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: ["evaluate", "fashion-vgg"] + arguments)
        #expect(result.end == .exited(code) && result.output.contains(message), "\(result.output)")
    }

    @Test func wrongPreprocessingIsSuspectedNearChance() throws {
        let result = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: ["evaluate", "fashion-vgg", "--limit", "200", "--calibrate", "32", "--scale=-1"])
        #expect(result.end == .exited(0) && result.output.contains("near chance"), "\(result.output)")
    }

    @Test func controlCharactersInAFileCannotBreakTheLine() throws {
        let path = "/tmp/nibble-escape-\(getpid()).json"
        defer { unlink(path) }
        let made = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: ["evaluate", "fashion-vgg", "--save", path] + few)
        #expect(made.end == .exited(0))
        let text = String(decoding: try bytes(of: path), as: UTF8.self)
        try AtomicFile.write(
            text.replacing("\"clip\": \"minmax\"", with: "\"clip\": \"a\\n\\u001b[2Jb\""), to: path)
        let result = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: ["evaluate", "fashion-vgg", "--config", path] + few)
        #expect(result.end == .exited(1) && result.output.split(separator: "\n").count == 1, "\(result.output)")
        #expect(!result.output.contains("\u{1b}"))
    }
}

/// The explorer's command, given what it cannot open.
@Suite struct HostileInputTests {
    @Test(arguments: [[], ["evaluate"], ["inspect"]])
    func aCorruptNetIsOneLine(command: [String]) throws {
        let path = "/tmp/nibble-corrupt-\(getpid())-\(command.count)\(command.first ?? "").onnx"
        defer { unlink(path) }
        let whole = try bytes(of: "\(sampleNets)/fashion-vgg.onnx")
        try AtomicFile.write(whole[..<(whole.count / 2)], to: path)
        let data = command == ["inspect"] ? [] : ["--data", "\(sampleNets)/fashion-test-images.idx.gz"]
        let result = try TerminalSession.runWithoutTerminal("nibble", arguments: command + [path] + data)
        #expect(result.end == .exited(1) && result.output.contains(path), "\(result.output)")
        #expect(result.output.split(separator: "\n").count == 1)
    }

    @Test(arguments: [[], ["evaluate"], ["sweep"]])
    func truncatedAndMisshapenImagesAreOneLine(command: [String]) throws {
        let path = "/tmp/nibble-images-\(getpid())-\(command.first ?? "").npz"
        defer { unlink(path) }
        // The local header of a zip member, and nothing after it.
        try AtomicFile.write([0x50, 0x4b, 3, 4, 20, 0, 0, 0, 8, 0] + [UInt8](repeating: 1, count: 40), to: path)
        for (data, message) in [(path, path), ("\(sampleNets)/fashion-test-labels.idx.gz", "fashion-test-labels")] {
            let result = try TerminalSession.runWithoutTerminal(
                "nibble", arguments: command + ["fashion-vgg", "--data", data])
            #expect(result.end == .exited(1) && result.output.contains(message), "\(result.output)")
            #expect(result.output.split(separator: "\n").count == 1)
        }
        let mismatch = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: command + ["fashion-vgg", "--crop", "20"])
        #expect(mismatch.end == .exited(1) && mismatch.output.contains("--crop"), "\(mismatch.output)")
    }
}

/// The explorer as lines of text.
@Suite struct PlainExplorerTests {
    @Test func commandsAreAnsweredInLines() throws {
        let session = try TerminalSession(
            "nibble",
            arguments: ["fashion-mobilenet", "--limit", "100", "--calibrate", "32", "--plain"], width: 200,
            height: 60)
        #expect(session.wait { $0.text.contains("all 100 images") }, "\(session.screen.text)")
        #expect(session.screen.text.contains("layer 2 ") && session.screen.text.contains("least error at 4 bits"))
        session.send("all activations 3\r")
        #expect(session.wait { $0.text.contains("activations 3, clip auto") }, "\(session.screen.text)")
        session.send("quit\r")
        #expect(session.wait { $0.text.contains("unsaved choices") })
        session.send("quit\r")
        #expect(session.end() == .exited(0))
    }

    @Test func scriptsWaitForWhatTheyAskFor() throws {
        let session = try TerminalSession(
            "nibble",
            arguments: ["fashion-mobilenet", "--limit", "100", "--calibrate", "32", "--plain"], width: 160,
            height: 60)
        // Typed before calibration is done; in order all the same.
        let path = "/tmp/nibble-plain-\(getpid()).json"
        defer { unlink(path) }
        session.send("all activations 3\rwait\rundo\rwait\rweights 5\rsave \(path)\rquit\r")
        #expect(session.end() == .exited(0))
        let text = session.screen.text
        let edit = try #require(text.range(of: "22 layers: activations 3"))
        let measured = try #require(text[edit.upperBound...].range(of: "all 100 images"))
        let undone = try #require(text[measured.upperBound...].range(of: "undone"))
        #expect(text[undone.upperBound...].contains("all 100 images"))
    }

    @Test func theTheoryIsToldInSentences() throws {
        let session = try TerminalSession(
            "nibble", arguments: ["fashion-vgg", "--limit", "32", "--calibrate", "32", "--plain"], width: 160,
            height: 60)
        // Simulations run beside the session; what was typed keeps its order all the same.
        session.send("theory bins\rtheory bits 3\rtheory angle\rtheory ratio 2\rquit\r")
        #expect(session.end() == .exited(0))
        let text = session.screen.text
        let four = try #require(text.range(of: "signed, 4 bits on average"), "\(text)")
        let three = try #require(text[four.upperBound...].range(of: "signed, 3 bits on average"), "\(text)")
        #expect(text[four.upperBound..<three.lowerBound].contains("the two-thirds rule's"))
        let angle = try #require(text[three.upperBound...].range(of: "8 bits: nearest 0."), "\(text)")
        #expect(text[angle.upperBound...].contains("warning: the angle panel has no such choice"))
    }

    @Test func itEndsWithItsInputOnceAllImagesAreSeen() throws {
        let result = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: ["fashion-mobilenet", "--limit", "100", "--calibrate", "32", "--plain"])
        #expect(result.end == .exited(0) && result.output.contains("all 100 images"), "\(result.output)")
        #expect(!result.output.contains("\u{1b}"))
    }
}

/// The content of a file of at most 16 MiB.
private func bytes(of path: String) throws -> [UInt8] {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 16 << 20)
    return Array(bytes[..<fread(&bytes, 1, bytes.count, file)])
}

private let sampleNets =
    "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/sample-nets"

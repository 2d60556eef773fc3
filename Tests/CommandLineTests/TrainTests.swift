import Glibc
import NetIO
import TerminalTesting
import Testing

/// `nibble train`: files, interrupts, bad input.
@Suite final class TrainTests {
    private let folder: String
    private let images: [String]

    init() throws {
        var template = Array("/tmp/nibble-train-XXXXXX".utf8CString)
        folder = String(cString: try #require(mkdtemp(&template)))
        let sample = try #require(try SampleNets().nets.first)
        images = ["--data", sample.images, "--labels", sample.labels, "--limit", "512"]
    }

    deinit { _ = try? shell("rm -r \(folder)") }

    private func train(_ arguments: [String]) throws -> (end: TerminalSession.End, output: String) {
        try TerminalSession.runWithoutTerminal("nibble", arguments: ["train"] + arguments, limit: .seconds(120))
    }

    private func shell(_ script: String) throws -> (end: TerminalSession.End, output: String) {
        try TerminalSession.runWithoutTerminal("/bin/bash", arguments: ["-c", script], limit: .seconds(120))
    }

    private func content(_ path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "r"), "\(path)")
        defer { fclose(file) }
        var (bytes, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }

    private let small = ["resnet8", "--width", "4", "--batch", "32", "--epochs", "2"]

    @Test func `the same seed gives the same files, with one thread and two`() throws {
        for precision in ["float", "8,8,8,16"] {
            for threads in ["1", "2"] {
                let result = try train(
                    small + images
                        + [
                            "--precision", precision, "--norm", "range", "--threads", threads, "--output",
                            "\(folder)/\(threads)",
                        ])
                #expect(result.end == .exited(0), "\(result.output)")
            }
            for file in ["resnet8.onnx", "epochs.csv", "checkpoint.safetensors", "loss.svg"] {
                #expect(try content("\(folder)/1/\(file)") == content("\(folder)/2/\(file)"), "\(file)")
            }
            _ = try shell("rm -r \(folder)/1 \(folder)/2")
        }
    }

    @Test func `recording layers writes a table and changes no other file`() throws {
        for (run, more) in [("plain", []), ("recorded", ["--record-layers", "8"])] {
            let result = try train(small + images + ["--output", "\(folder)/\(run)"] + more)
            #expect(result.end == .exited(0), "\(result.output)")
        }
        for file in ["resnet8.onnx", "epochs.csv", "checkpoint.safetensors"] {
            #expect(try content("\(folder)/plain/\(file)") == content("\(folder)/recorded/\(file)"), "\(file)")
        }
        let rows = String(decoding: try content("\(folder)/recorded/layers.csv"), as: UTF8.self).split(
            separator: "\n")
        // 32 steps, of which 0, 8, 16 and 24, of ten layers.
        #expect(rows.count == 1 + 4 * 10)
        #expect(rows[0].hasPrefix("step,layer,weight norm,gradient norm,effective step,weights' angle"))
        #expect(rows.dropFirst().allSatisfy { $0.split(separator: ",").count == 8 })
    }

    @Test func `a run that is killed ends as it would have when it is resumed`() throws {
        let nibble = TerminalSession.path(of: "nibble")
        let recording = ["--record-layers", "5"]
        let arguments = (small + images + recording).joined(separator: " ")
        #expect(try train(small + images + recording + ["--output", "\(folder)/whole"]).end == .exited(0))
        _ = try shell(
            """
            \(nibble) train \(arguments) --output \(folder)/killed 2>\(folder)/errors & p=$!
            until grep -q 'epoch 1 of' \(folder)/errors; do sleep 0.01; done
            kill -9 $p; wait $p
            """)
        #expect(
            try train(small + images + ["--output", "\(folder)/killed"]).end == .exited(1), "not without --resume")
        let result = try train(small + images + recording + ["--output", "\(folder)/killed", "--resume"])
        #expect(result.end == .exited(0), "\(result.output)")
        for file in ["resnet8.onnx", "epochs.csv", "checkpoint.safetensors", "layers.csv"] {
            #expect(try content("\(folder)/killed/\(file)") == content("\(folder)/whole/\(file)"), "\(file)")
        }
    }

    @Test func `the command in run.json repeats the run, and its options have names`() throws {
        let sample = try #require(try SampleNets().nets.first)
        _ = try shell("ln -s \(sample.images) '\(folder)/my images.idx.gz'")
        let arguments = [
            "mlp", "--width", "8", "--data", "\(folder)/my images.idx.gz", "--labels", sample.labels, "--limit",
            "200",
            "--hold-out", "0.25", "--mean", "0.5", "--precision", "8,8,8,16", "--rounding", "nearest", "--norm",
            "l1",
            "--norm-precision", "half", "--warm-up", "0.5", "--no-flip", "--epochs", "2", "--batch", "16",
            "--output",
            "\(folder)/first run",
        ]
        let result = try train(arguments)
        #expect(result.end == .exited(0), "\(result.output)")
        #expect(result.output.contains("trains on 150 of 200 images drawn at random and tests on 50 others"))
        let report = try JSON(parsing: try content("\(folder)/first run/run.json"))
        #expect(report["options"]?["norm-precision"] == .string("half") && report["options"]?["epochs"] == .int(2))
        #expect(report["options"]?["hold-out"] == .number(0.25) && report["options"]?["test"] == .null)
        #expect(report["options"]?["flip"] == .bool(false) && report["options"]?["schedule"] == .string("triangle"))
        #expect(report["options"]?["warm-up"] == .number(0.5))
        guard case .string(let command)? = report["command"] else {
            Issue.record("no command")
            return
        }
        let nibble = TerminalSession.path(of: "nibble")
        let again = try shell("mv '\(folder)/first run' '\(folder)/moved'; \(nibble)\(command.dropFirst(6))")
        #expect(again.end == .exited(0), "\(again.output)")
        for file in ["mlp.onnx", "epochs.csv", "checkpoint.safetensors", "run.json"] {
            #expect(try content("\(folder)/first run/\(file)") == content("\(folder)/moved/\(file)"), "\(file)")
        }
    }

    @Test func `other options, and a folder that a run has, are refused`() throws {
        let nibble = TerminalSession.path(of: "nibble")
        let arguments = (small + images + ["--output", "\(folder)/run"]).joined(separator: " ")
        // The first holds the folder until it is stopped.
        let result = try shell(
            """
            \(nibble) train \(arguments) --epochs 1000 2>/dev/null & p=$!
            until [ -e \(folder)/run/checkpoint.safetensors ]; do sleep 0.01; done
            \(nibble) train \(arguments) --epochs 1000 --resume; echo "second $?"
            kill -9 $p; wait $p
            \(nibble) train \(arguments) --epochs 3 --resume; echo "third $?"
            """)
        #expect(result.output.contains("is the folder of a run that is under way"), "\(result.output)")
        #expect(result.output.contains("(epochs 1000, not 3)"), "\(result.output)")
        #expect(result.output.contains("second 1") && result.output.contains("third 1"))
    }

    @Test func `an interrupt keeps what was done`() throws {
        let nibble = TerminalSession.path(of: "nibble")
        let arguments = (["resnet8", "--batch", "32", "--epochs", "1000"] + images).joined(separator: " ")
        let result = try shell(
            """
            \(nibble) train \(arguments) --output \(folder)/run & p=$!
            until [ -e \(folder)/run/checkpoint.safetensors ]; do sleep 0.01; done
            sleep 0.3; kill -INT $p; wait $p; echo "code $?"
            """)
        #expect(
            result.output.contains("code 130") && result.output.contains("go on with --resume"), "\(result.output)")
        #expect(try !content("\(folder)/run/resnet8.onnx").isEmpty)
    }

    @Test func `a trained net is a net for the other commands`() throws {
        #expect(try train(small + images + ["--output", "\(folder)/run"]).end == .exited(0))
        let result = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: ["evaluate", "\(folder)/run/resnet8.onnx", "--limit", "64"] + images.dropLast(2))
        #expect(result.end == .exited(0), "\(result.output)")
    }

    @Test func `a disk that is full ends the run with a line and leaves the last checkpoint whole`() throws {
        let nibble = TerminalSession.path(of: "nibble")
        let arguments = (small + images).joined(separator: " ")
        #expect(
            try train(
                ["resnet8", "--width", "4", "--batch", "32", "--epochs", "1"] + images + [
                    "--output", "\(folder)/run",
                ]
            ).end == .exited(0))
        let before = try content("\(folder)/run/checkpoint.safetensors")
        let result = try shell(
            "trap '' XFSZ; ulimit -f 8; \(nibble) train \(arguments) --epochs 1 --resume --output \(folder)/run; echo \"code $?\""
        )
        #expect(result.output.contains("cannot write \(folder)/run/checkpoint.safetensors"), "\(result.output)")
        #expect(result.output.contains("code 1"))
        #expect(try content("\(folder)/run/checkpoint.safetensors") == before)
    }

    @Test(arguments: [
        ["lenet", "--output", "x"], ["resnet21", "--output", "x"], ["resnet8"], [],
        ["resnet8", "--experiment", "sigma"],
        ["resnet8", "--output", "x", "--precision", "8,8,8"],
        ["resnet8", "--output", "x", "--precision", "8,8,0,16"],
        ["resnet8", "--output", "x", "--norm-precision", "double"], ["resnet8", "--output", "x", "--warm-up", "1"],
        ["resnet8", "--output", "x", "--norm", "l3"], ["resnet8", "--output", "x", "--decay", "-1"],
        ["resnet8", "--output", "x", "--epochs", "0"], ["resnet8", "--output", "x", "--rate", "nan"],
        ["resnet8", "--output", "x", "--std", "0"], ["resnet8", "--output", "x", "--record-layers", "0"],
        ["resnet8", "--output", "x", "--hold-out", "0.2"],
        ["resnet8", "--output", "x", "--data", "y", "--hold-out", "1"],
        ["resnet8", "--output", "x", "--data", "y", "--test", "z", "--hold-out", "0.2"],
        ["resnet8", "--output", "x", "--layout", "rgb"], ["resnet8", "--output", "x", "--channels", "nchw"],
        ["--experiment", "sigma", "--record-layers", "1"], ["resnet8", "--output", "x", "--labels", "y"],
    ])
    func `wrong usage is exit code 64`(arguments: [String]) throws {
        let result = try train(arguments)
        #expect(result.end == .exited(64), "\(result.output)")
    }

    @Test func `what cannot be read or does not fit is one line and exit code 1`() throws {
        let output = ["--output", "\(folder)/run"]
        let sample = try #require(try SampleNets().nets.first)
        for arguments in [
            ["resnet8", "--data", "/nonexistent"], ["resnet8", "--data", sample.images],
            ["resnet8"] + images + ["--batch", "513"], ["resnet8"] + images + ["--crop", "3"],
            ["resnet8"] + images + ["--resume"], ["mlp"] + images + ["--batch", "1"],
            ["resnet8"] + images + ["--test", sample.file],
        ] {
            let result = try train(arguments + output)
            #expect(result.end == .exited(1), "\(arguments): \(result.output)")
            #expect(result.output.split(separator: "\n").count { $0.hasPrefix("Error: ") } == 1, "\(result.output)")
        }
        try AtomicFile.write("no checkpoint", to: "\(folder)/checkpoint.safetensors")
        let result = try train(small + images + ["--output", folder, "--resume"])
        #expect(result.end == .exited(1) && result.output.contains("is damaged"), "\(result.output)")
    }
}

import CPng
import Glibc
import NetIO
import TerminalTesting
import Testing

/// What the commands do with images that are large, many, or damaged behind their headers.
@Suite struct DataTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/nibble-data-XXXXXX".utf8CString)
        folder = String(cString: try #require(mkdtemp(&template)))
    }

    private func remove(_ names: [String]) {
        for name in names { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    /// A grey PNG of noise, side × side.
    private func png(_ name: String, side: Int) {
        var image = png_image()
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        image.width = UInt32(side)
        image.height = UInt32(side)
        let pixels = (0..<side * side).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 7) }
        png_image_write_to_file(&image, "\(folder)/\(name)", 0, pixels, 0, nil)
    }

    /// Float64 images of 28 × 28 in a `.npy` file.
    private func npy(_ name: String, images: Int) throws {
        let count = images * 784
        var header = "{'descr': '<f8', 'fortran_order': False, 'shape': (\(images), 1, 28, 28), }"
        header += String(repeating: " ", count: 117 - header.count) + "\n"
        let file = try #require(fopen("\(folder)/\(name)", "w"))
        defer { fclose(file) }
        let start = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
        fwrite(start, 1, start.count, file)
        let values = (0..<784).map { Double($0 % 256) / 255 }
        for _ in 0..<count / 784 { fwrite(values, 8, values.count, file) }
    }

    /// Kilobytes of a process's memory that a line of its status tells.
    private func kilobytes(_ name: String, of process: Int32) throws -> Int {
        let file = try #require(fopen("/proc/\(process)/status", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 14)
        let text = String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("\(name):") })
        return try #require(line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) })
    }

    /// What a session holds when it has measured all its images: memory of its own, and the most that it ever used.
    private func memory(_ data: String, _ images: String, _ options: [String] = []) throws -> (own: Int, peak: Int)
    {
        let arguments = [
            "fashion-vgg", "--plain", "--data", data, "--calibrate", "64", "--cache-memory", "0", "--threads", "2",
        ]
        let session = try TerminalSession("nibble", arguments: arguments + options, width: 200, height: 60)
        #expect(
            session.wait(limit: .seconds(120)) { $0.text.contains("all \(images) images") },
            "\(session.screen.text)")
        let found = (
            try kilobytes("RssAnon", of: session.process), try kilobytes("VmHWM", of: session.process)
        )
        session.send("quit\r")
        #expect(session.end() == .exited(0))
        return found
    }

    @Test func aMappedArrayIsNotCopied() throws {
        defer { remove(["few.npy", "many.npy"]) }
        try npy("few.npy", images: 100)
        try npy("many.npy", images: 12_000)
        let few = try memory("\(folder)/few.npy", "100", ["--scale", "1"])
        let many = try memory("\(folder)/many.npy", "12,000", ["--scale", "1"])
        // The file has 75 MB, and 38 as single-precision reals. Outputs, labels and the order are 1 MB.
        let file = 11_900 * 784 * 8 / 1024
        #expect(many.own - few.own < file / 4, "\(few) \(many)")
        #expect(many.peak - few.peak < file * 5 / 4, "\(few) \(many)")
    }

    @Test func picturesOfAFolderAreNotHeldDecoded() throws {
        let names = (0..<400).map { "\($0).png" }
        defer { remove(names) }
        png("0.png", side: 512)
        for name in names.dropFirst() { link("\(folder)/0.png", "\(folder)/\(name)") }
        let options = ["--resize", "28", "--mean", "0.286", "--std", "0.353"]
        let few = try memory(folder, "20", options + ["--limit", "20"])
        let many = try memory(folder, "400", options)
        // Decoded the 380 further ones would be 97 MB; framed they are 0.3 MB.
        #expect(many.own - few.own < 380 * 512 * 512 / 4 / 1024, "\(few) \(many)")
        #expect(many.peak - few.peak < 380 * 512 * 512 / 4 / 1024, "\(few) \(many)")
    }

    @Test(arguments: [["evaluate", "fashion-vgg"], ["sweep", "fashion-vgg"], ["fashion-vgg", "--plain"]])
    func aPictureDamagedBehindItsHeaderEndsTheRunWithItsName(command: [String]) throws {
        let names = (0..<20).map { "\($0).png" }
        defer { remove(names) }
        for name in names { png(name, side: 28) }
        #expect(truncate("\(folder)/7.png", 200) == 0)
        let result = try TerminalSession.runWithoutTerminal("nibble", arguments: command + ["--data", folder])
        #expect(result.end == .exited(1), "\(result.output)")
        let lines = result.output.split(separator: "\n").filter { $0.contains("7.png") }
        #expect(lines.count == 1 && lines[0].contains("cannot decode \(folder)/7.png"), "\(result.output)")
    }

    @Test func theExplorerShowsWhyItsCalibrationEnded() throws {
        let names = (0..<4).map { "\($0).png" }
        defer { remove(names) }
        for name in names { png(name, side: 28) }
        #expect(truncate("\(folder)/2.png", 200) == 0)
        let session = try TerminalSession(
            "nibble", arguments: ["fashion-vgg", "--data", folder], width: 150, height: 40)
        #expect(session.wait { $0.text.contains("cannot decode \(folder)/2.png") }, "\(session.screen.text)")
        #expect(session.wait { $0.text.contains("calibration ended") }, "\(session.screen.text)")
        session.send("q")
        #expect(session.end() == .exited(0))
    }
}

/// What each layer alone costs, on the command line.
@Suite struct SensitivityReportTests {
    private let arguments = [
        "evaluate", "fashion-vgg", "--limit", "64", "--calibrate", "32", "--sensitivity",
    ]

    @Test func everyLayerIsListedAtEveryWidthBestFirst() throws {
        let result = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: arguments + ["--json"], limit: .seconds(60))
        #expect(result.end == .exited(0), "\(result.output)")
        let document = try #require(result.output.split(separator: "\n").last { $0.hasPrefix("{") })
        let sensitivity = try JSON(parsing: document.utf8)["sensitivity"]
        #expect(sensitivity?["images"] == .int(64) && sensitivity?["complete"] == .bool(true))
        guard case .array(let rows)? = sensitivity?["layers"] else {
            Issue.record("no layers")
            return
        }
        // Eight layers at seven widths.
        #expect(rows.count == 56 && Set(rows.map { [$0["name"], $0["bits"]] }).count == 56)
        let changes = rows.compactMap { row -> Double? in
            switch row["top1"] {
            case .number(let value)?: value
            case .int(let value)?: Double(value)
            default: nil
            }
        }
        #expect(changes.count == 56 && changes == changes.sorted(by: >))
    }

    @Test func anInterruptShowsWhatIsDone() throws {
        let session = try TerminalSession(
            "nibble",
            arguments: ["evaluate", "fashion-resnet20", "--calibrate", "32", "--limit", "1000", "--sensitivity"],
            width: 160, height: 200)
        #expect(session.wait { $0.text.contains("sensitivity  [") }, "\(session.screen.text)")
        session.signal(SIGINT)
        #expect(session.end() == .exited(130), "\(session.screen.text)")
        #expect(session.screen.text.contains("interrupted after"), "\(session.screen.text)")
        #expect(session.screen.text.contains("difference"))
    }
}

/// Paths that name something other than a file of the kind wanted.
@Suite struct HostilePathTests {
    @Test(arguments: ["directory", "pipe", "device", "empty", "missing"])
    func eachIsOneLineThatNamesIt(kind: String) throws {
        var template = Array("/tmp/nibble-path-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        let path = "\(folder)/it"
        defer {
            unlink(path)
            rmdir(path)
            rmdir(folder)
        }
        switch kind {
        case "directory": mkdir(path, 0o755)
        case "pipe": mkfifo(path, 0o644)
        case "device": symlink("/dev/zero", path)
        case "empty": close(open(path, O_CREAT | O_WRONLY, 0o644))
        default: break
        }
        for arguments in [
            ["inspect", path + (kind == "missing" ? ".onnx" : "")], ["evaluate", "fashion-vgg", "--data", path],
            ["evaluate", "fashion-vgg", "--calibration", path], ["evaluate", "fashion-vgg", "--labels", path],
            ["evaluate", "fashion-vgg", "--config", path], ["fashion-vgg", "--plain", "--data", path],
        ] {
            let result = try TerminalSession.runWithoutTerminal("nibble", arguments: arguments)
            #expect(result.end == .exited(1), "\(arguments): \(result.output)")
            let lines = result.output.split(separator: "\n")
            #expect(lines.count == 1 && lines[0].contains(path), "\(arguments): \(result.output)")
        }
    }
}

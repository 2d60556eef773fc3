import Glibc
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
    @Test(arguments: ["fashion-resnet20", "fashion-mobilenet", "fashion-vgg"])
    func aSampleNetIsMeasuredByItsName(name: String) throws {
        let result = try TerminalSession.runWithoutTerminal(
            "nibble", arguments: ["evaluate", name, "--limit", "100", "--calibrate", "32", "--json"])
        #expect(result.end == .exited(0))
        #expect(result.output.hasPrefix("{\"schema\": 1, \"model\": \"\(name).onnx\""))
        #expect(result.output.contains("\"images\": 100, \"labelled\": true"))
        #expect(!result.output.contains("nan"))
    }
}

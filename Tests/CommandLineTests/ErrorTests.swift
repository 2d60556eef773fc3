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

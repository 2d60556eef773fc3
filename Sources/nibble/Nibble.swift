import ArgumentParser
import Glibc

/// The command line's root.
@main
struct Nibble: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nibble",
        abstract: "Explore the post-training quantization of convolutional nets.",
        version: "0.1.0",
        subcommands: [Explore.self, Inspect.self, Evaluate.self, Sweep.self, Train.self],
        defaultSubcommand: Explore.self)

    /// Runs the command named; a failed run ends with one line on standard error and exit code 1.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            guard exitCode(for: error) == .failure, !(error is ExitCode) else { exit(withError: error) }
            // Names and values from files come into messages: what would break the line is written as an escape.
            printToStandardError("Error: \("\(error)".visible)")
            Glibc.exit(ExitCode.failure.rawValue)
        }
    }
}

/// A failed run: one line on standard error and exit code 1.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension String {
    /// The text with control characters written as escapes, so that it stays on its line and cannot steer a terminal.
    var visible: String {
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
                result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}

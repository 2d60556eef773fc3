import ArgumentParser

/// The command line's root.
@main
struct Nibble: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nibble",
        abstract: "Explore the post-training quantization of convolutional nets.",
        version: "0.1.0",
        subcommands: [Explore.self, Inspect.self, Evaluate.self, Sweep.self], defaultSubcommand: Explore.self)
}

/// A failed run: one line on standard error and exit code 1.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

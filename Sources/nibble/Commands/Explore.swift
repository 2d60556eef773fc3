import ArgumentParser
import Engine
import Foundation
import NetIO
import Quant
import TUI
import Terminal
import Workbench

/// Opens the explorer.
struct Explore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explore a net: histograms, clipping curves, bits per channel, accuracy as you edit.",
        discussion: "Without a model the sample net fashion-resnet20 opens with its own images.")

    @Argument(help: "The net: an ONNX file, or the name of a sample net.")
    var model = "fashion-resnet20"

    @OptionGroup var inputs: InputOptions
    @OptionGroup var data: DataOptions
    @OptionGroup var plan: PlanArguments
    @OptionGroup var run: RunArguments

    @Flag(help: "Attributes only, no colours; so does NO_COLOR.")
    var noColor = false

    @Flag(help: "Draw with ASCII characters only.")
    var ascii = false

    @Flag(help: "Leave the mouse to the terminal.")
    var noMouse = false

    @Option(
        help: "Memory for what runs leave at checkpoints, such as 512M or 2G; default: a quarter of what is free.")
    var cacheMemory: String?

    @Flag(help: "Lines of text instead of a screen: commands on standard input, for screen readers and logs.")
    var plain = false

    func validate() throws {
        if let cacheMemory, Explore.bytes(cacheMemory) == nil {
            throw ValidationError("--cache-memory is a number of bytes, or of K, M or G, not '\(cacheMemory)'")
        }
    }

    /// `512M` in bytes.
    static func bytes(_ text: String) -> Int? {
        let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        let unit = text.last.flatMap { units[$0] }
        guard let number = Int(unit == nil ? text[...] : text.dropLast()), number >= 0 else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
        return overflow ? nil : bytes
    }

    func run() async throws {
        let session = try session()
        if plain {
            guard await explore(session) else { throw ExitCode.failure }
            return
        }
        var screenOptions: NcursesScreen.Options = []
        if noColor { screenOptions.insert(.noColor) }
        if ascii { screenOptions.insert(.ascii) }
        if noMouse { screenOptions.insert(.noMouse) }
        // Curses belongs to one thread, and the loop blocks it: the main one, which no background task needs.
        let end = try await MainActor.run { [screenOptions] in
            let screen = try openScreen(screenOptions)
            defer { screen.close() }
            return Explorer(session).run(on: screen)
        }
        if case .signal(let number) = end { throw ExitCode(128 + number) }
    }

    /// The session as lines: standard input is read on a thread of its own, since reading blocks.
    ///
    /// - Returns: whether no run was stopped by an error.
    private func explore(_ session: Session) async -> Bool {
        let explorer = PlainExplorer(session) { line in
            // Not by `print`: the stream's lock may be held by the thread that waits for input.
            writeLine(line.visible, to: 1)
        }
        let input = explorer.input
        let reader = Thread {
            while let line = readLine() { input(line) }
            input(nil)
        }
        reader.start()
        return await explorer.run()
    }

    private func session() throws -> Session {
        let work = try Workload(ModelArgument(model, inputs), data, plan, run)
        let subject = work.subject(
            cacheBudget: cacheMemory.flatMap(Explore.bytes) ?? CheckpointCache.standardBudget)
        var session = Session(subject, configuration: work.configuration, file: plan.config)
        if let note = work.notes.last { session.say(Notice(.warning, note)) }
        return session
    }
}

/// Opens the terminal, or says why not.
@MainActor
private func openScreen(_ options: NcursesScreen.Options) throws -> NcursesScreen {
    do {
        return try NcursesScreen(options: options)
    } catch {
        switch error {
        case .notATerminal:
            throw Failure(
                "the explorer needs a terminal: use --plain, 'nibble evaluate' or 'nibble sweep' without one")
        case .terminalTypeMissing:
            throw Failure(
                "TERM is not set: set it to your terminal's type, such as TERM=xterm-256color, or use --plain")
        case .terminalTypeUnknown(let name):
            throw Failure(
                "the terminal database has no '\(name)': set TERM to a type that it has, such as xterm, or use --plain"
            )
        case .systemCall(let call, let number):
            throw Failure("the terminal cannot be used: \(call) failed with error \(number)")
        }
    }
}

import ArgumentParser
import Engine
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

    @OptionGroup var data: DataOptions
    @OptionGroup var plan: PlanArguments
    @OptionGroup var run: RunArguments

    @Flag(help: "Attributes only, no colours; so does NO_COLOR.")
    var noColor = false

    @Flag(help: "Draw with ASCII characters only.")
    var ascii = false

    @Flag(help: "Leave the mouse to the terminal.")
    var noMouse = false

    func run() async throws {
        let session = try session()
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

    private func session() throws -> Session {
        let options = try run.options()
        let argument = ModelArgument(model)
        let sample = try argument.sample()
        let file = try OnnxFile(path: argument.path(sample))
        let net = LayerGraph(file.graph)
        guard !net.layers.isEmpty else {
            throw Failure("\(model): no convolution or linear layer with constant weights, so nothing to quantize")
        }
        let saved = try plan.saved()
        let configuration = try plan.configuration(for: net, file: file, saved: saved)
        let (measured, observed, notes) = try data.load(for: net, sample: sample, saved: saved?.input)
        let input = SavedConfiguration.Input(
            measured.preprocessing, resize: data.resize ?? saved?.input.resize, crop: data.crop ?? saved?.input.crop
        )
        let name = sample?.name ?? ModelArgument.title(of: model)
        let subject = Subject(
            name: name, sha256: file.sha256, net: net,
            measured: ImageSource(measured.images, measured.preprocessing, isShuffled: true), observed: observed,
            input: input, origin: saved, options: options)
        var session = Session(subject, configuration: configuration, file: plan.config)
        if let note = notes.last { session.say(Notice(.warning, note)) }
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
            throw Failure("the explorer needs a terminal: use 'nibble evaluate' or 'nibble sweep' in scripts")
        case .terminalTypeMissing:
            throw Failure("TERM is not set: set it to your terminal's type, such as TERM=xterm-256color")
        case .terminalTypeUnknown(let name):
            throw Failure("the terminal database has no '\(name)': set TERM to a type that it has, such as xterm")
        case .systemCall(let call, let number):
            throw Failure("the terminal cannot be used: \(call) failed with error \(number)")
        }
    }
}

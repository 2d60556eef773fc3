import ArgumentParser
import NetIO

/// What a file leaves open about a net's inputs.
struct InputOptions: ParsableArguments {
    @Option(
        name: .customLong("shape"),
        help: ArgumentHelp(
            "Shape of the net's input, such as 1,3,224,224, or NAME:1,3,224,224; for what the file leaves open.",
            valueName: "shape"))
    var shapes: [String] = []

    @Option(
        name: .customLong("value"),
        help: ArgumentHelp(
            "The value of every element of an input that images do not feed, as NAME:NUMBER.", valueName: "value"))
    var values: [String] = []

    func validate() throws { _ = try importOptions() }

    /// The options as the importer takes them.
    func importOptions() throws -> ImportOptions {
        var options = ImportOptions()
        for text in shapes {
            let parts = InputOptions.split(text)
            let dimensions = parts.rest.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            let known = dimensions.compactMap { $0 }.filter { (1...1 << 24).contains($0) }
            guard known.count == dimensions.count, !known.isEmpty else {
                throw ValidationError("--shape takes whole numbers such as 1,3,224,224, not '\(text)'")
            }
            if let name = parts.name { options.shapes[name] = known } else { options.shape = known }
        }
        for text in values {
            let parts = InputOptions.split(text)
            guard let name = parts.name, let value = Float(parts.rest), value.isFinite else {
                throw ValidationError("--value takes NAME:NUMBER, not '\(text)'")
            }
            options.fixed[name] = value
        }
        return options
    }

    /// A name, which may hold colons itself, and what follows the last colon.
    private static func split(_ text: String) -> (name: String?, rest: Substring) {
        guard let colon = text.lastIndex(of: ":") else { return (nil, text[...]) }
        return (String(text[..<colon]), text[text.index(after: colon)...])
    }
}

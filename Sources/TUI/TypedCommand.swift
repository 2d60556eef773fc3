import Quant
import Workbench

/// A command of the command line, in the words of the batch options: `weights 4`, `clip mse`, `save FILE`.
enum TypedCommand: Hashable, Sendable {
    /// Something the session does.
    case session(Command)
    /// Choose a view.
    case view(ViewKind)
    case help, quit

    /// Why a line is no command.
    struct Problem: Error, Hashable {
        let text: String
    }

    private static let widths = ["float"] + (0...8).reversed().map(String.init)
    /// The commands and the values that complete them.
    static let vocabulary: [(name: String, values: [String])] = [
        ("weights", widths), ("activations", widths),
        ("clip", ["auto", "laplace", "gauss", "mse", "kl", "minmax", "percentile:99.9", "sigma:3"]),
        ("clip-weights", ["minmax", "auto", "laplace", "gauss", "mse", "kl", "percentile:99.9", "sigma:3"]),
        ("threshold", ["auto"]), ("allocate", AllocationChoice.allCases.map(\.rawValue)),
        ("correct", BiasCorrection.allCases.map(\.rawValue)), ("granularity", Granularity.allCases.map(\.rawValue)),
        ("budget", AllocationBudget.allCases.map(\.rawValue)), ("rule", AllocationRule.allCases.map(\.rawValue)),
        ("measure", AllocationMeasure.allCases.map(\.rawValue)),
        ("residual", ResidualStorage.allCases.map(\.rawValue)), ("filter", []), ("layer", []), ("channel", []),
        ("view", ["explorer", "weights", "channels", "sensitivity", "theory", "training"]), ("sensitivity", []),
        ("theory", theoryWords), ("train", trainingWords), ("back", []), ("apply", ["all"]),
        ("undo", []), ("redo", []),
        ("save", []), ("load", []), ("help", []), ("quit", []),
    ]

    /// Reads a line.
    ///
    /// - Parameter all: whether a change of a layer's choices is meant for all layers: the word `all` before it.
    init(_ line: String, layerNames: [String]) throws(Problem) {
        var words = line.split(separator: " ", maxSplits: 1).map(String.init)
        var isForAll = false
        if words.first == "all", words.count == 2 {
            isForAll = true
            words = words[1].split(separator: " ", maxSplits: 1).map(String.init)
        }
        guard let name = words.first else { throw Problem(text: "nothing typed") }
        let value = words.count > 1 ? words[1].trimmed : ""
        switch name {
        case "undo": self = .session(.undo)
        case "redo": self = .session(.redo)
        case "help": self = .help
        case "quit", "q": self = .quit
        case "filter": self = .session(.filter(value))
        case "sensitivity": self = .session(.sense)
        case "theory": self = .session(.theory(try TypedCommand.theory(value)))
        case "train": self = .session(.train(try TypedCommand.train(value)))
        case "back": self = .session(.back)
        case "apply": self = .session(.applyToAll)
        case "save", "load":
            guard !value.isEmpty else { throw Problem(text: "\(name) needs a file") }
            self = .session(name == "save" ? .save(value) : .load(value))
        case "layer":
            let number = Int(value).flatMap { (1...max(1, layerNames.count)).contains($0) ? $0 - 1 : nil }
            guard let index = number ?? layerNames.firstIndex(of: value) else {
                throw Problem(text: "no layer '\(value)': give its name or a number from 1 to \(layerNames.count)")
            }
            self = .session(.select(index))
        case "channel":
            guard let number = Int(value), number >= 1 else { throw Problem(text: "channel takes a number from 1") }
            self = .session(.selectChannel(number - 1))
        case "view":
            let views: [String: ViewKind] = [
                "explorer": .explorer, "weights": .weights, "channels": .channels, "sensitivity": .sensitivity,
                "theory": .theory, "training": .training,
            ]
            guard let view = views[value] else {
                throw Problem(text: "view is explorer, weights, channels, sensitivity, theory or training")
            }
            self = .view(view)
        case "budget": self = .session(.editNet(.budget(try TypedCommand.choice(name, value))))
        case "rule": self = .session(.editNet(.rule(try TypedCommand.choice(name, value))))
        case "measure": self = .session(.editNet(.measure(try TypedCommand.choice(name, value))))
        case "residual": self = .session(.editNet(.residual(try TypedCommand.choice(name, value))))
        default:
            let change = try TypedCommand.change(name, value)
            self = .session(isForAll ? .editAll(change) : .edit(change))
        }
    }

    private static func change(_ name: String, _ value: String) throws(Problem) -> Change {
        switch name {
        case "weights": return .precision(.weights, try precision(name, value))
        case "activations": return .precision(.activations, try precision(name, value))
        case "clip", "clip-weights":
            guard let method = ClippingMethod(argument: value) else {
                throw Problem(
                    text:
                        "\(name) is auto, laplace, gauss, mse, kl, minmax, percentile:P, sigma:N or range:LOW:HIGH")
            }
            return .clipping(name == "clip" ? .activations : .weights, method)
        case "threshold":
            if value == "auto" { return .threshold(nil) }
            guard let threshold = Double(value), threshold.isFinite, threshold > 0 else {
                throw Problem(text: "threshold takes a positive number, or auto")
            }
            return .threshold(threshold)
        case "allocate": return .allocation(try choice(name, value))
        case "correct": return .correction(try choice(name, value))
        case "granularity": return .granularity(try choice(name, value))
        default:
            let names = vocabulary.map(\.name).joined(separator: ", ")
            throw Problem(text: "no command '\(name)'; there are \(names)")
        }
    }

    private static func precision(_ name: String, _ value: String) throws(Problem) -> Precision {
        if value == "float" { return .float }
        guard let bits = Int(value), (0...8).contains(bits) else {
            throw Problem(text: "\(name) takes 0 to 8, or float")
        }
        return .bits(bits)
    }

    private static func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, _ value: String
    ) throws(Problem) -> Choice where Choice.RawValue == String {
        guard let choice = Choice(rawValue: value) else {
            throw Problem(text: "\(name) is \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }

    /// The ways a line can go on: whole lines, best first.
    static func completions(of line: String, layerNames: [String]) -> [String] {
        let all = line.hasPrefix("all ") ? "all " : ""
        let rest = line.dropFirst(all.count)
        guard let blank = rest.firstIndex(of: " ") else {
            return vocabulary.map(\.name).filter { $0.hasPrefix(rest) }.map { all + $0 + " " }
        }
        let name = String(rest[..<blank])
        let typed = rest[rest.index(after: blank)...]
        let values = name == "layer" ? layerNames : vocabulary.first { $0.name == name }?.values ?? []
        return values.filter { $0.hasPrefix(typed) }.map { "\(all)\(name) \($0)" }
    }
}

extension String {
    /// The text without blanks at its ends.
    var trimmed: String {
        var text = self[...]
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

import Training
import Workbench

extension TypedCommand {
    /// What completes `train`.
    static let trainingWords =
        ["start", "resume", "pause", "keep", "drop", "open", "other"] + TrainingPanel.allCases.map(\.rawValue)
        + TrainingField.allCases.flatMap { field in field.suggestions.map { "\(field.rawValue) \($0)" } }

    /// Reads what follows the word `train`: something done with a run, a panel, or a line of the form and its word.
    static func train(_ words: String) throws(Problem) -> TrainingChange {
        let parts = words.split(separator: " ", maxSplits: 1).map(String.init)
        let value = parts.count > 1 ? parts[1].trimmed : ""
        let name = parts.first ?? ""
        switch name {
        case "start": return .start
        case "resume":
            guard !value.isEmpty else { throw Problem(text: "train resume takes the folder of a run") }
            return .resume(value)
        case "pause": return .pause
        case "keep": return .keep(value.isEmpty ? nil : value)
        case "drop": return .drop
        case "open": return .open
        case "other": return .other
        default:
            if let panel = TrainingPanel(rawValue: name) { return .panel(panel) }
            guard let field = TrainingField.allCases.first(where: { $0.rawValue == name }) else {
                throw Problem(
                    text: "train takes start, resume FOLDER, pause, keep [FILE], drop, open, other, "
                        + TrainingField.allCases.map(\.rawValue).joined(separator: ", "))
            }
            return .word(field, value)
        }
    }
}

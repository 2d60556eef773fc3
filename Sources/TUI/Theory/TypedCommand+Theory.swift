import Training
import Workbench

extension TypedCommand {
    /// What completes `theory`.
    static let theoryWords =
        TheoryPanel.allCases.map(\.rawValue) + Distribution.allCases.map { "prior \($0.rawValue)" }
        + AngleExperiment.bits.map { "bits \($0)" }
        + ["range signed", "range rectified", "threshold auto", "ratio 4", "count 1024"]

    /// Reads what follows the word `theory`: nothing, a panel, or a choice of the panel.
    static func theory(_ words: String) throws(Problem) -> TheoryChange {
        let parts = words.split(separator: " ", maxSplits: 1).map(String.init)
        guard let name = parts.first else { return .show }
        let value = parts.count > 1 ? parts[1].trimmed : ""
        if let panel = TheoryPanel(rawValue: name), value.isEmpty { return .panel(panel) }
        switch name {
        case "prior":
            guard let distribution = Distribution(rawValue: value) else {
                throw Problem(
                    text: "theory prior is \(Distribution.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return .distribution(distribution)
        case "bits":
            guard let bits = Int(value), AngleExperiment.bits.contains(bits) else {
                throw Problem(text: "theory bits takes 2 to 8")
            }
            return .bits(bits)
        case "range":
            guard ["signed", "rectified"].contains(value) else {
                throw Problem(text: "theory range is signed or rectified")
            }
            return .rectified(value == "rectified")
        case "threshold":
            if value == "auto" { return .threshold(nil) }
            guard let threshold = Double(value), threshold.isFinite, threshold > 0 else {
                throw Problem(text: "theory threshold takes a positive number, or auto")
            }
            return .threshold(threshold)
        case "ratio":
            guard let ratio = Double(value), Theory.ratios.contains(ratio) else {
                throw Problem(text: "theory ratio takes 1 to 64")
            }
            return .ratio(ratio)
        case "count":
            guard let count = Int(value), SigmaExperiment.counts.contains(count) else {
                throw Problem(text: "theory count takes a power of 2 from 16 to 65536")
            }
            return .count(count)
        default:
            throw Problem(
                text: "theory takes clipping, bins, angle, sigma, prior, bits, range, threshold, ratio or count")
        }
    }
}

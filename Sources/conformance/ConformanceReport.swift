/// The outcomes of all tests.
struct ConformanceReport {
    private(set) var passed = 0
    private(set) var failed: [String] = []
    private(set) var skipped: [String: Int] = [:]
    /// The last outcome as a line.
    private(set) var last = ""

    mutating func add(_ folder: TestFolder, _ outcome: Outcome) {
        switch outcome {
        case .passed(let measured):
            passed += 1
            last = "passed  \(folder.name)  \(measured)"
        case .failed(let reason):
            failed.append("\(folder.name): \(reason)")
            last = "FAILED  \(folder.name): \(reason)"
        case .skipped(let reason):
            skipped[reason, default: 0] += 1
            last = "skipped \(folder.name): \(reason)"
        }
    }

    /// The summary, its last line first to be read.
    var text: String {
        let reasons = skipped.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
        var lines = failed.map { "FAILED \($0)" }
        if !reasons.isEmpty { lines.append("skipped: \(reasons.joined(separator: ", "))") }
        lines.append(
            "\(passed) passed, \(failed.count) failed, \(skipped.values.reduce(0, +)) skipped")
        return lines.joined(separator: "\n")
    }
}

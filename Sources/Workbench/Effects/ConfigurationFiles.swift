import NetIO
import Quant

/// Reads and writes the configurations of one subject; unknown fields of the file read last are written back.
struct ConfigurationFiles: Sendable {
    private let subject: Subject
    private let last: Mutexed<SavedConfiguration?>

    init(subject: Subject) {
        self.subject = subject
        last = Mutexed(subject.origin)
    }

    func write(
        _ configuration: Configuration, plan: QuantizationPlan, calibration: Calibration, to path: String
    ) throws(SavingError) {
        let saved = SavedConfiguration(
            model: subject.name, sha256: subject.sha256, input: subject.input,
            output: subject.outputName, net: subject.net, calibration: calibration, configuration: configuration,
            plan: plan, keeping: last.withLock { $0 })
        try saved.write(to: path)
    }

    func read(_ path: String) throws(ConfigurationFileError) -> (Configuration, SavedConfiguration) {
        let saved = try SavedConfiguration(path: path)
        let configuration = try saved.configuration(for: subject.net, sha256: subject.sha256, path: path)
        guard saved.input == subject.input else {
            throw .field(
                path: path, field: "preprocessing",
                problem: "differs from what the images were read with: open the net with --config \(path)")
        }
        if let output = saved.output, output != subject.outputName {
            throw .field(
                path: path, field: "output",
                problem:
                    "is '\(output)' and '\(subject.outputName)' is judged here: open the net with --config \(path)")
        }
        last.withLock { $0 = saved }
        return (configuration, saved)
    }
}

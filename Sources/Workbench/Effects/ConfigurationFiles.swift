import NetIO
import Quant

/// Reads and writes the configurations of one subject.
struct ConfigurationFiles: Sendable {
    let subject: Subject

    func write(
        _ configuration: Configuration, plan: QuantizationPlan, calibration: Calibration, to path: String
    ) throws {}

    func read(_ path: String) throws -> Configuration { Configuration(.standard, for: subject.net) }
}

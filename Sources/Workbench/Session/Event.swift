public import Engine
public import NetIO
public import Quant

/// What an effect answers.
public enum Event: Sendable {
    /// Calibration goes on; the share that is done.
    case calibrating(Double)
    /// Calibration is done.
    case calibrated(Calibration)
    /// More images of a measurement are done.
    case measured(Estimate)
    /// The configuration was written.
    case saved(path: String, Configuration)
    /// A configuration was read, from a file that also tells what followed from it.
    case loaded(path: String, Configuration, SavedConfiguration)
    /// A layer alone was quantized: the difference to the float net.
    case sensed(SensitivityKey, PairedDifference)
    /// A simulation of the theory view is done.
    case simulated(TheoryQuestion, TheoryAnswer)
    /// A run of the training view reports.
    case training(run: Int, TrainingEvent)
    /// A trained net was read: it takes the place of the one explored.
    case opened(Subject)
    /// A calibration, measurement or pass ended before its end, such as by a picture that is damaged; why, in one line.
    case stopped(String)
    /// A file could not be written or read; why, in one line.
    case failed(String)
}

/// What a session wants done outside: values, run elsewhere, answered by events.
public enum Effect: Sendable {
    /// Observes the float net on the calibration images.
    case calibrate
    /// Measures a plan; any measurement before it is cancelled.
    case measure(generation: Int, QuantizationPlan)
    /// Measures layers one at a time, after the measurement under way; any measurement after it cancels it.
    case sense([SensitivityKey], Calibration)
    /// Ends what `sense` began.
    case stopSensing
    /// Simulates one question after the other, beside whatever runs; any simulation before it is cancelled.
    case simulate([TheoryQuestion])
    /// Something for a run of the training view; runs go on beside everything else.
    case train(run: Int, TrainingEffect)
    /// Writes a configuration and what follows from it.
    case save(path: String, Configuration, QuantizationPlan, Calibration)
    /// Reads a configuration.
    case load(path: String)
}

/// A line for the user.
public struct Notice: Hashable, Sendable {
    /// How serious it is.
    public enum Severity: Hashable, Sendable {
        case note, success, warning, failure
    }

    /// How serious it is.
    public let severity: Severity
    /// The text.
    public let text: String

    /// A line from its parts.
    public init(_ severity: Severity, _ text: String) {
        self.severity = severity
        self.text = text
    }
}

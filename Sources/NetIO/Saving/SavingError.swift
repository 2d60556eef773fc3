/// Why a file could not be written; the old one, if any, is untouched.
public enum SavingError: Error, Hashable, Sendable {
    /// What was being done with the file when it failed.
    public enum Step: String, Hashable, Sendable {
        case create, write, flush, rename
    }

    /// A step failed, with the system's reason.
    case failed(path: String, step: Step, reason: String)
    /// The path names a directory or a device.
    case notAFile(path: String)
}

extension SavingError: CustomStringConvertible {
    /// What is wrong, where, and what to do about it, in one line.
    public var description: String {
        switch self {
        case .failed(let path, let step, let reason):
            "cannot \(step.rawValue) \(path): \(reason); choose a path in a directory you can write to"
        case .notAFile(let path): "cannot write \(path): it is not a regular file; choose another name"
        }
    }
}

import Glibc

/// Seconds since it was made.
struct Stopwatch {
    private let start = ContinuousClock.now

    /// The time passed.
    var seconds: Double {
        let parts = (ContinuousClock.now - start).components
        return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    }
}

/// Writes one line to standard error.
func printToStandardError(_ line: String) {
    var text = line + "\n"
    text.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
}

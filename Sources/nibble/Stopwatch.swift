/// Seconds since it was made.
struct Stopwatch {
    private let start = ContinuousClock.now

    /// The time passed.
    var seconds: Double {
        let parts = (ContinuousClock.now - start).components
        return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    }
}

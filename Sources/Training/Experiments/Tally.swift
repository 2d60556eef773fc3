internal import Synchronization

/// Counts what is done and tells the share.
final class Tally: Sendable {
    private let done = Atomic(0)
    private let count: Int
    private let progress: @Sendable (Double) -> Void

    init(_ count: Int, _ progress: @escaping @Sendable (Double) -> Void) {
        self.count = count
        self.progress = progress
    }

    func add() {
        let value = done.wrappingAdd(1, ordering: .relaxed).newValue
        progress(Double(value) / Double(count))
    }
}

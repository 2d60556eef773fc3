internal import Synchronization

/// A value that several tasks change under a lock.
final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        value.withLock { value in body(&value) }
    }
}

/// The next piece of work, taken by whichever task comes first.
final class WorkCounter: Sendable {
    private let next: Atomic<Int>

    init(_ start: Int) { next = Atomic(start) }

    /// The counter's value before `step` is added.
    func take(_ step: Int) -> Int { next.wrappingAdd(step, ordering: .relaxed).oldValue }
}

internal import Dispatch

/// The results of `body` for 0..<count, in order, computed on all processors.
///
/// `body` must not depend on the order of its calls; every result is then the same as from a loop.
public func concurrentMap<Result: Sendable>(_ count: Int, _ body: @Sendable (Int) -> Result) -> [Result] {
    // An array of no elements is the runtime's own, which every thread shares, and would have its count written.
    guard count > 0 else { return [] }
    return [Result](unsafeUninitializedCapacity: count) { results, initialized in
        // nonisolated(unsafe): every call writes an element of its own, and all are over before the buffer is read.
        nonisolated(unsafe) let slots = results
        DispatchQueue.concurrentPerform(iterations: count) { index in
            slots.initializeElement(at: index, to: body(index))
        }
        initialized = count
    }
}

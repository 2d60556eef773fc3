internal import Dispatch
internal import Synchronization

/// What `Team.each` hands to other threads.
///
/// Not checked by the compiler, because the maps it works on are memory of one thread: each
/// piece belongs to one thread at a time, and `each` returns, and its caller goes on, only when all are done.
private struct Work: @unchecked Sendable {
    let body: (Int, Int) -> Void
}

/// So many threads that share pieces of work.
///
/// What a piece computes must not depend on the others.
struct Team: Sendable {
    let threads: Int

    /// Calls `body` once for each of 0..<count, on any thread, and returns when all are done.
    ///
    /// - Parameter body: gets the piece and the thread's number in 0..<threads.
    func each(_ count: Int, _ body: (_ piece: Int, _ thread: Int) -> Void) {
        guard threads > 1, count > 1 else {
            for index in 0..<count { body(index, 0) }
            return
        }
        let next = Atomic(0)
        withoutActuallyEscaping(body) { body in
            let work = Work(body: body)
            DispatchQueue.concurrentPerform(iterations: min(threads, count)) { thread in
                while true {
                    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard index < count else { return }
                    work.body(index, thread)
                }
            }
        }
    }
}

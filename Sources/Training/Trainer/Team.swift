internal import CKernels
internal import Dispatch
internal import Glibc
internal import Synchronization

/// So many threads that share pieces of work.
///
/// A step has some sixty pieces of work that wait for one another, each of about a millisecond. To wake a thread takes part of that,
/// so the threads stay together for the whole step and look for the next work without going to sleep.
///
/// What a piece computes must not depend on the others. One task at a time uses a team.
final class Team {
    let threads: Int
    private let round = Round()

    init(threads: Int) { self.threads = threads }

    /// Calls `body` once, on any thread, with the other threads near by for `each`, and returns what it returns.
    func together<Value>(_ body: () throws -> Value) throws -> Value {
        guard threads > 1 else { return try body() }
        let (arrivals, round) = (Arrivals(), round)
        round.open()
        return try withoutActuallyEscaping(body) { body in
            let leading = Leading(body: body)
            // Whoever comes first leads: with no thread to spare the others come when all is done.
            DispatchQueue.concurrentPerform(iterations: threads) { _ in
                let place = arrivals.next()
                if place == 0 {
                    leading.result = Result { try leading.body() }
                    round.close()
                } else {
                    round.help(as: place)
                }
            }
            guard let result = leading.result else { preconditionFailure("somebody has led") }
            return try result.get()
        }
    }

    /// Calls `body` once for each of 0..<count, on any thread that is near by, and returns when all are done.
    ///
    /// - Parameter body: gets the piece and the thread's number in 0..<threads.
    func each(_ count: Int, _ body: (_ piece: Int, _ thread: Int) -> Void) {
        guard threads > 1, count > 1 else {
            for index in 0..<count { body(index, 0) }
            return
        }
        withoutActuallyEscaping(body) { round.run(count, $0) }
    }
}

/// Counts the threads that come.
private final class Arrivals: Sendable {
    private let count = Atomic(0)

    func next() -> Int { count.wrappingAdd(1, ordering: .relaxed).oldValue }
}

/// What `Team.together` hands to the thread that leads.
///
/// Not checked by the compiler: one thread leads, and the caller waits for it.
private final class Leading<Value>: @unchecked Sendable {
    let body: () throws -> Value
    var result: Result<Value, any Error>?

    init(body: @escaping () throws -> Value) { self.body = body }
}

/// Work that threads take piece by piece.
///
/// Not checked by the compiler, because of `body` and `count`: the leader writes them when nobody has a piece, before it offers
/// pieces, and whoever has taken one reads them before saying that it is done. The maps that pieces work on are memory of one thread:
/// each piece belongs to one thread at a time.
private final class Round: @unchecked Sendable {
    private var body: ((_ piece: Int, _ thread: Int) -> Void)?
    private var count = 0
    /// Pieces that nobody has taken.
    private let left = Atomic(0)
    /// Pieces that are not done.
    private let unfinished = Atomic(0)
    private let isOpen = Atomic(false)

    func open() { isOpen.store(true, ordering: .relaxed) }
    func close() { isOpen.store(false, ordering: .releasing) }

    /// Offers pieces, takes part and returns when all are done.
    func run(_ count: Int, _ body: @escaping (_ piece: Int, _ thread: Int) -> Void) {
        self.body = body
        self.count = count
        unfinished.store(count, ordering: .relaxed)
        left.store(count, ordering: .releasing)
        while takePiece(0) {}
        wait { unfinished.load(ordering: .acquiring) == 0 }
        self.body = nil
    }

    /// Takes pieces until the leader closes.
    func help(as thread: Int) {
        while isOpen.load(ordering: .acquiring) {
            wait { left.load(ordering: .relaxed) > 0 || !isOpen.load(ordering: .relaxed) }
            while takePiece(thread) {}
        }
    }

    /// Does a piece; false if there is none.
    private func takePiece(_ thread: Int) -> Bool {
        var before = left.load(ordering: .relaxed)
        while before > 0 {
            let (isTaken, found) = left.weakCompareExchange(
                expected: before, desired: before - 1, ordering: .acquiring)
            if isTaken {
                body?(count - before, thread)
                unfinished.wrappingSubtract(1, ordering: .releasing)
                return true
            }
            before = found
        }
        return false
    }

    /// Looks again and again, and lets other threads of the machine run if that takes long.
    private func wait(_ isDone: () -> Bool) {
        var looks = 0
        while !isDone() {
            looks += 1
            if looks < Round.patience { nk_pause() } else { sched_yield() }
        }
    }

    /// Looks, some 40 ns each, before other threads may run.
    private static let patience = 2000
}

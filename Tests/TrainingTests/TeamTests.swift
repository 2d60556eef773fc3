import Synchronization
import Testing

@testable import Training

/// Threads that share a step.
struct TeamTests {
    private struct Failure: Error {}

    @Test(arguments: [1, 2, 5]) func eachPieceIsDoneOnceRoundAfterRound(threads: Int) throws {
        let team = Team(threads: threads)
        let done = Atomic(0)
        let strange = Atomic(0)
        let expected = (0..<200).map { $0 % 7 }.reduce(0) { $0 + $1 * ($1 + 1) / 2 }
        let result = try team.together {
            for round in 0..<200 {
                let before = done.load(ordering: .relaxed)
                let count = round % 7
                team.each(count) { piece, thread in
                    if !(0..<count).contains(piece) || !(0..<threads).contains(thread) {
                        strange.add(1, ordering: .relaxed)
                    }
                    done.add(piece + 1, ordering: .relaxed)
                }
                // All are done when `each` returns.
                if done.load(ordering: .relaxed) - before != count * (count + 1) / 2 {
                    strange.add(1, ordering: .relaxed)
                }
            }
            return 3
        }
        #expect(result == 3)
        #expect(done.load(ordering: .relaxed) == expected)
        #expect(strange.load(ordering: .relaxed) == 0)
    }

    @Test func workIsDoneWithoutOthersNearBy() {
        let done = Atomic(0)
        Team(threads: 3).each(10) { piece, thread in done.add(thread == 0 ? piece : 100, ordering: .relaxed) }
        #expect(done.load(ordering: .relaxed) == 45)
    }

    @Test(arguments: [1, 3]) func errorsComeOutAndTheTeamGoesOn(threads: Int) throws {
        let team = Team(threads: threads)
        #expect(throws: Failure.self) { try team.together { throw Failure() } }
        #expect(try team.together { 1 } == 1)
    }
}

import Quant
import Synchronization
import Testing
import Training

@testable import Workbench

@Suite struct TheoryTests {
    private func session() throws -> Session {
        let subject = try Sample.subject(images: 2)
        return Session(subject, configuration: Configuration(.standard, for: subject.net))
    }

    private func questions(_ effects: [Effect]) -> [TheoryQuestion] {
        effects.flatMap { effect -> [TheoryQuestion] in
            if case .simulate(let questions) = effect { questions } else { [] }
        }
    }

    @Test func everyPanelAsksOnceAndTheChosenOneFirst() throws {
        var session = try session()
        _ = session.update(.theory(.panel(.sigma)))
        let asked = session.theory.pending
        #expect(asked.count == 4)
        #expect(questions(session.update(.theory(.show))).isEmpty)
        let next = questions(session.update(.theory(.distribution(.laplace))))
        #expect(next.first == .sigma(.laplace) && next.count == 4)
    }

    @Test func anAnswerIsShownForItsOwnQuestionOnlyAndKept() throws {
        var session = try session()
        _ = session.update(.theory(.panel(.bins)))
        let question = session.theory.question(of: .bins)
        let answer = try #require(question.answer())
        let changed = questions(session.update(.theory(.bits(5))))
        #expect(changed.first == session.theory.question(of: .bins) && changed.first != question)
        // The answer to what was asked before comes late.
        _ = session.receive(.simulated(question, answer))
        #expect(!session.theory.isAnswered(.bins) && session.theory.binSplit.simulated.isEmpty)
        let before = questions(session.update(.theory(.bits(4))))
        #expect(!before.contains(question))
        #expect(session.theory.isAnswered(.bins) && !session.theory.binSplit.simulated.isEmpty)
        // The ratio of spreads asks for nothing.
        #expect(session.update(.theory(.ratio(9))).isEmpty && session.theory.ratio == 9)
    }

    @Test func valuesStayInTheirRangesAndPanelsKnowWhatTheyHave() throws {
        var session = try session()
        _ = session.update(.theory(.bits(99)))
        #expect(session.theory.clipping.bits == 8)
        _ = session.update(.theory(.threshold(1e9)))
        #expect(session.theory.threshold == session.theory.clipping.thresholds.last)
        _ = session.update(.theory(.bits(2)))
        #expect(session.theory.threshold == session.theory.clipping.thresholds.last)
        _ = session.update(.theory(.distribution(.logNormal)))
        #expect(session.notice?.severity == .warning && session.theory.clipping.prior == .laplace)
        _ = session.update(.theory(.panel(.angle)))
        _ = session.update(.theory(.threshold(1)))
        #expect(session.notice?.severity == .warning)
        _ = session.update(.theory(.panel(.sigma)))
        _ = session.update(.theory(.count(1500)))
        #expect(session.theory.sigmaCount == 1024)
        #expect(!session.isUnsaved)
    }

    @Test func theRunnerAnswersAndANewSimulationEndsTheOneBefore() async throws {
        let (events, inbox) = AsyncStream<Event>.makeStream()
        let runner = EffectRunner(try Sample.subject(images: 2)) { inbox.yield($0) }
        // Far more than can be done before the next call.
        let many = (2...8).flatMap { bits in
            Prior.allCases.map {
                TheoryQuestion.clipping(ClippingExperiment(prior: $0, bits: bits, isRectified: true))
            }
        }
        runner.perform(.simulate(many))
        let wanted = TheoryQuestion.bins(BinSplitExperiment(prior: .laplace, meanBits: 2, isRectified: false))
        runner.perform(.simulate([wanted]))
        var seen: [TheoryQuestion] = []
        for await event in events {
            guard case .simulated(let question, _) = event else { continue }
            seen.append(question)
            if question == wanted { break }
        }
        #expect(seen.last == wanted && seen.count < many.count)
        runner.stop()
    }

    @Test func everyQuestionHasAnAnswerAndCanBeCancelled() throws {
        for panel in TheoryPanel.allCases {
            let question = Theory().question(of: panel)
            #expect(question.answer { true } == nil)
        }
        guard case .angle(let angles)? = TheoryQuestion.angle(.gauss).answer() else {
            Issue.record("no angles")
            return
        }
        #expect(angles.count == AngleExperiment.bits.count)
        #expect(zip(angles, angles.dropFirst()).allSatisfy { $0.nearest < $1.nearest })
        guard case .sigma(let estimates)? = TheoryQuestion.sigma(.laplace).answer() else {
            Issue.record("no estimates")
            return
        }
        #expect(estimates.count == SigmaExperiment.counts.count)
        #expect(estimates.allSatisfy { $0.count == SigmaExperiment.schemes.count })
    }
}

import Engine
import Quant
import Testing

@testable import Workbench

@Suite struct OpenNetsTests {
    @Test func goingBackFindsTheNetAsItWasLeft() async throws {
        var session = try await Sample.session()
        let standard = session.configuration
        _ = session.update(.select(2))
        _ = session.update(.edit(.precision(.weights, .bits(3))))
        _ = session.update(.sense)
        _ = session.update(.train(.start))
        let (edited, generation) = (session.configuration, session.generation)

        let opened = session.receive(.opened(try Sample.subject("fashion-mobilenet", images: 8)))
        guard case .calibrate? = opened.first else {
            Issue.record("nothing is calibrated")
            return
        }
        #expect(session.subject.name == "fashion-mobilenet" && session.otherNets == ["fashion-vgg"])
        #expect(!session.isUnsaved && session.unsavedNets == ["fashion-vgg"] && session.number == 1)
        _ = session.update(.select(1))
        _ = session.update(.edit(.precision(.weights, .bits(5))))
        let other = session.configuration

        guard case .measure(generation, _)? = session.update(.back).first else {
            Issue.record("it is not measured again")
            return
        }
        #expect(session.subject.name == "fashion-vgg" && session.configuration == edited && session.selection == 2)
        #expect(session.number == 2 && session.unsavedNets == ["fashion-mobilenet"])
        #expect(session.training.run != nil && session.sensitivity.progress == nil)
        _ = session.update(.undo)
        #expect(session.configuration == standard && session.canRedo)

        // Once more, and the other is there with its choices; it was never calibrated.
        guard case .calibrate? = session.update(.back).first else {
            Issue.record("nothing is calibrated")
            return
        }
        #expect(session.subject.name == "fashion-mobilenet" && session.configuration == other)
        // A net that is open already is gone to.
        _ = session.receive(.opened(try Sample.subject()))
        #expect(
            session.subject.name == "fashion-vgg" && session.canRedo && session.otherNets == ["fashion-mobilenet"])
        #expect(session.receive(.opened(try Sample.subject())).isEmpty && session.otherNets.count == 1)
    }

    @Test func goingBackGoesThroughAllNets() throws {
        let subject = try Sample.subject(images: 8)
        var session = Session(subject, configuration: Configuration(.standard, for: subject.net))
        #expect(session.update(.back).isEmpty && session.notice?.text.hasPrefix("no other net is open") ?? false)
        for name in ["fashion-mobilenet", "fashion-resnet20"] {
            _ = session.receive(.opened(try Sample.subject(name, images: 8)))
        }
        #expect(session.otherNets == ["fashion-vgg", "fashion-mobilenet"])
        let names = (0..<3).map { _ in
            _ = session.update(.back)
            return session.subject.name
        }
        #expect(names == ["fashion-mobilenet", "fashion-vgg", "fashion-resnet20"])
        #expect(session.otherNets == ["fashion-vgg", "fashion-mobilenet"])
    }

    @Test func whatIsKnownStaysWhileTheNetIsMeasuredAgain() async throws {
        var session = try await Sample.session()
        func measured(of total: Int) -> Event {
            .measured(
                Estimate(
                    generation: session.generation,
                    comparison: Comparison(session.subject.judgement, isLabelled: true), total: total))
        }
        // No image of 64 is seen, then none of none, which is all.
        _ = session.receive(measured(of: 64))
        #expect(session.estimate?.isComplete == false)
        _ = session.receive(measured(of: 0))
        _ = session.receive(measured(of: 64))
        #expect(session.estimate?.isComplete == true)
    }
}

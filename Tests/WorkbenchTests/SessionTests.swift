import Engine
import Quant
import Testing

@testable import Workbench

@Suite struct SessionTests {
    @Test func anEditReplansTheLayerAndAsksForItsMeasurement() async throws {
        var session = try await Sample.session()
        let before = try #require(session.plan)
        let effects = session.update(.edit(.precision(.activations, .bits(2))))
        let after = try #require(session.plan)
        #expect(after.layers[session.selection].input != before.layers[session.selection].input)
        for index in after.layers.indices where index != session.selection {
            #expect(after.layers[index].input == before.layers[index].input)
        }
        guard case .measure(let generation, _)? = effects.first else {
            Issue.record("no measurement was asked for")
            return
        }
        #expect(generation == session.generation && effects.count == 1)
    }

    @Test func undoAndRedoComeBackToTheSamePlan() async throws {
        var session = try await Sample.session()
        let start = session.configuration
        var seen = [start]
        for change in [
            Change.step(.weights, -1), .allocation(.both), .clipping(.activations, .minMax), .threshold(1.5),
        ] {
            _ = session.update(.edit(change))
            seen.append(session.configuration)
        }
        for expected in seen.dropLast().reversed() {
            _ = session.update(.undo)
            #expect(session.configuration == expected)
        }
        #expect(!session.canUndo && !session.isUnsaved)
        for expected in seen.dropFirst() {
            _ = session.update(.redo)
            #expect(session.configuration == expected)
        }
        let cold = QuantizationPlan(
            net: session.subject.net, calibration: try #require(session.calibration),
            configuration: session.configuration)
        let plan = try #require(session.plan)
        #expect(plan.layers.map(\.input) == cold.layers.map(\.input) && plan.stored == cold.stored)
    }

    @Test func aNewEditForgetsWhatWasUndone() async throws {
        var session = try await Sample.session()
        _ = session.update(.edit(.step(.weights, -1)))
        _ = session.update(.undo)
        _ = session.update(.edit(.step(.activations, -1)))
        #expect(!session.canRedo)
    }

    @Test func resultsOfAnOlderPlanAreDropped() async throws {
        var session = try await Sample.session()
        let old = session.generation
        _ = session.update(.edit(.step(.weights, -1)))
        let comparison = Comparison(.classes(10), isLabelled: true)
        _ = session.receive(.measured(Estimate(generation: old, comparison: comparison, total: 64)))
        #expect(session.estimate == nil)
        _ = session.receive(.measured(Estimate(generation: session.generation, comparison: comparison, total: 64)))
        #expect(session.estimate != nil)
    }

    @Test func editsActOnAllMarkedLayers() async throws {
        var session = try await Sample.session()
        for index in [1, 3] {
            _ = session.update(.select(index))
            _ = session.update(.mark)
        }
        _ = session.update(.edit(.precision(.weights, .bits(3))))
        for (index, settings) in session.configuration.layers.enumerated() {
            #expect((settings.weights == .bits(3)) == [1, 3].contains(index))
        }
    }

    @Test func allocatedActivationsHaveARangePerChannel() async throws {
        var session = try await Sample.session()
        _ = session.update(.edit(.allocation(.both)))
        #expect(session.configuration.layers[session.selection].granularity == .channel)
        #expect(session.channelBits(of: session.selection, .activations) != nil)
        _ = session.update(.edit(.granularity(.tensor)))
        #expect(session.configuration.layers[session.selection].allocation == .weights)
    }

    @Test func oneChannelsBitsCanBeSetByHandAndGivenBack() async throws {
        var session = try await Sample.session()
        _ = session.update(.edit(.channelBits(.weights, channel: 2, bits: 7)))
        #expect(session.channelBits(of: session.selection, .weights)?[2] == 7)
        _ = session.update(.edit(.channelBits(.weights, channel: 2, bits: nil)))
        #expect(session.channelBits(of: session.selection, .weights)?[2] == 4)
    }

    @Test func aFilterThatMatchesNothingIsNotKept() async throws {
        var session = try await Sample.session()
        _ = session.update(.filter("no such layer"))
        #expect(session.filter.isEmpty && session.notice?.severity == .warning)
        #expect(session.visibleLayers == Array(session.subject.net.layers.indices))
        _ = session.update(.filter("CONV"))
        #expect(session.visibleLayers.allSatisfy { session.subject.net.layers[$0].name.contains("conv") })
    }

    @Test func widthsStepFromZeroBitsToFloatAndStop() {
        #expect(Precision.bits(8).stepped(by: 1) == .float && Precision.float.stepped(by: 1) == .float)
        #expect(Precision.float.stepped(by: -1) == .bits(8) && Precision.bits(0).stepped(by: -1) == .bits(0))
    }

    @Test func nothingIsUnsavedAfterSaving() async throws {
        var session = try await Sample.session()
        _ = session.update(.edit(.step(.weights, -1)))
        #expect(session.isUnsaved)
        _ = session.receive(.saved(path: "x.json", session.configuration))
        #expect(!session.isUnsaved && session.file == "x.json")
    }

    @Test func theWorstLayerHasTheLowestSQNR() async throws {
        var session = try await Sample.session()
        _ = session.update(.worst)
        let plan = try #require(session.plan)
        let lowest = plan.layers.compactMap(\.inputSQNR).min()
        #expect(plan.layers[session.selection].inputSQNR == lowest)
    }
}

import Quant
import Synchronization
import Testing

@testable import Engine
@testable import Workbench

@Suite struct SensitivityTests {
    @Test func aPassMeasuresEachLayerAloneAsAColdRunDoes() async throws {
        let subject = try Sample.subject("fashion-resnet20", images: 60)
        let calibration = try await Sample.calibration(of: subject)
        let configuration = Configuration(.standard, for: subject.net)
        let keys = [2, 9, 20, 0].map { SensitivityKey(layer: $0, settings: configuration.layers[$0], bits: 2) }
        let results = Mutexed<[SensitivityKey: PairedDifference]>([:])
        let float = Program(subject.net)
        try await SensitivityPass(subject: subject, float: float, cache: CheckpointCache(budget: 32 << 20)).run(
            keys, calibration, cancelled: CancellationFlag()
        ) { key, change in results.withLock { $0[key] = change } }

        let before = try await Evaluation(float, on: subject.measured, options: subject.options).values()
        let labels = try #require(subject.measured.images.labels)
        for key in keys {
            var alone = configuration
            alone.residual = .float
            for index in alone.layers.indices where index != key.layer {
                alone.layers[index].weights = .float
                alone.layers[index].activations = .float
            }
            alone.layers[key.layer] = key.settings
            let plan = QuantizationPlan(net: subject.net, calibration: calibration, configuration: alone)
            let after = try await Evaluation(
                Program(subject.net, plan: plan), on: subject.measured, options: subject.options
            ).values()
            var comparison = Comparison(.classes(10), isLabelled: true)
            comparison.add(
                float: before[...], quantized: after[...], labels: subject.measured.order.map { labels[$0] })
            #expect(results.withLock { $0[key] } == comparison.difference)
        }
    }

    @Test func aSessionAsksForWhatIsMissingAndKeepsWhatIsTrue() async throws {
        var session = try await Sample.session()
        let count = session.subject.net.layers.count
        guard case .sense(let keys, _)? = session.update(.sense).first else {
            Issue.record("no pass")
            return
        }
        // Own choices first; 4 bits for all, then six more widths, less those that are a layer's own choice.
        #expect(keys.prefix(count).map(\.layer) == Array(0..<count))
        #expect(session.sensitivity.progress?.total == keys.count && Set(keys).count == keys.count)
        let change = PairedDifference(gained: 1, lost: 5, count: 100)
        _ = session.receive(.sensed(keys[3], change))
        #expect(session.cost(of: 3) == change && session.sensitivity.progress?.done == 1)

        // An edit ends the pass, and a result of other choices is not shown as the current one.
        _ = session.update(.select(3))
        _ = session.update(.edit(.clipping(.activations, .minMax)))
        #expect(session.sensitivity.progress == nil && session.cost(of: 3) == nil)
        _ = session.update(.undo)
        #expect(session.cost(of: 3) == change)
        guard case .sense(let rest, _)? = session.update(.sense).first else {
            Issue.record("no second pass")
            return
        }
        #expect(rest.count == keys.count - 1)
        let effects = session.update(.stopSensing)
        guard case .stopSensing? = effects.first else {
            Issue.record("the pass goes on")
            return
        }
        #expect(session.sensitivity.progress == nil)
    }

    @Test func theDifferenceToTheConfigurationBeforeIsPaired() async throws {
        let subject = try Sample.subject("fashion-mobilenet", images: 96)
        let calibration = try await Sample.calibration(of: subject)
        func program(_ bits: Int) -> Program {
            var options = PlanOptions.standard
            options.activations = .bits(bits)
            options.weights = .bits(bits)
            return Program(
                subject.net,
                plan: QuantizationPlan(
                    net: subject.net, calibration: calibration,
                    configuration: Configuration(options, for: subject.net)))
        }
        let known = FloatLogits()
        let float = Program(subject.net)
        let first = Predictions()
        let last = Mutexed<Estimate?>(nil)
        let flag = CancellationFlag()
        try await Measurement(subject: subject, float: float, known: known, own: first).run(
            program(8), generation: 1, cancelled: flag
        ) { estimate in last.withLock { $0 = estimate } }
        let before = try #require(last.withLock { $0 })
        #expect(before.toPrevious == nil && !first.isEmpty)
        try await Measurement(subject: subject, float: float, known: known, previous: first).run(
            program(2), generation: 2, cancelled: flag
        ) { estimate in last.withLock { $0 = estimate } }
        let after = try #require(last.withLock { $0 })
        let change = try #require(after.toPrevious)
        let accuracies = (before.comparison.quantizedTop1?.hits ?? 0, after.comparison.quantizedTop1?.hits ?? 0)
        #expect(change.count == 96 && change.gained - change.lost == accuracies.1 - accuracies.0)
        #expect(change.lost > 0)
    }
}

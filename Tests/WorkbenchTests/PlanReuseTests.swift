import Quant
import Testing

@testable import Workbench

@Suite struct PlanReuseTests {
    /// What a plan is made of, comparable.
    private struct Essence: Equatable {
        let inputs: [ActivationGrid]
        let ranges: [[ClippingRange]]
        let weights: [[Float]?]
        let allocations: [BitAllocation?]

        init(_ plan: QuantizationPlan) {
            inputs = plan.layers.map(\.input)
            ranges = plan.layers.map(\.ranges)
            weights = plan.layers.map {
                if case .quantized(let weights) = $0.weights { weights.effective } else { nil }
            }
            allocations = plan.layers.flatMap { [$0.weightAllocation, $0.inputAllocation] }
        }
    }

    @Test func editsInAnyOrderGiveTheSamePlanAsAColdStart() async throws {
        var session = try await Sample.session()
        let calibration = try #require(session.calibration)
        var random: UInt64 = 1
        func pick(_ count: Int) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((random >> 33) % UInt64(count))
        }
        let methods: [ClippingMethod] = [.auto, .laplace, .gauss, .minMax, .measured]
        for _ in 0..<60 {
            _ = session.update(.select(pick(session.subject.net.layers.count)))
            let target = Target.allCases[pick(2)]
            let changes: [Change] = [
                .precision(target, .bits(pick(9))), .precision(target, .float), .clipping(target, methods[pick(5)]),
                .allocation(AllocationChoice.allCases[pick(4)]), .correction(BiasCorrection.allCases[pick(3)]),
                .granularity(Granularity.allCases[pick(2)]), .threshold(Double(1 + pick(5))),
                .channelBits(.weights, channel: pick(8), bits: pick(9)),
            ]
            _ = session.update(.edit(changes[pick(changes.count)]))
            if pick(8) == 0 { _ = session.update(.undo) }
            if pick(10) == 0 { _ = session.update(.editNet(.rule(AllocationRule.allCases[pick(2)]))) }
            if pick(10) == 0 { _ = session.update(.editNet(.measure(AllocationMeasure.allCases[pick(2)]))) }
            let cold = QuantizationPlan(
                net: session.subject.net, calibration: calibration, configuration: session.configuration)
            #expect(Essence(try #require(session.plan)) == Essence(cold))
        }
    }
}

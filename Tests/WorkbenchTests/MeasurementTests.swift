import Engine
import Quant
import Synchronization
import Testing

@testable import Workbench

@Suite struct MeasurementTests {
    @Test func blocksCoverAllImagesOnce() {
        for total in [0, 1, 31, 32, 33, 1000, 10_000] {
            #expect(Measurement.blocks(of: total).flatMap { Array($0) } == Array(0..<total))
        }
    }

    @Test func theLastEstimateEqualsAnEvaluation() async throws {
        let subject = try Sample.subject(images: 150)
        let calibration = try await Sample.calibration(of: subject)
        let plan = QuantizationPlan(
            net: subject.net, calibration: calibration, configuration: Configuration(.standard, for: subject.net))
        let program = Program(subject.net, plan: plan)
        let float = Program(subject.net)
        let estimates = Mutexed<[Estimate]>([])
        try await Measurement(subject: subject, float: float, known: FloatLogits()).run(
            program, generation: 7, cancelled: CancellationFlag()
        ) { estimate in estimates.withLock { $0.append(estimate) } }

        var expected = Comparison(.classes(10), isLabelled: true)
        let source = subject.measured
        let before = try await Evaluation(float, on: source, options: subject.options).values()
        let after = try await Evaluation(program, on: source, options: subject.options).values()
        let labels = try #require(source.images.labels)
        expected.add(float: before[...], quantized: after[...], labels: source.order.map { labels[$0] })
        let last = try #require(estimates.withLock { $0.last })
        #expect(last.isComplete && last.generation == 7)
        #expect(last.comparison.quantizedTop1 == expected.quantizedTop1)
        #expect(last.comparison.floatTop1 == expected.floatTop1)
        #expect(last.comparison.difference == expected.difference)
        #expect(last.comparison.agreement == expected.agreement)
    }

    @Test func aCancelledMeasurementReportsNothingMore() async throws {
        let subject = try Sample.subject(images: 150)
        let flag = CancellationFlag()
        let reports = Atomic(0)
        let float = Program(subject.net)
        await #expect(throws: Cancelled.self) {
            try await Measurement(subject: subject, float: float, known: FloatLogits()).run(
                float, generation: 1, cancelled: flag
            ) { _ in
                reports.wrappingAdd(1, ordering: .relaxed)
                flag.cancel()
            }
        }
        #expect(reports.load(ordering: .relaxed) == 1)
    }
}

import Engine
import Quant
import Testing

@testable import Workbench

@Suite struct ConvergenceTests {
    @Test func theLastShareIsTheWholeCalibration() async throws {
        let subject = try Sample.subject("fashion-resnet20", images: 24)
        let calibration = try await Sample.calibration(of: subject)
        let counts = calibration.shares.map(\.images)
        #expect(counts == counts.sorted() && counts.last == calibration.images && counts.count == 8)
        let last = try #require(calibration.shares.last)
        for (tensor, observation) in calibration.observations {
            let share = try #require(last.observations[tensor])
            #expect(share.statistics == observation.tensor.statistics)
            #expect(share.histogram == observation.tensor.histogram)
            #expect(share.preActivation == observation.tensor.preActivation)
            let steps = calibration.convergence(of: tensor, bits: 4, method: .laplace)
            #expect(
                steps.last?.threshold == ClippingRange(for: observation.tensor, bits: 4, method: .laplace).threshold
            )
        }
        let first = try #require(calibration.shares.first)
        #expect(first.observations.contains { $1.statistics != last.observations[$0]?.statistics })
    }
}

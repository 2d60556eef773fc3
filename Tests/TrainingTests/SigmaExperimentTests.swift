import Testing

@testable import Training

@Suite struct SigmaExperimentTests {
    private let experiment = SigmaExperiment(populations: [], seed: 1)

    private func mean(_ distribution: Distribution, _ scheme: NormScheme, _ count: Int) throws -> Double {
        let index = try #require(SigmaExperiment.schemes.firstIndex(of: scheme))
        return try #require(experiment.estimates(.distribution(distribution), count: count)[index]).mean
    }

    // 2,048 samples of 1,024: the standard error is below 0.002.
    @Test(arguments: [
        (NormScheme.range(.double), 1.744), (.range(.standard), 0.872), (.range(.published), 0.942),
        (.lInfinity, 1.426), (.l1, 1.000), (.l2, 1.000),
    ]) func theEstimatesOfAGaussianAreThePublishedOnes(scheme: NormScheme, expected: Double) throws {
        let found = try mean(.gauss, scheme, 1024)
        #expect(abs(found - expected) < 0.005)
    }

    @Test(arguments: [(Distribution.gauss, 1.000), (.laplace, 0.886), (.uniform, 1.085)])
    func l1IsExactForAGaussianOnly(distribution: Distribution, expected: Double) throws {
        let found = try mean(distribution, .l1, 4096)
        #expect(abs(found - expected) < 0.003)
    }

    @Test func aSchemeThatNeedsMoreValuesHasNoEstimate() throws {
        let few = SigmaExperiment(populations: [], seed: 1, budget: 1000)
        let index = try #require(SigmaExperiment.schemes.firstIndex(of: .topK(10)))
        #expect(few.estimates(.distribution(.gauss), count: 8)[index] == nil)
        #expect(few.estimates(.distribution(.gauss), count: 16)[index] != nil)
    }

    @Test func aReportHasEverySizeOfEveryPopulation() {
        let report = SigmaExperiment(
            populations: [.distribution(.uniform), .measured(name: "own", [Float](repeating: 1, count: 20) + [2])],
            seed: 4, budget: 64
        ).run()
        #expect(report.tables[0].rows.count == 2 * SigmaExperiment.counts.count)
        // 21 values make one sample of 16 and none of 32.
        let own = report.tables[0].rows.filter { $0[0] == .text("own") }
        #expect(own[0][2] != .none && own[1][2] == .none)
        #expect(report.plots.count == 3)
    }
}

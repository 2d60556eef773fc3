import Quant
import Testing

@testable import Training

@Suite struct ClippingExperimentTests {
    @Test func midpointsSaturateToTheThreshold() {
        // Bins of width 1 over [-2, 2].
        let whole = MidpointQuantizer(threshold: 2, bins: 4, isRectified: false)
        #expect(abs(whole.squaredError(of: [0.3]) - 0.04) < 1e-6)
        #expect(whole.squaredError(of: [-3, 2]) == 1 + 0.25)
        #expect(whole.squaredError(of: [0, -0.5]) == 0.25)
        // Bins of width 1/2 over [0, 2]; zeros stay zeros.
        let rectified = MidpointQuantizer(threshold: 2, bins: 4, isRectified: true)
        #expect(rectified.squaredError(of: [0, 0.25, 2.5]) == 0.25)
        #expect(rectified.squaredError(of: [0.5]) == 0.0625)
        // Any number of bins: thirds of [-3, 3].
        #expect(MidpointQuantizer(threshold: 3, bins: 3, isRectified: false).squaredError(of: [0, 2, -2]) == 0)
    }

    // The formula is within 1 % from 4 bits on, within 8 % below; four standard errors are chance.
    @Test(arguments: Prior.allCases, [2, 3, 4, 6])
    func theFormulaIsWhatMidpointsLoseAtTheOptimum(prior: Prior, bits: Int) throws {
        for isRectified in [false, true] {
            let experiment = ClippingExperiment(prior: prior, bits: bits, isRectified: isRectified)
            let simulation = try #require(experiment.simulation(seed: 5))
            let formula = experiment.formula
            let ratio = simulation.midpoints.optimalError / formula.optimalError
            let tolerance = (bits >= 4 ? 0.01 : 0.08) + 4 * simulation.chance
            #expect(abs(ratio - 1) < tolerance, "rectified \(isRectified): \(ratio)")
            #expect(abs(simulation.midpoints.optimum / formula.optimum - 1) < 0.15)
            // sqrt(24 P(x > α) / N) b² over the error, for a rectified Laplacian: 3.7 % at 4 bits, 9.7 % at 6.
            #expect(simulation.chance > 1e-4 && simulation.chance < (bits > 4 ? 0.14 : 0.05))
            // No threshold compared loses less than the optimum that was looked for.
            #expect(simulation.midpoints.errors.allSatisfy { $0 >= simulation.midpoints.optimalError })
            #expect(simulation.deployed.errors.allSatisfy { $0 >= simulation.deployed.optimalError })
        }
    }

    @Test(arguments: [(4, 0.05...0.16), (2, 0.2...0.55)])
    func theDeployedQuantizerLosesMore(bits: Int, excess: ClosedRange<Double>) throws {
        let experiment = ClippingExperiment(prior: .laplace, bits: bits, isRectified: false)
        let simulation = try #require(experiment.simulation(seed: 5))
        #expect(excess.contains(simulation.deployed.optimalError / experiment.formula.optimalError - 1))
        #expect(abs(simulation.power - 2) < 0.04)
    }

    @Test func aSeedDecidesEverythingAndACancelledRunHasNoResult() throws {
        let experiment = ClippingExperiment(prior: .gauss, bits: 3, isRectified: true)
        let first = try #require(experiment.simulation(seed: 9))
        #expect(experiment.simulation(seed: 9)?.midpoints.errors == first.midpoints.errors)
        #expect(experiment.simulation(seed: 10)?.midpoints.errors != first.midpoints.errors)
        #expect(experiment.simulation(seed: 9, isCancelled: { true }) == nil)
        #expect(BinSplitExperiment(prior: .gauss, meanBits: 3, isRectified: true).errors(seed: 9) { true } == nil)
    }
}

@Suite struct BinSplitTests {
    private func split(_ prior: Prior, _ bits: Int, ratio: Double, isRectified: Bool = false) throws -> BinSplit {
        let experiment = BinSplitExperiment(prior: prior, meanBits: bits, isRectified: isRectified)
        let errors: BinSplitExperiment.Errors = try #require(experiment.errors(seed: 3))
        return BinSplit(experiment, ratio: ratio, errors: errors)
    }

    @Test func twoGaussianChannelsHaveThePublishedShare() throws {
        // σ^(2/3) = 2 : 1, so that two thirds of the bins go to the wide channel.
        let split = try split(.gauss, 4, ratio: 8.0.squareRoot())
        #expect(abs(split.closedShare - 2.0 / 3) < 1e-12)
        let best = try #require(split.bestShare)
        #expect(abs(best - 2.0 / 3) < 0.08)
        let formula = try #require(split.formula.min { $0.error < $1.error })
        #expect(abs(formula.share - best) < 0.05)
    }

    @Test func equalChannelsShareEqually() throws {
        let split = try split(.laplace, 4, ratio: 1)
        #expect(split.closedShare == 0.5)
        #expect(split.rule?.bits == [4, 4] && split.exact?.bits == [4, 4])
    }

    @Test(arguments: [(Prior.gauss, 3, 6.0), (.laplace, 4, 2.5), (.uniform, 2, 40.0), (.laplace, 7, 64.0)])
    func theExactRuleFindsTheLeastMeasuredError(prior: Prior, bits: Int, ratio: Double) throws {
        for isRectified in [false, true] {
            let split = try split(prior, bits, ratio: ratio, isRectified: isRectified)
            let least = try #require(
                split.rows.filter { $0.bits.reduce(0, +) == 2 * bits }.compactMap(\.measured).min())
            let exact = try #require(split.exact)
            #expect(abs(exact.predictedError - least) <= 1e-12 * least)
            // Every split of the budget is there.
            let first = Set(split.rows.map { $0.bits[0] })
            #expect(first.isSuperset(of: max(0, 2 * bits - 8)...min(8, 2 * bits)))
        }
    }

    @Test func withoutASimulationThereIsOnlyTheFormula() {
        let experiment = BinSplitExperiment(prior: .gauss, meanBits: 2, isRectified: false)
        let split = BinSplit(experiment, ratio: 4, errors: nil)
        #expect(split.simulated.isEmpty && split.rule == nil && split.rows.allSatisfy { $0.measured == nil })
        #expect(split.rows.map(\.bits) == [[0, 4], [1, 3], [2, 2], [3, 1], [4, 0]])
        #expect(split.rows[0].formula == nil && split.rows[1].formula != nil)
    }
}

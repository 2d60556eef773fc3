import Glibc
import Testing

@testable import Quant

@Suite struct AllocationBudgetTests {
    private static let curve = BitAllocationTests.curve

    private func channels(_ count: Int, spread: Double) -> (ranges: [Double], errors: [[Double]]) {
        var generator = SeededGenerator(seed: 31)
        let sigmas = (0..<count).map { _ in exp(spread * Double(generator.gauss())) }
        return (sigmas, sigmas.map { sigma in Self.curve.map { $0 * sigma * sigma } })
    }

    private func none(_ count: Int) -> [Int?] { [Int?](repeating: nil, count: count) }

    @Test func aGoalOfEightBitsReachesChannelsOfAnyRange() {
        let result = BitAllocation.allocate(
            measures: [1, 1e-9, 1e6], errors: [Self.curve, Self.curve, Self.curve], goal: 8,
            policy: AllocationPolicy(budget: .meanBits, rule: .twoThirds), fixed: none(3))
        #expect(result.bits == [8, 8, 8])
    }

    @Test func equalChannelsGetTheGoal() {
        for rule in AllocationRule.allCases {
            for budget in AllocationBudget.allCases {
                for goal in 2...8 {
                    let result = BitAllocation.allocate(
                        measures: [3, 3, 3, 3], errors: [[Double]](repeating: Self.curve, count: 4), goal: goal,
                        policy: AllocationPolicy(budget: budget, rule: rule), fixed: none(4))
                    #expect(result.bits.reduce(0, +) == 4 * goal, "\(rule) \(budget) \(goal)")
                }
            }
        }
    }

    @Test func bitsSetByHandComeOutOfTheBinBudget() {
        // 4 × 2^4 = 64 bins, 32 of them fixed: 32 remain for three equal channels, 10.7 each, or 3 bits.
        let result = BitAllocation.allocate(
            measures: [100, 1, 1, 1], errors: [[Double]](repeating: Self.curve, count: 4), goal: 4,
            policy: AllocationPolicy(budget: .bins, rule: .twoThirds), fixed: [5, nil, nil, nil])
        #expect(result.bits == [5, 3, 3, 3])
        let overdrawn = BitAllocation.allocate(
            measures: [1, 1], errors: [Self.curve, Self.curve], goal: 2,
            policy: AllocationPolicy(budget: .bins, rule: .twoThirds),
            fixed: [8, nil])
        #expect(overdrawn.bits == [8, 0])
    }

    @Test func theExactBinBudgetIsKept() {
        let (ranges, errors) = channels(32, spread: 1)
        for goal in 1...7 {
            let result = BitAllocation.allocate(
                measures: ranges, errors: errors, goal: goal, policy: AllocationPolicy(budget: .bins, rule: .exact),
                fixed: none(32))
            #expect(result.bins <= 32 << goal)
            #expect(result.predictedError <= result.uniformError + 1e-15)
        }
    }

    /// The curve gains next to nothing from 0 to 1 bit; raising bit by bit would leave channels at 0.
    @Test func theFlatStartOfACurveStrandsNoChannel() {
        let result = BitAllocation.allocate(
            measures: [1, 1, 1, 1], errors: [[Double]](repeating: Self.curve, count: 4), goal: 3,
            policy: AllocationPolicy(budget: .meanBits, rule: .exact), fixed: none(4))
        #expect(result.bits == [3, 3, 3, 3])
    }

    @Test func theExactRuleBeatsTheTwoThirdsRuleOnLogNormalChannels() {
        let (ranges, errors) = channels(64, spread: 0.7)
        for goal in 3...6 {
            func error(_ rule: AllocationRule) -> Double {
                BitAllocation.allocate(
                    measures: ranges, errors: errors, goal: goal,
                    policy: AllocationPolicy(budget: .meanBits, rule: rule), fixed: none(64)
                ).predictedError
            }
            #expect(error(.exact) <= error(.twoThirds) * 1.000001)
        }
    }

    @Test func hostileRangesGetDefinedBits() {
        let flat = [Double](repeating: 0, count: 9)
        for ranges in [[Double.nan, .infinity, -1], [0, 0, 0], [1e-300, 1e300, 1]] {
            for rule in AllocationRule.allCases {
                for budget in AllocationBudget.allCases {
                    let result = BitAllocation.allocate(
                        measures: ranges, errors: [flat, flat, flat], goal: 4,
                        policy: AllocationPolicy(budget: budget, rule: rule),
                        fixed: none(3))
                    #expect(result.bits.allSatisfy { (0...8).contains($0) })
                    #expect(result.meanBits <= 4 || budget == .bins)
                }
            }
        }
        let empty = BitAllocation.allocate(
            measures: [], errors: [], goal: 4, policy: AllocationPolicy(budget: .meanBits, rule: .exact), fixed: [])
        #expect(empty.bits.isEmpty && empty.meanBits == 0 && empty.predictedError == 0)
    }

    /// The least mean error of all ways to spend the budget, by dynamic programming over (channel, units spent).
    private func optimum(_ errors: [[Double]], limit: Int, cost: (Int) -> Int) -> Double {
        var best = [Double](repeating: .infinity, count: limit + 1)
        best[0] = 0
        for error in errors {
            var next = [Double](repeating: .infinity, count: limit + 1)
            for spent in 0...limit where best[spent].isFinite {
                for bits in 0...8 where spent + cost(bits) <= limit {
                    next[spent + cost(bits)] = min(next[spent + cost(bits)], best[spent] + error[bits])
                }
            }
            best = next
        }
        return (best.min() ?? 0) / Double(errors.count)
    }

    @Test(arguments: AllocationBudget.allCases) func manyChannelsComeWithinOnePercentOfDynamicProgramming(
        budget: AllocationBudget
    ) {
        let (ranges, errors) = channels(96, spread: 0.8)
        for goal in 2...5 {
            let least =
                budget == .bins
                ? optimum(errors, limit: 96 << goal) { 1 << $0 } : optimum(errors, limit: 96 * goal) { $0 }
            let result = BitAllocation.allocate(
                measures: ranges, errors: errors, goal: goal,
                policy: AllocationPolicy(budget: budget, rule: .exact), fixed: none(96))
            #expect(result.predictedError >= least * 0.999999)
            #expect(result.predictedError <= least * 1.01, "goal \(goal)")
        }
    }
}

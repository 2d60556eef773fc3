import Glibc
import Testing

@testable import Quant

@Suite struct BitAllocationTests {
    /// Min-max Gauss errors per σ², M = 0...8: not convex at the low end.
    static let curve = [0.99, 0.98, 0.264, 0.048, 0.0105, 0.0025, 0.0006, 0.00015, 0.00004]

    private func channels(_ count: Int) -> (ranges: [Double], errors: [[Double]]) {
        var generator = SeededGenerator(seed: 3)
        let sigmas = (0..<count).map { _ in exp(Double(generator.gauss())) }
        return (sigmas.map { 3 * $0 }, sigmas.map { sigma in Self.curve.map { $0 * sigma * sigma } })
    }

    @Test func theMeanStaysWithinTheGoal() {
        let (ranges, errors) = channels(64)
        for rule in AllocationRule.allCases {
            for goal in 2...6 {
                let result = BitAllocation.allocate(
                    measures: ranges, errors: errors, goal: goal,
                    policy: AllocationPolicy(budget: .meanBits, rule: rule),
                    fixed: [Int?](repeating: nil, count: 64))
                #expect(result.meanBits <= Double(goal))
                #expect(result.meanBits > Double(goal) - 0.2)
                #expect(result.predictedError < result.uniformError)
            }
        }
    }

    @Test func theBinsOfTwoChannelsFollowTheTwoThirdsPower() {
        // σ^(2/3) = 2 : 1 gives the first channel 2/3 of the bins: log2 of 2/3 and 1/3 of 32.
        let ranges = [pow(2, 1.5), 1]
        let result = BitAllocation.allocate(
            measures: ranges, errors: [Self.curve, Self.curve], goal: 4,
            policy: AllocationPolicy(budget: .bins, rule: .twoThirds),
            fixed: [nil, nil])
        #expect(result.bits == [4, 3])
    }

    @Test func theExactRuleIsWithinAHairOfDynamicProgramming() {
        let (ranges, errors) = channels(12)
        for goal in 1...5 {
            let limit = goal * 12
            var best = [Double](repeating: .infinity, count: limit + 1)
            best[0] = 0
            for error in errors {
                var next = [Double](repeating: .infinity, count: limit + 1)
                for spent in 0...limit where best[spent].isFinite {
                    for bits in 0...8 where spent + bits <= limit {
                        next[spent + bits] = min(next[spent + bits], best[spent] + error[bits])
                    }
                }
                best = next
            }
            let optimum = (best.min() ?? 0) / 12
            let result = BitAllocation.allocate(
                measures: ranges, errors: errors, goal: goal,
                policy: AllocationPolicy(budget: .meanBits, rule: .exact),
                fixed: [Int?](repeating: nil, count: 12))
            #expect(result.predictedError >= optimum - 1e-12)
            #expect(result.predictedError <= optimum * 1.1 + 1e-12, "goal \(goal)")
        }
    }

    @Test func channelsWithoutRangeGetNothingAndFixedBitsWin() {
        let flat = [Double](repeating: 0, count: 9)
        let result = BitAllocation.allocate(
            measures: [0, 1, 1], errors: [flat, Self.curve, Self.curve], goal: 4,
            policy: AllocationPolicy(budget: .meanBits, rule: .twoThirds), fixed: [nil, 7, nil])
        #expect(result.bits[0] == 0)
        #expect(result.bits[1] == 7)
        let none = BitAllocation.allocate(
            measures: [0, 0], errors: [flat, flat], goal: 4, policy: AllocationPolicy(budget: .bins, rule: .exact),
            fixed: [nil, nil])
        #expect(none.bits == [0, 0])
    }
}

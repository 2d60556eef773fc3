import Glibc

/// Bits per channel, and what they cost and save.
///
/// Source: ACIQ, section 4; docs/quantization.md, eq. 22–25.
public struct BitAllocation: Hashable, Sendable {
    /// The bits of each channel, 0...8.
    public let bits: [Int]
    /// The mean of the bits.
    public let meanBits: Double
    /// The sum of 2^bits.
    public let bins: Int
    /// The mean error over the channels, from their error curves.
    public let predictedError: Double
    /// The mean error if every channel had the goal's bits.
    public let uniformError: Double

    /// Divides bits among channels of equal size.
    ///
    /// - Parameters:
    ///   - measures: α of each channel, see `AllocationMeasure`; a channel where it is 0 gets 0 bits.
    ///   - errors: each channel's mean squared error at 0...8 bits, which the exact rule and the predictions use.
    ///   - goal: the bits that a uniform allocation would give.
    ///   - fixed: bits set by hand; they win over the rule and count in the budget.
    public static func allocate(
        measures: [Double], errors: [[Double]], goal: Int, policy: AllocationPolicy, fixed: [Int?]
    ) -> BitAllocation {
        precondition(measures.count == errors.count, "one entry per channel")
        return allocate(measures: measures, goal: goal, policy: policy, fixed: fixed) { errors[$0][$1] }
    }

    /// The same with errors computed as they are needed: two widths of a channel, or all nine for the exact rule.
    ///
    /// - Parameter error: the mean squared error of a channel at a number of bits.
    static func allocate(
        measures: [Double], goal: Int, policy: AllocationPolicy, fixed: [Int?],
        error: (_ channel: Int, _ bits: Int) -> Double
    ) -> BitAllocation {
        precondition(measures.count == fixed.count, "one entry per channel")
        switch policy.rule {
        case .twoThirds:
            let bits = TwoThirdsRule(measures, goal: goal, fixed: fixed).bits(policy.budget)
            return BitAllocation(bits: bits, goal: goal, error: error)
        case .exact:
            let limit: Double =
                switch policy.budget {
                case .meanBits: Double(goal * measures.count)
                case .bins: Double(measures.count << goal)
                }
            let errors = measures.indices.map { channel in (0...8).map { error(channel, $0) } }
            let bits = HullRule(errors, budget: policy.budget, limit: limit, fixed: fixed).bits
            return BitAllocation(bits: bits, goal: goal) { errors[$0][$1] }
        }
    }

    private init(bits: [Int], goal: Int, error: (Int, Int) -> Double) {
        let count = Double(max(1, bits.count))
        self.bits = bits
        meanBits = Double(bits.reduce(0, +)) / count
        bins = bits.reduce(0) { $0 + 1 << $1 }
        predictedError = bits.enumerated().reduce(0) { $0 + error($1.offset, $1.element) } / count
        uniformError = bits.indices.reduce(0) { $0 + error($1, goal) } / count
    }
}

/// B_i = B α_i^(2/3) / Σ α_j^(2/3), M_i = round(log2 B_i) within 0...8, over the channels that are not set by hand.
///
/// Source: docs/quantization.md, eq. 22–24.
struct TwoThirdsRule {
    private let shares: [Double]
    private let goal: Int
    private let fixed: [Int?]

    init(_ measures: [Double], goal: Int, fixed: [Int?]) {
        let powers = zip(measures, fixed).map { measure, chosen in
            chosen == nil && measure > 0 && measure.isFinite ? pow(measure, 2.0 / 3) : 0
        }
        let sum = powers.reduce(0, +)
        shares = sum > 0 ? powers.map { $0 / sum } : powers
        self.goal = goal
        self.fixed = fixed
    }

    func bits(_ budget: AllocationBudget) -> [Int] {
        let count = shares.count
        switch budget {
        case .bins:
            // What is set by hand comes out of the budget first.
            let taken = fixed.reduce(0) { $0 + ($1.map { 1 << $0 } ?? 0) }
            return bits(totalBins: Double(max(0, count << goal - taken)))
        case .meanBits:
            // The mean grows with the bins: bisect for the most bins whose mean stays within the goal.
            var low = -8.0
            // Enough bins for the smallest share to reach 8 bits.
            let smallest = shares.filter { $0 > 0 }.min() ?? 1
            var high = 9 - log2(smallest)
            for _ in 0..<60 {
                let middle = (low + high) / 2
                if bits(totalBins: exp2(middle)).reduce(0, +) <= goal * count {
                    low = middle
                } else {
                    high = middle
                }
            }
            return bits(totalBins: exp2(low))
        }
    }

    private func bits(totalBins: Double) -> [Int] {
        zip(shares, fixed).map { share, chosen in
            if let chosen { return chosen }
            guard share > 0 else { return 0 }
            return Int(min(8, max(0, log2(totalBins * share).rounded(.toNearestOrEven))))
        }
    }
}

/// Steps along the lower convex hull of each channel's error curve, best gain per cost first.
///
/// The curves are not convex at their low end, so stepping bit by bit would strand channels at 0 bits: a step goes
/// from one vertex of the hull to the next and may jump several bits; one that no longer fits is skipped.
///
/// Source: docs/quantization.md, eq. 25.
struct HullRule {
    private struct Step {
        let channel: Int
        let from: Int
        let bits: Int
        let cost: Double
        let gain: Double
    }

    private let errors: [[Double]]
    private let budget: AllocationBudget
    private let limit: Double
    private let fixed: [Int?]

    init(_ errors: [[Double]], budget: AllocationBudget, limit: Double, fixed: [Int?]) {
        self.errors = errors
        self.budget = budget
        self.limit = limit
        self.fixed = fixed
    }

    var bits: [Int] {
        var bits = fixed.map { $0 ?? 0 }
        var spent = bits.reduce(0) { $0 + cost($1) }
        var steps: [Step] = []
        for channel in errors.indices where fixed[channel] == nil { steps += hull(of: channel) }
        steps.sort { left, right in
            let (a, b) = (left.gain / left.cost, right.gain / right.cost)
            return a != b ? a > b : (left.channel, left.bits) < (right.channel, right.bits)
        }
        for step in steps where bits[step.channel] == step.from && spent + step.cost <= limit + 1e-9 {
            bits[step.channel] = step.bits
            spent += step.cost
        }
        fill(&bits, &spent)
        return bits
    }

    /// Spends what the hull's long steps left over, one best single raise at a time.
    private func fill(_ bits: inout [Int], _ spent: inout Double) {
        while true {
            var best: Step?
            for channel in errors.indices where fixed[channel] == nil {
                for higher in bits[channel] + 1..<max(bits[channel] + 1, 9) {
                    let extra = cost(higher) - cost(bits[channel])
                    let gain = errors[channel][bits[channel]] - errors[channel][higher]
                    guard gain > 0, spent + extra <= limit + 1e-9 else { continue }
                    if best.map({ gain / extra > $0.gain / $0.cost }) ?? true {
                        best = Step(channel: channel, from: bits[channel], bits: higher, cost: extra, gain: gain)
                    }
                }
            }
            guard let best else { return }
            bits[best.channel] = best.bits
            spent += best.cost
        }
    }

    private func cost(_ bits: Int) -> Double {
        switch budget {
        case .meanBits: Double(bits)
        case .bins: Double(1 << bits)
        }
    }

    private func hull(of channel: Int) -> [Step] {
        var steps: [Step] = []
        var from = 0
        while from < 8 {
            var best: Step?
            for to in from + 1...8 {
                let extra = cost(to) - cost(from)
                let gain = errors[channel][from] - errors[channel][to]
                if gain > 0, best.map({ gain / extra >= $0.gain / $0.cost }) ?? true {
                    best = Step(channel: channel, from: from, bits: to, cost: extra, gain: gain)
                }
            }
            guard let best else { break }
            steps.append(best)
            from = best.bits
        }
        return steps
    }
}

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

    /// The same with errors computed as they are needed: two widths of a channel, or a few more for the exact rule.
    ///
    /// - Parameter error: the mean squared error of a channel at a number of bits, not negative; asked again, it is not
    ///   expected to compute it again.
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
            let bits = HullRule(budget: policy.budget, limit: limit, fixed: fixed).bits(error)
            return BitAllocation(bits: bits, goal: goal, error: error)
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

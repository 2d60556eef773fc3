import Glibc

/// B_i = B α_i^(2/3) / Σ α_j^(2/3), M_i = round(log2 B_i) within 0...8, over the channels that are not set by hand.
///
/// Source: docs/quantization.md, eq. 22–24.
struct TwoThirdsRule {
    /// The logarithm to base 2 of each channel's share of the bins; minus infinity for none.
    private let shares: [Double]
    private let goal: Int
    private let fixed: [Int?]

    init(_ measures: [Double], goal: Int, fixed: [Int?]) {
        let own = zip(measures, fixed).map { measure, chosen in chosen == nil ? measure : 0 }
        shares = BitAllocation.shares(of: own).map { $0 > 0 ? log2($0) : -.infinity }
        self.goal = goal
        self.fixed = fixed
    }

    func bits(_ budget: AllocationBudget) -> [Int] {
        let count = shares.count
        switch budget {
        case .bins:
            // What is set by hand comes out of the budget first.
            let taken = fixed.reduce(0) { $0 + ($1.map { 1 << $0 } ?? 0) }
            return bits(logarithmOfBins: log2(Double(max(0, count << goal - taken))))
        case .meanBits:
            // The mean grows with the bins: bisect for the most bins whose mean stays within the goal.
            var low = -8.0
            // Enough bins for the smallest share to reach 8 bits.
            var high = 9 - (shares.filter(\.isFinite).min() ?? 0)
            for _ in 0..<60 {
                let middle = (low + high) / 2
                if bits(logarithmOfBins: middle).reduce(0, +) <= goal * count {
                    low = middle
                } else {
                    high = middle
                }
            }
            return bits(logarithmOfBins: low)
        }
    }

    private func bits(logarithmOfBins bins: Double) -> [Int] {
        zip(shares, fixed).map { share, chosen in
            // A minus infinity becomes 0 bits.
            chosen ?? Int(min(8, max(0, (bins + share).rounded(.toNearestOrEven))))
        }
    }
}

extension BitAllocation {
    /// Each channel's share of the bins, α_i^(2/3) / Σ α_j^(2/3): the closed form before it is rounded to bits.
    ///
    /// Measures that are not positive and finite get nothing. Source: docs/quantization.md, eq. 22.
    public static func shares(of measures: [Double]) -> [Double] {
        let powers = measures.map { $0 > 0 && $0.isFinite ? pow($0, 2.0 / 3) : 0 }
        let sum = powers.reduce(0, +)
        return powers.map { $0 > 0 ? $0 / sum : 0 }
    }
}

import Glibc
public import Quant

/// The splits of a budget between two channels, the first `ratio` times as wide as the second, whose widths are 1 and 1 / ratio.
public struct BinSplit: Sendable {
    /// One division of the bits.
    public struct Row: Hashable, Sendable {
        /// The bits of the two channels.
        public let bits: [Int]
        /// The mean error of both by the formula; `nil` where a channel has no bits, of which it does not speak.
        public let formula: Double?
        /// The mean error measured; `nil` before the simulation.
        public let measured: Double?
    }

    /// A point of a curve over the first channel's share of the bins.
    public struct Point: Hashable, Sendable {
        /// The share, 0 to 1.
        public let share: Double
        /// The mean error of both channels.
        public let error: Double
    }

    /// The closed form's share of the first channel: α₁^(2/3) / (α₁^(2/3) + α₂^(2/3)).
    public let closedShare: Double
    /// The mean error that the formula expects of each share.
    public let formula: [Point]
    /// The mean error measured at whole numbers of bins; empty before the simulation.
    public let simulated: [Point]
    /// All divisions of 2 M bits among the two, the first channel's bits ascending.
    public let rows: [Row]
    /// The bits by the two-thirds rule; `nil` before the simulation, whose errors the allocation's predictions need.
    public let rule: BitAllocation?
    /// The bits of least measured error.
    public let exact: BitAllocation?

    /// The splits of an experiment at a ratio of spreads, at least 1.
    public init(_ experiment: BinSplitExperiment, ratio: Double, errors: BinSplitExperiment.Errors?) {
        let scales = [1, 1 / ratio]
        let powers = scales.map { $0 * $0 }
        let expected = experiment.expected
        let total = Double(experiment.bins)
        func formula(bins: [Double]) -> Double {
            zip(bins, powers).reduce(0) { sum, channel in
                sum + channel.1 / 2
                    * expected(threshold: expected.optimalThreshold(bins: channel.0), bins: channel.0)
            }
        }
        func measured(_ bits: [Int]) -> Double? {
            errors.map { (powers[0] * $0.bits[0][bits[0]] + powers[1] * $0.bits[1][bits[1]]) / 2 }
        }
        let measures = scales.map { $0 * expected.optimalThreshold(bits: experiment.meanBits) }
        closedShare = BitAllocation.shares(of: measures)[0]
        // Less than one bin is none.
        self.formula = (1..<128).map { Double($0) / 128 }.filter { min($0, 1 - $0) * total >= 1 }.map { share in
            Point(share: share, error: formula(bins: [share * total, (1 - share) * total]))
        }
        simulated = experiment.firstBins.enumerated().compactMap { place, first in
            errors.map {
                Point(
                    share: Double(first) / total,
                    error: (powers[0] * $0.bins[0][place] + powers[1] * $0.bins[1][place]) / 2)
            }
        }
        let allocations = [AllocationRule.twoThirds, .exact].map { rule in
            errors.map { errors in
                BitAllocation.allocate(
                    measures: measures,
                    errors: zip(errors.bits, powers).map { curve, power in curve.map { $0 * power } },
                    goal: experiment.meanBits, policy: AllocationPolicy(rule: rule), fixed: [nil, nil])
            }
        }
        (rule, exact) = (allocations[0], allocations[1])
        let budget = 2 * experiment.meanBits
        var splits = (max(0, budget - 8)...min(8, budget)).map { [$0, budget - $0] }
        // The rule may leave a bit over.
        for allocation in allocations.compactMap({ $0 }) where !splits.contains(allocation.bits) {
            splits.append(allocation.bits)
        }
        rows = splits.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }.map { bits in
            Row(
                bits: bits, formula: bits.contains(0) ? nil : formula(bins: bits.map { exp2(Double($0)) }),
                measured: measured(bits))
        }
    }

    /// The share of least simulated error.
    public var bestShare: Double? { simulated.min { $0.error < $1.error }?.share }
}

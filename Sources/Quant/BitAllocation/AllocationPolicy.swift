/// What the bits of all channels must add up to.
public enum AllocationBudget: String, Hashable, Sendable, CaseIterable {
    /// The mean of the channels' bits does not exceed the goal.
    case meanBits = "mean-bits"
    /// The bins, before rounding to powers of two, add up to channels × 2^goal (the paper).
    case bins
}

/// How bits are divided among channels.
public enum AllocationRule: String, Hashable, Sendable, CaseIterable {
    /// Bins in proportion to α^(2/3), α being the channel's measure (ACIQ, eq. 11).
    case twoThirds = "two-thirds"
    /// The integer optimum on each channel's own error curve.
    case exact
}

/// The measure α of a channel, by which the two-thirds rule divides bins.
public enum AllocationMeasure: String, Hashable, Sendable, CaseIterable {
    /// Half the range that will be quantized, weighted by the share of values that are not exactly zero.
    case range
    /// The standard deviation (the code published with the paper).
    case sigma
}

/// How bits are divided among the channels of every layer that asks for it.
public struct AllocationPolicy: Hashable, Sendable {
    /// What the bits must add up to.
    public var budget: AllocationBudget
    /// The rule.
    public var rule: AllocationRule
    /// What the two-thirds rule divides by.
    public var measure: AllocationMeasure

    /// A policy from its parts; by default the paper's rule within a mean number of bits.
    public init(
        budget: AllocationBudget = .meanBits, rule: AllocationRule = .twoThirds, measure: AllocationMeasure = .range
    ) {
        self.budget = budget
        self.rule = rule
        self.measure = measure
    }
}

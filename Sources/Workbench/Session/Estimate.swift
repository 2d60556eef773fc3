public import Engine

/// A measurement under way: what the images seen so far say of the current configuration.
public struct Estimate: Hashable, Sendable {
    /// Which configuration it belongs to.
    public let generation: Int
    /// Float and quantized results on the same images.
    public let comparison: Comparison
    /// The images that will be seen in all.
    public let total: Int
    /// The difference to the configuration measured before, on the images that both have seen; `nil` without labels or a
    /// configuration before.
    public let toPrevious: PairedDifference?

    /// An estimate from its parts.
    public init(generation: Int, comparison: Comparison, total: Int, toPrevious: PairedDifference? = nil) {
        self.generation = generation
        self.comparison = comparison
        self.total = total
        self.toPrevious = toPrevious
    }

    /// Whether all images were seen.
    public var isComplete: Bool { comparison.count >= total }
    /// The share of the images seen.
    public var fraction: Double { total > 0 ? Double(comparison.count) / Double(total) : 1 }
}

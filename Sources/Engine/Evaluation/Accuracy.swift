internal import Glibc

/// The share of images judged right, with its 95 % interval.
public struct Proportion: Hashable, Sendable {
    /// The images counted.
    public let count: Int
    /// Those judged right.
    public let hits: Int

    /// A proportion from its counts.
    public init(hits: Int, count: Int) {
        self.hits = hits
        self.count = count
    }

    /// hits / count, 0 without images.
    public var value: Double { count > 0 ? Double(hits) / Double(count) : 0 }

    /// Wilson's interval: (p + z²/2n ± z sqrt(p(1−p)/n + z²/4n²)) / (1 + z²/n), z = 1.96.
    ///
    /// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    public var interval95: ClosedRange<Double> {
        guard count > 0 else { return 0...1 }
        let (n, p, z) = (Double(count), value, 1.959_963_984_540_054)
        let centre = p + z * z / (2 * n)
        let half = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
        let scale = 1 + z * z / n
        return max(0, (centre - half) / scale)...min(1, (centre + half) / scale)
    }
}

/// The difference of two proportions on the same images, with its paired 95 % interval.
public struct PairedDifference: Hashable, Sendable {
    /// The images counted.
    public let count: Int
    /// Images right only after the change.
    public let gained: Int
    /// Images right only before it.
    public let lost: Int

    /// A difference from its counts.
    public init(gained: Int, lost: Int, count: Int) {
        self.gained = gained
        self.lost = lost
        self.count = count
    }

    /// (gained − lost) / count.
    public var value: Double { count > 0 ? Double(gained - lost) / Double(count) : 0 }

    /// d ± 1.96 sqrt(n01 + n10 − (n10 − n01)²/n) / n.
    public var interval95: ClosedRange<Double> {
        guard count > 0 else { return -1...1 }
        let (n, d) = (Double(count), Double(gained - lost))
        let half = 1.959_963_984_540_054 * (Double(gained + lost) - d * d / n).squareRoot() / n
        return value - half...value + half
    }
}

/// Float and quantized results on the same images, counted as they arrive.
public struct Comparison: Hashable, Sendable {
    /// The images counted.
    public private(set) var count = 0
    private var floatHits = 0
    private var hits = 0
    private var floatTop5 = 0
    private var top5 = 0
    private var gained = 0
    private var lost = 0
    private var agreements = 0
    private var signal = 0.0
    private var noise = 0.0
    /// Whether labels were known.
    public let isLabelled: Bool
    /// Values per image.
    public let classes: Int

    /// Nothing counted yet.
    public init(classes: Int, isLabelled: Bool) {
        self.classes = classes
        self.isLabelled = isLabelled
    }

    /// Counts images given both nets' logits, [image][class], and their labels.
    public mutating func add(float: ArraySlice<Float>, quantized: ArraySlice<Float>, labels: [Int]?) {
        for image in 0..<float.count / max(1, classes) {
            let before = float.dropFirst(image * classes).prefix(classes)
            let after = quantized.dropFirst(image * classes).prefix(classes)
            let (first, second) = (Comparison.largest(before), Comparison.largest(after))
            count += 1
            if first == second { agreements += 1 }
            for (a, b) in zip(before, after) {
                signal += Double(a) * Double(a)
                noise += (Double(a) - Double(b)) * (Double(a) - Double(b))
            }
            guard let label = labels?[image] else { continue }
            if first == label { floatHits += 1 }
            if second == label { hits += 1 }
            if first != label, second == label { gained += 1 }
            if first == label, second != label { lost += 1 }
            if Comparison.rank(of: label, in: before) < 5 { floatTop5 += 1 }
            if Comparison.rank(of: label, in: after) < 5 { top5 += 1 }
        }
    }

    /// The float net's top-1 accuracy.
    public var floatTop1: Proportion? { isLabelled ? Proportion(hits: floatHits, count: count) : nil }
    /// The quantized net's top-1 accuracy.
    public var quantizedTop1: Proportion? { isLabelled ? Proportion(hits: hits, count: count) : nil }
    /// The float net's top-5 accuracy; `nil` below six classes.
    public var floatTop5Accuracy: Proportion? {
        isLabelled && classes > 5 ? Proportion(hits: floatTop5, count: count) : nil
    }
    /// The quantized net's top-5 accuracy; `nil` below six classes.
    public var quantizedTop5: Proportion? {
        isLabelled && classes > 5 ? Proportion(hits: top5, count: count) : nil
    }
    /// The share of images on which both nets choose the same class.
    public var agreement: Proportion { Proportion(hits: agreements, count: count) }
    /// Quantized minus float top-1, paired.
    public var difference: PairedDifference? {
        isLabelled ? PairedDifference(gained: gained, lost: lost, count: count) : nil
    }
    /// 10 log10(Σ y² / Σ (y − yq)²) of the logits; `nil` without error.
    public var logitSQNR: Double? { noise > 0 && signal > 0 ? 10 * log10(signal / noise) : nil }

    /// The index of the largest value, the first of equal ones.
    static func largest(_ values: ArraySlice<Float>) -> Int {
        var best = values.startIndex
        for index in values.indices where values[index] > values[best] { best = index }
        return best - values.startIndex
    }

    private static func rank(of label: Int, in values: ArraySlice<Float>) -> Int {
        guard label >= 0, label < values.count else { return values.count }
        let own = values[values.startIndex + label]
        return values.enumerated().count { index, value in value > own || (value == own && index < label) }
    }
}

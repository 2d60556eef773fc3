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
    /// How the output is judged.
    public let judgement: Judgement
    /// Whether labels were known, and count: only an output of classes can be right or wrong.
    public let isLabelled: Bool

    /// Nothing counted yet.
    public init(_ judgement: Judgement, isLabelled: Bool) {
        self.judgement = judgement
        if case .classes = judgement { self.isLabelled = isLabelled } else { self.isLabelled = false }
    }

    /// Counts images given both nets' values of the judged output, image after image, and their labels.
    public mutating func add(float: ArraySlice<Float>, quantized: ArraySlice<Float>, labels: [Int]?) {
        let length = max(1, judgement.count)
        for image in 0..<float.count / length {
            let before = float.dropFirst(image * length).prefix(length)
            let after = quantized.dropFirst(image * length).prefix(length)
            count += 1
            for (a, b) in zip(before, after) {
                signal += Double(a) * Double(a)
                noise += (Double(a) - Double(b)) * (Double(a) - Double(b))
            }
            switch judgement {
            case .classes: judge(before, after, label: isLabelled ? labels?[image] : nil)
            case .pixels(let pixels, _): agreements += Comparison.agreeingPixels(before, after, of: pixels)
            case .values: break
            }
        }
    }

    private mutating func judge(_ before: ArraySlice<Float>, _ after: ArraySlice<Float>, label: Int?) {
        let (first, second) = (Comparison.largest(before), Comparison.largest(after))
        if first == second { agreements += 1 }
        guard let label else { return }
        if first == label { floatHits += 1 }
        if second == label { hits += 1 }
        if first != label, second == label { gained += 1 }
        if first == label, second != label { lost += 1 }
        if Comparison.rank(of: label, in: before) < 5 { floatTop5 += 1 }
        if Comparison.rank(of: label, in: after) < 5 { top5 += 1 }
    }

    /// The pixels of [class][pixel] values that both nets give the same class.
    private static func agreeingPixels(
        _ before: ArraySlice<Float>, _ after: ArraySlice<Float>, of pixels: Int
    ) -> Int {
        func best(_ values: ArraySlice<Float>, _ pixel: Int) -> Int {
            var best = values.startIndex + pixel
            for index in stride(from: best, to: values.endIndex, by: pixels) where values[index] > values[best] {
                best = index
            }
            return best - values.startIndex
        }
        return (0..<pixels).count { best(before, $0) == best(after, $0) }
    }

    /// The float net's top-1 accuracy.
    public var floatTop1: Proportion? { isLabelled ? Proportion(hits: floatHits, count: count) : nil }
    /// The quantized net's top-1 accuracy.
    public var quantizedTop1: Proportion? { isLabelled ? Proportion(hits: hits, count: count) : nil }
    /// The float net's top-5 accuracy; `nil` below six classes.
    public var floatTop5Accuracy: Proportion? {
        isLabelled && judgement.classes > 5 ? Proportion(hits: floatTop5, count: count) : nil
    }
    /// The quantized net's top-5 accuracy; `nil` below six classes.
    public var quantizedTop5: Proportion? {
        isLabelled && judgement.classes > 5 ? Proportion(hits: top5, count: count) : nil
    }
    /// The share of images, or of pixels, to which both nets give the same class; `nil` for an output without classes.
    ///
    /// Pixels of one image are not independent, so that their interval is too narrow to be shown.
    public var agreement: Proportion? {
        switch judgement {
        case .classes: Proportion(hits: agreements, count: count)
        case .pixels(let pixels, _): Proportion(hits: agreements, count: count * pixels)
        case .values: nil
        }
    }
    /// Whether the float net is hardly better than chance on at least 100 images: its input is probably not what it was
    /// trained on.
    public var isFloatNearChance: Bool {
        guard let floatTop1, count >= 100 else { return false }
        return floatTop1.interval95.upperBound < 2 / Double(max(2, judgement.classes))
    }
    /// Quantized minus float top-1, paired.
    public var difference: PairedDifference? {
        isLabelled ? PairedDifference(gained: gained, lost: lost, count: count) : nil
    }
    /// The difference to the float net on the same images: of accuracy, or without labels of agreement, which quantization
    /// can only lose; `nil` for an output that is not of classes.
    public var change: PairedDifference? {
        guard case .classes = judgement else { return nil }
        return difference ?? PairedDifference(gained: 0, lost: count - agreements, count: count)
    }
    /// 10 log10(Σ y² / Σ (y − yq)²) of the judged output; `nil` without error.
    public var logitSQNR: Double? { noise > 0 && signal > 0 ? 10 * log10(signal / noise) : nil }

    /// The class that each image gets; empty where the output has no classes.
    ///
    /// - Parameter values: the judged output's values, image after image.
    public static func predictions(_ values: [Float], _ judgement: Judgement) -> [Int] {
        guard case .classes(let count) = judgement else { return [] }
        return (0..<values.count / count).map { largest(values[$0 * count..<($0 + 1) * count]) }
    }

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

/// What one pass over samples accumulates; partial results merge to those of the whole.
///
/// Values that are not finite are counted and otherwise left out. Powers are taken about a sample and moved to the mean
/// in double precision, so that the result depends on the order of the samples in its last bits only.
///
/// Source: P. Pébay, "Formulas for robust, one-pass parallel computation of covariances and arbitrary-order
/// statistical moments", 2008; docs/quantization.md, eq. 14.
public struct Moments: Hashable, Sendable {
    /// The number of finite samples.
    public private(set) var count = 0
    /// Their mean, 0 without any.
    public private(set) var mean = 0.0
    /// The sum of (x − mean)².
    public private(set) var second = 0.0
    /// The sum of (x − mean)³.
    public private(set) var third = 0.0
    /// The sum of (x − mean)⁴.
    public private(set) var fourth = 0.0
    /// The least finite sample, +∞ without any.
    public private(set) var minimum = Float.infinity
    /// The greatest finite sample, −∞ without any.
    public private(set) var maximum = -Float.infinity
    /// The samples above zero.
    public private(set) var positive = Positive()
    /// The number of samples that are exactly zero.
    public private(set) var zeroCount = 0
    /// The number of samples left out because they are not finite.
    public private(set) var nonFiniteCount = 0

    /// The samples above zero.
    public struct Positive: Hashable, Sendable {
        /// Their number.
        public var count = 0
        /// Their sum.
        public var sum = 0.0
        /// The sum of their squares.
        public var sumOfSquares = 0.0

        /// Sums; none by default.
        public init(count: Int = 0, sum: Double = 0, sumOfSquares: Double = 0) {
            self.count = count
            self.sum = sum
            self.sumOfSquares = sumOfSquares
        }
    }

    /// No samples yet.
    public init() {}

    /// What samples sum up to.
    ///
    /// - Parameters:
    ///   - powers: the sums of x − center, (x − center)², (x − center)³ and (x − center)⁴.
    ///   - extremes: the least and the greatest finite sample.
    public init(
        count: Int, about center: Double, powers: SIMD4<Double>, extremes: (Float, Float), positive: Positive,
        zeroCount: Int, nonFiniteCount: Int = 0
    ) {
        self.nonFiniteCount = nonFiniteCount
        guard count > 0 else { return }
        let samples = Double(count)
        let offset = powers[0] / samples
        let square = offset * offset
        self.count = count
        mean = center + offset
        second = max(0, powers[1] - samples * square)
        third = powers[2] - 3 * offset * powers[1] + 2 * samples * square * offset
        fourth = max(0, powers[3] - 4 * offset * powers[2] + 6 * square * powers[1] - 3 * samples * square * square)
        (minimum, maximum) = extremes
        self.positive = positive
        self.zeroCount = zeroCount
    }

    /// The moments of samples.
    public init(of samples: UnsafeBufferPointer<Float>) {
        let center = samples.first { $0.isFinite }.map(Double.init) ?? 0
        var powers = SIMD4<Double>.zero
        var extremes = (Float.infinity, -Float.infinity)
        var positive = Positive()
        var (count, zeros) = (0, 0)
        for sample in samples where sample.isFinite {
            let wide = Double(sample)
            let offset = wide - center
            let square = offset * offset
            powers += SIMD4(offset, square, square * offset, square * square)
            extremes = (min(extremes.0, sample), max(extremes.1, sample))
            count += 1
            if sample == 0 { zeros += 1 }
            if sample > 0 {
                positive.count += 1
                positive.sum += wide
                positive.sumOfSquares += wide * wide
            }
        }
        self.init(
            count: count, about: center, powers: powers, extremes: extremes, positive: positive, zeroCount: zeros,
            nonFiniteCount: samples.count - count)
    }

    /// Adds what another pass accumulated.
    public mutating func merge(_ other: Moments) {
        nonFiniteCount += other.nonFiniteCount
        guard other.count > 0 else { return }
        let (a, b) = (Double(count), Double(other.count))
        let n = a + b
        let delta = other.mean - mean
        let (ratio, square) = (delta / n, delta * delta)
        let moved = square * a * b / n
        fourth +=
            other.fourth + moved * ratio * ratio * (a * a - a * b + b * b)
            + 6 * ratio * ratio * (a * a * other.second + b * b * second)
            + 4 * ratio * (a * other.third - b * third)
        third += other.third + moved * ratio * (a - b) + 3 * ratio * (a * other.second - b * second)
        second += other.second + moved
        mean += ratio * b
        count += other.count
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
        positive.count += other.positive.count
        positive.sum += other.positive.sum
        positive.sumOfSquares += other.positive.sumOfSquares
        zeroCount += other.zeroCount
    }

    /// The mean of |x − mean| over the finite ones of the samples, which are those the moments are of.
    public func meanAbsoluteDeviation(of samples: UnsafeBufferPointer<Float>) -> Double {
        samples.reduce(0) { $1.isFinite ? $0 + abs(Double($1) - mean) : $0 } / Double(max(1, count))
    }

    /// b = E|X − EX| of the samples, from their distribution in bins: bin i holds those from i w to (i + 1) w, exact zeros apart.
    ///
    /// Only the samples between 0 and the mean are taken from the bins, by a cubic through their cumulative counts; the
    /// rest are exact sums.
    ///
    /// - Parameters:
    ///   - binWidth: w.
    ///   - bins: those that hold samples; may have others among them.
    ///   - scale: how many of the samples one count stands for.
    ///   - samples: the count of one of `bins`.
    ///
    /// Source: docs/quantization.md, eq. 14a.
    public func meanAbsoluteDeviation(
        binWidth: Double, bins: ClosedRange<Int>, scale: Double = 1, samples: (Int) -> Int
    ) -> Double {
        guard count > 0 else { return 0 }
        let n = Double(count)
        // Deviations below the mean sum to those above; the side that holds 0 is summed.
        let exact =
            mean > 0
            ? mean * (n - Double(positive.count)) - (mean * n - positive.sum)
            : positive.sum - mean * Double(positive.count + zeroCount)
        let sum = exact + scale * binWidth * Self.countsTowards(mean / binWidth, bins, samples)
        // No mean absolute deviation exceeds the root of the mean square.
        return max(0, min(2 * sum / n, (second / n).squareRoot()))
    }

    /// The integral over t from 0 to `end`, in bins, of the number of samples between 0 and t.
    ///
    /// The density in a bin is the parabola a + b u + c u², u from 0 to 1, that has the counts of this bin and of both its
    /// neighbours. Over a whole bin of count k between i and j, with n samples before, the integral is n + k / 2 + (i - j) / 24:
    /// all but the first and last of those fractions cancel.
    private static func countsTowards(_ end: Double, _ bins: ClosedRange<Int>, _ samples: (Int) -> Int) -> Double {
        let reach = abs(end)
        // Bins are numbered from 0 towards the end; the samples may begin further out, and end before.
        let steps = end > 0 ? bins : -1 - bins.upperBound ... -1 - bins.lowerBound
        func count(_ step: Int) -> Int { samples(end > 0 ? step : -1 - step) }
        func neighbour(_ step: Int, of own: Int) -> Int { steps.contains(step) ? count(step) : own }
        let (first, last) = (max(0, steps.lowerBound), min(steps.upperBound, Int(min(reach, 1e9))))
        guard first <= last else { return 0 }
        let whole = first..<max(first, min(last + 1, Int(min(reach, 1e9))))
        var (inside, twice) = (0, 0)
        for step in whole {
            twice += inside
            inside += count(step)
            twice += inside
        }
        var integral = Double(twice) / 2
        if !whole.isEmpty {
            let (one, other) = (count(first), count(whole.upperBound - 1))
            let ends =
                neighbour(first - 1, of: one) + one - other - neighbour(whole.upperBound, of: other)
            integral += Double(ends) / 24
        }
        guard whole.upperBound <= last else { return integral }
        let own = count(whole.upperBound)
        let (before, after) = (
            neighbour(whole.upperBound - 1, of: own), neighbour(whole.upperBound + 1, of: own)
        )
        let (b, c) = (Double(own - before), Double(after - 2 * own + before) / 2)
        let a = Double(own) - b / 2 - c / 3
        let u = min(1, reach - Double(whole.upperBound))
        return integral + u * (Double(inside) + u * (a / 2 + u * (b / 6 + u * c / 12)))
    }
}

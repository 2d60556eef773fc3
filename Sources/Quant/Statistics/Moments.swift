/// What one pass over samples accumulates; partial results merge to those of the whole.
///
/// Values that are not finite are counted and otherwise left out. Sums run in double precision over rows, so that the
/// result depends on the order of the rows in its last bits only.
public struct Moments: Hashable, Sendable {
    /// The number of finite samples.
    public private(set) var count = 0
    /// Their sum.
    public private(set) var sum = 0.0
    /// The sum of their squares.
    public private(set) var sumOfSquares = 0.0
    /// The least finite sample, +∞ without any.
    public private(set) var minimum = Float.infinity
    /// The greatest finite sample, −∞ without any.
    public private(set) var maximum = -Float.infinity
    /// The number of samples above zero.
    public private(set) var positiveCount = 0
    /// Their sum.
    public private(set) var positiveSum = 0.0
    /// The sum of their squares.
    public private(set) var positiveSumOfSquares = 0.0
    /// The number of samples that are exactly zero.
    public private(set) var zeroCount = 0
    /// The number of samples left out because they are not finite.
    public private(set) var nonFiniteCount = 0

    /// No samples yet.
    public init() {}

    /// Adds samples.
    public mutating func add(_ samples: UnsafeBufferPointer<Float>) {
        var index = 0
        // Short runs in single precision would lose bits: each lane converts before it adds.
        var sums = SIMD8<Double>.zero
        var squares = SIMD8<Double>.zero
        var positives = SIMD8<Double>.zero
        var positiveSquares = SIMD8<Double>.zero
        var low = SIMD8<Float>(repeating: minimum)
        var high = SIMD8<Float>(repeating: maximum)
        var above = SIMD8<Int32>.zero
        var zeros = SIMD8<Int32>.zero
        let one = SIMD8<Int32>(repeating: 1)
        while index + 8 <= samples.count {
            let row = UnsafeRawPointer(samples.baseAddress.unsafelyUnwrapped + index)
                .loadUnaligned(as: SIMD8<Float>.self)
            let total = (row - row).sum()
            guard total == 0 else {
                for lane in 0..<8 { add(row[lane]) }
                index += 8
                continue
            }
            let wide = SIMD8<Double>(row)
            sums += wide
            squares += wide * wide
            low.replace(with: row, where: row .< low)
            high.replace(with: row, where: row .> high)
            let isAbove = row .> 0
            let rectified = SIMD8<Double>(row.replacing(with: 0, where: row .< 0))
            positives += rectified
            positiveSquares += rectified * rectified
            above &+= SIMD8<Int32>.zero.replacing(with: one, where: isAbove)
            zeros &+= SIMD8<Int32>.zero.replacing(with: one, where: row .== 0)
            count += 8
            index += 8
        }
        sum += sums.sum()
        sumOfSquares += squares.sum()
        positiveSum += positives.sum()
        positiveSumOfSquares += positiveSquares.sum()
        positiveCount += Int(above.wrappedSum())
        zeroCount += Int(zeros.wrappedSum())
        minimum = Swift.min(minimum, low.min())
        maximum = Swift.max(maximum, high.max())
        while index < samples.count {
            add(samples[index])
            index += 1
        }
    }

    /// Adds one sample.
    public mutating func add(_ sample: Float) {
        guard sample.isFinite else {
            nonFiniteCount += 1
            return
        }
        let wide = Double(sample)
        count += 1
        sum += wide
        sumOfSquares += wide * wide
        minimum = Swift.min(minimum, sample)
        maximum = Swift.max(maximum, sample)
        if sample > 0 {
            positiveCount += 1
            positiveSum += wide
            positiveSumOfSquares += wide * wide
        } else if sample == 0 {
            zeroCount += 1
        }
    }

    /// Adds what another pass accumulated.
    public mutating func merge(_ other: Moments) {
        count += other.count
        sum += other.sum
        sumOfSquares += other.sumOfSquares
        minimum = Swift.min(minimum, other.minimum)
        maximum = Swift.max(maximum, other.maximum)
        positiveCount += other.positiveCount
        positiveSum += other.positiveSum
        positiveSumOfSquares += other.positiveSumOfSquares
        zeroCount += other.zeroCount
        nonFiniteCount += other.nonFiniteCount
    }

    /// The mean, 0 without samples.
    public var mean: Double { count > 0 ? sum / Double(count) : 0 }
}

/// What a second pass accumulates around the mean of the first.
public struct CentralMoments: Hashable, Sendable {
    /// The mean about which the moments are taken.
    public let mean: Double
    /// The sum of |x − mean|.
    public private(set) var absolute = 0.0
    /// The sum of (x − mean)².
    public private(set) var second = 0.0
    /// The sum of (x − mean)⁴.
    public private(set) var fourth = 0.0

    /// No samples yet.
    public init(mean: Double) { self.mean = mean }

    /// Adds samples; those that are not finite are left out.
    public mutating func add(_ samples: UnsafeBufferPointer<Float>) {
        var index = 0
        var absolutes = SIMD8<Double>.zero
        var seconds = SIMD8<Double>.zero
        var fourths = SIMD8<Double>.zero
        while index + 8 <= samples.count {
            let row = UnsafeRawPointer(samples.baseAddress.unsafelyUnwrapped + index)
                .loadUnaligned(as: SIMD8<Float>.self)
            var offset = SIMD8<Double>(row) - mean
            if (row - row).sum() != 0 {
                for lane in 0..<8 where !row[lane].isFinite { offset[lane] = 0 }
            }
            absolutes += offset.replacing(with: -offset, where: offset .< 0)
            let square = offset * offset
            seconds += square
            fourths += square * square
            index += 8
        }
        absolute += absolutes.sum()
        second += seconds.sum()
        fourth += fourths.sum()
        while index < samples.count {
            if samples[index].isFinite {
                let offset = Double(samples[index]) - mean
                absolute += abs(offset)
                second += offset * offset
                fourth += offset * offset * offset * offset
            }
            index += 1
        }
    }

    /// Adds what another pass about the same mean accumulated.
    public mutating func merge(_ other: CentralMoments) {
        absolute += other.absolute
        second += other.second
        fourth += other.fourth
    }
}

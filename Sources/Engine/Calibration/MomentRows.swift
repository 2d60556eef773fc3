internal import CKernels
internal import Quant

/// Sums over the channels of a tensor as `nk_add_statistics` writes them: rows of doubles, one for each of the 16 channels of a
/// block, block after block.
enum MomentRows {
    /// Doubles of a block.
    static let blockSize = Int(NKMomentRows) * MapLayout.lanes

    private typealias Rows = UnsafePointer<Double>

    /// A channel's value in a row.
    @inline(__always)
    private static func value(_ block: Rows, _ row: Int, _ lane: Int) -> Double {
        block[row * MapLayout.lanes + lane]
    }

    /// The sums of powers of a channel's samples about another centre.
    ///
    /// With d from that centre to the channel's own: Σ(y + d)² = Σy² + 2d Σy + n d², and so on. Centres are samples, so d is not much
    /// more than what samples differ by, and the powers keep their bits.
    @inline(__always)
    private static func powers(_ block: Rows, _ lane: Int, about centre: Double) -> SIMD4<Double> {
        let n = value(block, Int(NKMomentCount), lane)
        let d = value(block, Int(NKMomentCentre), lane) - centre
        let (first, second) = (value(block, Int(NKMomentSum), lane), value(block, Int(NKMomentSquare), lane))
        let (third, fourth) = (value(block, Int(NKMomentCube), lane), value(block, Int(NKMomentFourth), lane))
        let square = d * d
        return SIMD4(
            first + d * n, second + d * (2 * first + d * n), third + d * (3 * second + d * (3 * first + d * n)),
            fourth + d * (4 * third + 6 * d * second) + square * d * (4 * first + d * n))
    }

    /// Adds the sums of other samples of the same channels: of one part after the other, if they are of several.
    static func merge(_ other: [Double], into rows: inout [Double]) {
        guard !rows.isEmpty else { return }
        rows.withUnsafeMutableBufferPointer { rows in
            other.withUnsafeBufferPointer { other in
                for part in stride(from: 0, to: other.count, by: rows.count) {
                    for block in stride(from: 0, to: rows.count, by: blockSize) {
                        guard let rows = rows.baseAddress, let other = other.baseAddress else { return }
                        merge(other + part + block, into: rows + block)
                    }
                }
            }
        }
    }

    private static func merge(_ other: Rows, into rows: UnsafeMutablePointer<Double>) {
        func isEmpty(_ rows: Rows) -> Bool {
            value(rows, Int(NKMomentCount), 0) + value(rows, Int(NKMomentNotFinite), 0) == 0
        }
        guard !isEmpty(other) else { return }
        guard !isEmpty(rows) else { return rows.update(from: other, count: blockSize) }
        for lane in 0..<MapLayout.lanes {
            let powers = powers(other, lane, about: value(rows, Int(NKMomentCentre), lane))
            func at(_ row: Int) -> Int { row * MapLayout.lanes + lane }
            rows[at(Int(NKMomentSum))] += powers[0]
            rows[at(Int(NKMomentSquare))] += powers[1]
            rows[at(Int(NKMomentCube))] += powers[2]
            rows[at(Int(NKMomentFourth))] += powers[3]
            func add(_ row: Int) { rows[at(row)] += other[at(row)] }
            add(Int(NKMomentCount))
            add(Int(NKMomentPositiveCount))
            add(Int(NKMomentPositiveSum))
            add(Int(NKMomentPositiveSquare))
            add(Int(NKMomentZeros))
            add(Int(NKMomentNotFinite))
            let (least, greatest) = (at(Int(NKMomentLeast)), at(Int(NKMomentGreatest)))
            rows[least] = min(rows[least], other[least])
            rows[greatest] = max(rows[greatest], other[greatest])
        }
    }

    /// The moments of each channel.
    static func moments(_ rows: [Double], _ sighting: Sighting) -> [Moments] {
        (0..<sighting.channels).map { channel in
            let first = channel * sighting.lanesPerChannel
            return moments(rows, first..<first + sighting.lanesPerChannel)
        }
    }

    /// The moments of all channels together.
    static func whole(_ rows: [Double], lanes: Int) -> Moments { moments(rows, 0..<lanes) }

    /// The moments of some lanes together.
    private static func moments(_ rows: [Double], _ lanes: Range<Int>) -> Moments {
        rows.withUnsafeBufferPointer { rows in
            guard let base = rows.baseAddress else { return Moments() }
            func block(_ lane: Int) -> Rows { base + lane / MapLayout.lanes * blockSize }
            let first = lanes.lowerBound
            var totals = Totals(about: value(block(first), Int(NKMomentCentre), first % MapLayout.lanes))
            for lane in lanes { totals.add(block(lane), lane % MapLayout.lanes) }
            return totals.moments
        }
    }

    /// Sums over one or more lanes.
    private struct Totals {
        private let centre: Double
        private var powers = SIMD4<Double>.zero
        /// Finite samples, those above zero, zeros, and others.
        private var counts = SIMD4<Double>.zero
        private var positive = SIMD2<Double>.zero
        private var (least, greatest) = (Double.infinity, -Double.infinity)

        init(about centre: Double) { self.centre = centre }

        mutating func add(_ block: Rows, _ lane: Int) {
            func value(_ row: Int) -> Double { MomentRows.value(block, row, lane) }
            powers += MomentRows.powers(block, lane, about: centre)
            counts += SIMD4(
                value(Int(NKMomentCount)), value(Int(NKMomentPositiveCount)), value(Int(NKMomentZeros)),
                value(Int(NKMomentNotFinite)))
            positive += SIMD2(value(Int(NKMomentPositiveSum)), value(Int(NKMomentPositiveSquare)))
            // Rows without samples hold zeros.
            guard value(Int(NKMomentCount)) > 0 else { return }
            least = min(least, value(Int(NKMomentLeast)))
            greatest = max(greatest, value(Int(NKMomentGreatest)))
        }

        var moments: Moments {
            Moments(
                count: Int(counts[0]), about: centre, powers: powers, extremes: (Float(least), Float(greatest)),
                positive: Moments.Positive(count: Int(counts[1]), sum: positive[0], sumOfSquares: positive[1]),
                zeroCount: Int(counts[2]), nonFiniteCount: Int(counts[3]))
        }
    }
}

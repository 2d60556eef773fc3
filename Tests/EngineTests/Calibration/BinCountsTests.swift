import CKernels
import Quant
import Testing

@testable import Engine

@Suite struct BinCountsTests {
    /// Counts of samples that come one after the other, as a kernel would count them.
    private func counts(
        _ samples: some Sequence<Float>, bins: Int = 64, limit: Int = Int(UInt32.max)
    ) -> BinCounts<UInt32> {
        var counts = BinCounts<UInt32>(bins: bins, lanes: 1, limit: limit)
        fill(&counts, samples)
        return counts
    }

    private func fill<Counter>(_ counts: inout BinCounts<Counter>, _ samples: some Sequence<Float>) {
        let bins = counts.bins
        for sample in samples {
            counts.cover(sample, sample)
            let position = Int((sample * counts.inverseWidths[0]).rounded(.down))
            counts.add(samples: 1) { if sample != 0 { $0[position & (bins - 1)] += 1 } }
        }
    }

    private let samples: [Float] = {
        var random = SplitMix64(seed: 3)
        return random.reals(2000).enumerated().map { index, value in value * Float(1 << (index / 250)) + 0.25 }
    }()

    @Test func theOrderOfSamplesDoesNotMatter() {
        let upward = counts(samples).histogram(zeroCount: 0)
        #expect(counts(samples.reversed()).histogram(zeroCount: 0) == upward)
        #expect(upward.total == samples.count)
        #expect((32...64).contains(upward.counts.count))
        #expect(upward.lo <= Double(samples.min() ?? 0) && upward.hi > Double(samples.max() ?? 0))
        #expect(upward.lo + upward.binWidth > Double(samples.min() ?? 0))
    }

    @Test func rangesAwayFromZeroGrow() {
        for sign: Float in [1, -1] {
            // A wider bin then has the row of a narrower one.
            let samples = (0..<500).map { sign * (40 + Float($0) * 0.37) }
            let upward = counts(samples).histogram(zeroCount: 0)
            #expect(counts(samples.reversed()).histogram(zeroCount: 0) == upward)
            for (bin, count) in upward.counts.enumerated() {
                let lo = upward.lo + Double(bin) * upward.binWidth
                #expect(count == samples.count { Double($0) >= lo && Double($0) < lo + upward.binWidth })
            }
        }
    }

    @Test func partsInAnyOrderMergeToTheWhole() {
        let whole = counts(samples).histogram(zeroCount: 0)
        let (small, large) = (counts(samples[..<700]), counts(samples[700...]))
        for (first, second) in [(small, large), (large, small)] {
            var merged = first
            merged.merge(second)
            merged.merge(counts([]))
            #expect(merged.histogram(zeroCount: 0) == whole)
            var empty = counts([])
            empty.merge(merged)
            #expect(empty.histogram(zeroCount: 0) == whole)
        }
    }

    @Test func countersThatAreFullAreEmptiedInTime() {
        let whole = counts(samples).histogram(zeroCount: 0)
        #expect(counts(samples, limit: 100).histogram(zeroCount: 0) == whole)
        var merged = counts(samples[..<700], limit: 100)
        merged.merge(counts(samples[700...], limit: 900))
        #expect(merged.histogram(zeroCount: 0) == whole)
    }

    @Test func aCounterOfSixteenBitsHoldsWhatIsInOneBin() {
        var counts = BinCounts<UInt16>(bins: 64, lanes: 1)
        fill(&counts, samples)
        fill(&counts, repeatElement(samples[0], count: 150_000))
        let many = self.counts(samples + repeatElement(samples[0], count: 150_000))
        #expect(counts.histogram(zeroCount: 0) == many.histogram(zeroCount: 0))
        var wider = BinCounts<UInt32>(bins: 64, lanes: 1)
        wider.merge(counts, lanes: 0..<1)
        #expect(wider.histogram(zeroCount: 0) == many.histogram(zeroCount: 0))
    }

    /// A block's counters: some samples in every lane that carries data, scaled by the lane's number.
    private func count(_ samples: some Sequence<Float>, lanes: Int, in local: inout BlockCounts) {
        local.count(samples: 250, isClipped: false) { bins in
            for sample in samples {
                for lane in 0..<lanes {
                    let scaled = sample * Float(lane + 1)
                    let bin = Int((scaled * bins.inverseWidths[lane]).rounded(.down)) & (Int(bins.bins) - 1)
                    if scaled != 0 { bins.counts[lane * Int(bins.stride) + bin] += 1 }
                }
            }
        }
    }

    private func cover(_ samples: some Collection<Float>, lanes: Int, in local: inout BlockCounts) {
        var rows = [Double](repeating: 0, count: MomentRows.blockSize)
        for lane in 0..<lanes {
            rows[Int(NKMomentLeast) * MapLayout.lanes + lane] = Double((samples.min() ?? 0) * Float(lane + 1))
            rows[Int(NKMomentGreatest) * MapLayout.lanes + lane] = Double((samples.max() ?? 0) * Float(lane + 1))
        }
        local.cover(rows, rectified: nil, lanes: lanes)
    }

    @Test(arguments: InstructionSet.available, [64, 1024])
    func countsOfABlockGoToItsChannelsAndToTheWhole(isa: InstructionSet, bins: Int) {
        let lanes = 3
        // Ranges that grow meanwhile, on either side, and counters that would overflow.
        for limit in [Int(UInt16.max), 300] {
            var channels = BinCounts<UInt16>(bins: bins, lanes: MapLayout.lanes, limit: limit)
            var whole = BinCounts<UInt32>(bins: BlockCounts.bins, lanes: 1)
            var local = BlockCounts()
            for start in stride(from: 0, to: samples.count, by: 250) {
                let part = samples[start..<start + 250]
                cover(part, lanes: lanes, in: &local)
                whole.cover(local.range.lo, local.range.hi)
                local.widen(&channels)
                local.chooseBins(channels, whole: whole)
                count(part, lanes: lanes, in: &local)
                // Another thread has seen more by now.
                if start == 500 { for lane in 0..<lanes { channels.cover(-300, 0, lane: lane) } }
                let inverseWidth = whole.inverseWidths[0]
                whole.add(samples: 250 * lanes) {
                    local.move(
                        to: &channels,
                        whole: NKWholeBins(
                            counts: $0, bins: Int32(BlockCounts.bins), inverseWidth: inverseWidth), isa: isa)
                }
                local.withBins { bins in
                    #expect((0..<lanes * Int(bins.stride)).allSatisfy { bins.counts[$0] == 0 })
                }
            }
            for lane in 0..<lanes {
                var expected = counts(samples.map { $0 * Float(lane + 1) }, bins: bins)
                expected.cover(-300, 0)
                #expect(channels.histogram(lane: lane, zeroCount: 0) == expected.histogram(zeroCount: 0))
            }
            let all = (0..<lanes).flatMap { lane in samples.map { $0 * Float(lane + 1) } }
            #expect(whole.histogram(zeroCount: 0) == counts(all, bins: BlockCounts.bins).histogram(zeroCount: 0))
            guard bins >= 128 else { continue }
            var together = BinCounts<UInt32>(bins: bins, lanes: 1)
            together.cover(min(-300, all.min() ?? 0), all.max() ?? 0)
            together.add(channels, lanes: lanes, isa: isa)
            var expected = counts(all, bins: bins)
            expected.cover(-300, 0)
            #expect(together.histogram(zeroCount: 0) == expected.histogram(zeroCount: 0))
        }
    }

    @Test func valuesOfAnyMagnitudeHaveBins() {
        let tiny = Float.leastNonzeroMagnitude, huge = Float.greatestFiniteMagnitude
        for samples in [[tiny], [-tiny, tiny], [huge], [-huge, huge], [tiny, huge], [-huge, -huge / 2], [0]] {
            let histogram = counts(samples).histogram(zeroCount: 0)
            #expect(histogram.total == samples.count { $0 != 0 }, "\(samples)")
            #expect(histogram.lo.isFinite && histogram.hi.isFinite && histogram.binWidth > 0)
        }
        // Bins grow by any power of two.
        for exponent in -125...127 {
            let large = Float(sign: .plus, exponent: exponent, significand: 1)
            #expect(counts([tiny, large, -large]).histogram(zeroCount: 0).total == 3, "2^\(exponent)")
        }
        // Neighbouring floats have bins of their own.
        #expect(counts([1000, Float(1000).nextUp]).histogram(zeroCount: 0).counts == [1, 1])
    }

    @Test func zerosAreKeptApart() {
        let histogram = counts([0, -0.0, 0.1, 0.9, -1]).histogram(zeroCount: 2)
        #expect(histogram.zeroCount == 2 && histogram.total == 5)
        #expect(histogram.counts.reduce(0, +) == 3)
    }
}

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
            counts.add(samples: 1) { counters, inverseWidths in
                let position = Int((sample * inverseWidths[0]).rounded(.down))
                if sample != 0 { counters[position & (bins - 1)] += 1 }
            }
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

    @Test(arguments: InstructionSet.available)
    func countsTakenFromAnotherAreItsOwn(isa: InstructionSet) {
        // Ranges that grow meanwhile, on either side, and counters that would overflow.
        for limit in [Int(UInt16.max), 300] {
            var shared = BinCounts<UInt16>(bins: 64, lanes: 1, limit: limit)
            var local = BinCounts<UInt16>(bins: 64, lanes: 1)
            for start in stride(from: 0, to: samples.count, by: 250) {
                let part = samples[start..<start + 250]
                local.begin(part.min() ?? 0, part.max() ?? 0, lane: 0, asWideAs: shared.ranges[0])
                fill(&local, part)
                if start == 500 { shared.cover(-300, 0) }
                shared.take(&local, isa: isa)
                #expect(local.histogram(zeroCount: 0).total == 0)
            }
            var other = counts(samples)
            other.cover(-300, 0)
            #expect(shared.histogram(zeroCount: 0) == other.histogram(zeroCount: 0))
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

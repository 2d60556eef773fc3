import CKernels
import Net
import Quant
import Testing

@testable import Engine

/// The kernels against the plain definition: whole and partial blocks, rows with and without halo, odd values.
@Suite struct StatisticsKernelTests {
    private static let layouts = [
        MapLayout(channels: 16, height: 8, width: 8, halo: 1), MapLayout(channels: 1, height: 1, width: 1),
        MapLayout(channels: 3, height: 5, width: 7, halo: 2), MapLayout(channels: 33, height: 3, width: 2),
        MapLayout(channels: 20, height: 1, width: 19, halo: 1),
    ]

    /// Planar values of two images: rectified or not, with infinities and NaN or without.
    private func values(_ layout: MapLayout, isRectified: Bool, odd: [Float], seed: UInt64) -> [Float] {
        var random = SplitMix64(seed: seed)
        var values = random.reals(2 * layout.elements).map { isRectified ? max(0, $0) : 3 * $0 + 1 }
        for value in odd { values[Int.random(in: values.indices, using: &random)] = value }
        return values
    }

    private func sums(
        _ layout: MapLayout, _ values: [Float], _ isa: InstructionSet, _ counts: ChannelCounts?,
        rectifier: Sighting.Rectifier? = nil
    ) -> TensorSums {
        let map = FeatureMap(layout: layout, capacity: 2)
        map.load(planar: values, into: 0..<2)
        var local = BlockCounts()
        var sums = TensorSums(
            Sighting(
                channels: layout.channels, rectifier: rectifier, countsWhole: true, channelCounts: counts))
        sums.add(map, [0..<1], rectifies: rectifier != nil, local: &local, isa: isa)
        sums.add(map, [1..<2], local: &local, isa: isa)
        if let rectifier {
            // The first image was rectified where it lies, which its counts and sums do not show.
            #expect(
                equal(
                    map.planar(0..<1),
                    values[..<layout.elements].map { $0.isNaN ? $0 : min(max($0, 0), rectifier.high) }))
            #expect(equal(map.planar(1..<2), values[layout.elements...]))
        }
        return sums
    }

    private func equal(_ a: [Float], _ b: some Collection<Float>) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
    }

    private func samples(_ channel: Int, _ layout: MapLayout, _ values: [Float]) -> [Float] {
        let plane = layout.height * layout.width
        return (0..<2).flatMap { image -> ArraySlice<Float> in
            let start = (image * layout.channels + channel) * plane
            return values[start..<start + plane]
        }
    }

    @Test(arguments: InstructionSet.available, [[], [.nan, .infinity, -.infinity, .nan, 0, -0.0]] as [[Float]])
    func momentsAreThoseOfTheSamples(isa: InstructionSet, odd: [Float]) {
        for (index, layout) in Self.layouts.enumerated() {
            for isRectified in [false, true] {
                let values = values(layout, isRectified: isRectified, odd: odd, seed: UInt64(50 + index))
                let found = sums(layout, values, isa, nil)
                for channel in 0..<layout.channels {
                    compare(found.channels[channel], samples(channel, layout, values))
                }
            }
        }
    }

    private func compare(_ own: Moments, _ samples: [Float]) {
        let expected = samples.withUnsafeBufferPointer { Moments(of: $0) }
        #expect(own.count == expected.count && own.nonFiniteCount == expected.nonFiniteCount)
        #expect(own.minimum == expected.minimum && own.maximum == expected.maximum)
        #expect(own.zeroCount == expected.zeroCount && own.positive.count == expected.positive.count)
        // Sums of at most 128 numbers below 4, and their fourth powers, in another order.
        #expect(abs(own.mean - expected.mean) < 1e-12)
        #expect(abs(own.second - expected.second) < 1e-10)
        #expect(abs(own.third - expected.third) < 1e-9)
        #expect(abs(own.fourth - expected.fourth) < 1e-8)
        #expect(abs(own.positive.sum - expected.positive.sum) < 1e-10)
        #expect(abs(own.positive.sumOfSquares - expected.positive.sumOfSquares) < 1e-10)
    }

    @Test(arguments: InstructionSet.available, [[], [.nan, .infinity, -.infinity, .nan, 0, -0.0]] as [[Float]])
    func countsAreThoseOfTheSamples(isa: InstructionSet, odd: [Float]) {
        for (index, layout) in Self.layouts.enumerated() {
            for isRectified in [false, true] {
                let values = values(layout, isRectified: isRectified, odd: odd, seed: UInt64(70 + index))
                let counts = ChannelCounts(channels: layout.channels, bins: 128)
                let found = sums(layout, values, isa, counts)
                #expect(found.whole.histogram == expected(values, bins: 4096))
                #expect(sums(layout, values, isa, nil).whole.histogram == found.whole.histogram)
                compare(counts, found.channels, layout, values)
            }
        }
    }

    private func compare(_ counts: ChannelCounts, _ moments: [Moments], _ layout: MapLayout, _ values: [Float]) {
        for (channel, moments) in moments.enumerated() {
            let expected = expected(samples(channel, layout, values), bins: 128)
            #expect(counts.histogram(of: channel, zeroCount: moments.zeroCount) == expected)
            #expect(counts.statistics(of: channel, moments) == Statistics(moments, expected))
        }
    }

    /// What leaves a rectifier is the samples' own rectified values, counted and summed as if they had been seen.
    @Test(
        arguments: InstructionSet.available, [[], [.nan, .infinity, -.infinity, .nan, 0, -0.0]] as [[Float]])
    func whatLeavesARectifierFollows(isa: InstructionSet, odd: [Float]) {
        for (index, layout) in Self.layouts.enumerated() {
            for high: Float in [.infinity, 6, 1.5, 0.25] {
                for shift: Float in [0, 9, -9] {
                    // Values from -2 to 4; all of them above every bound but infinity; all of them negative.
                    var values = values(layout, isRectified: false, odd: [], seed: UInt64(90 + index))
                        .map { $0 + shift }
                    for (place, value) in odd.enumerated() { values[place % values.count] = value }
                    let rectified = values.map { $0.isNaN ? $0 : min(max($0, 0), high) }
                    let counts = ChannelCounts(channels: layout.channels, bins: 128, entersRectifier: true)
                    let found = sums(
                        layout, values, isa, counts,
                        rectifier: Sighting.Rectifier(output: TensorID(1), high: high))
                    let (before, after) = (found.channels, found.rectifiedChannels)
                    for channel in 0..<layout.channels {
                        compare(before[channel], samples(channel, layout, values))
                        compare(after[channel], samples(channel, layout, rectified))
                    }
                    #expect(found.whole.histogram == nil)
                    #expect(found.rectifiedWhole?.whole.histogram == expected(rectified, bins: 4096))
                    compare(counts, before, layout, values)
                    compare(counts.rectified(high: high), after, layout, rectified)
                    #expect(
                        counts.whole(isa: isa).histogram(zeroCount: found.whole.moments.zeroCount)
                            == expected(values, bins: 128))
                }
            }
        }
    }

    /// Planes of images, whose neighbours go to lanes: the same samples, counts and sums.
    @Test(arguments: InstructionSet.available, [[], [.nan, .infinity, -.infinity, .nan, 0, -0.0]] as [[Float]])
    func planesAreLookedAtAsBlocksAre(isa: InstructionSet, odd: [Float]) {
        for layout in [
            MapLayout(channels: 1, height: 4, width: 4), MapLayout(channels: 3, height: 6, width: 8),
            MapLayout(channels: 2, height: 272, width: 256),
        ] {
            let values = values(layout, isRectified: false, odd: odd, seed: 60)
            let counts = ChannelCounts(channels: layout.channels, lanesPerChannel: MapLayout.lanes, bins: 128)
            var local = BlockCounts()
            var found = TensorSums(
                Sighting(
                    channels: layout.channels, lanesPerChannel: MapLayout.lanes, rectifier: nil, countsWhole: true,
                    channelCounts: counts))
            for image in 0..<2 {
                found.add(
                    planar: Array(values[image * layout.elements..<(image + 1) * layout.elements]), [0..<1],
                    local: &local, isa: isa)
            }
            #expect(found.whole.histogram == expected(values, bins: 4096))
            for (channel, moments) in found.channels.enumerated() {
                let samples = samples(channel, layout, values)
                #expect(
                    counts.histogram(of: channel, zeroCount: moments.zeroCount) == expected(samples, bins: 128))
                // Large planes are summed up in too different an order for the bounds of the others.
                if layout.elements < 1000 { compare(moments, samples) }
            }
            #expect(found.channels.map(\.count).reduce(0, +) + odd.count { !$0.isFinite } == values.count)
        }
    }

    /// Rows of parts that are taken together are those that each has alone, bit by bit; counts are those of all.
    @Test(arguments: InstructionSet.available)
    func partsTakenTogetherAreSummedApart(isa: InstructionSet) {
        let layout = MapLayout(channels: 20, height: 7, width: 5, halo: 1)
        let values = values(layout, isRectified: false, odd: [], seed: 61)
        let map = FeatureMap(layout: layout, capacity: 2)
        // The second image's samples are elsewhere: bins have to grow.
        let all = values[..<layout.elements] + values[layout.elements...].map { 40 * $0 - 90 }
        for rectifier in [nil, Sighting.Rectifier(output: TensorID(1), high: 3)] {
            func sums(_ images: [[Range<Int>]]) -> (TensorSums, ChannelCounts) {
                map.load(planar: Array(all), into: 0..<2)
                let counts = ChannelCounts(
                    channels: layout.channels, bins: 128, entersRectifier: rectifier != nil)
                let sighting = Sighting(
                    channels: layout.channels, rectifier: rectifier, countsWhole: true, channelCounts: counts)
                var (local, merged) = (BlockCounts(), TensorSums(sighting))
                for images in images {
                    var sums = TensorSums(sighting, parts: images.count)
                    sums.add(map, images, local: &local, isa: isa)
                    merged.merge(sums)
                }
                return (merged, counts)
            }
            let (apart, ownCounts) = sums([[0..<1], [1..<2]])
            let (together, counts) = sums([[0..<1, 1..<2]])
            #expect(together.channels == apart.channels)
            if rectifier != nil { #expect(together.rectifiedChannels == apart.rectifiedChannels) }
            #expect(together.whole.histogram == apart.whole.histogram)
            #expect(together.rectifiedWhole?.whole.histogram == apart.rectifiedWhole?.whole.histogram)
            for (channel, moments) in together.channels.enumerated() {
                let zeros = moments.zeroCount
                #expect(
                    counts.histogram(of: channel, zeroCount: zeros)
                        == ownCounts.histogram(of: channel, zeroCount: zeros))
            }
        }
    }

    /// Activations such as Sigmoid write something into lanes that carry no data.
    @Test(arguments: InstructionSet.available)
    func lanesWithoutDataLeaveNothingBehind(isa: InstructionSet) {
        let narrow = FeatureMap(layout: MapLayout(channels: 3, height: 5, width: 7), capacity: 2)
        narrow.load(planar: values(narrow.layout, isRectified: false, odd: [], seed: 7), into: 0..<2)
        for row in 0..<narrow.layout.height {
            let view = StoredMap.floats(narrow).view(image: 0, block: 0, y: row, x: 0)
            for column in 0..<narrow.layout.width {
                for lane in 3..<MapLayout.lanes {
                    view.origin[column * MapLayout.lanes + lane] = [0.5, 0, 7][lane % 3]
                }
            }
        }
        let layout = MapLayout(channels: 16, height: 5, width: 7)
        let values = values(layout, isRectified: false, odd: [], seed: 8)
        let wide = FeatureMap(layout: layout, capacity: 2)
        wide.load(planar: values, into: 0..<2)
        for rectifier in [nil, Sighting.Rectifier(output: TensorID(1), high: 6)] {
            var local = BlockCounts()
            func add(_ map: FeatureMap, _ images: Range<Int>) -> ChannelCounts {
                let channels = map.layout.channels
                let counts = ChannelCounts(channels: channels, bins: 128, entersRectifier: rectifier != nil)
                var sums = TensorSums(
                    Sighting(channels: channels, rectifier: rectifier, countsWhole: true, channelCounts: counts))
                sums.add(map, [images], local: &local, isa: isa)
                compare(
                    sums.channels[0], map === wide ? samples(0, layout, values) : Array(narrow.planar(0..<1)[..<35])
                )
                return counts
            }
            _ = add(narrow, 0..<1)
            let counts = add(wide, 0..<2)
            for channel in 0..<layout.channels {
                #expect(
                    counts.histogram(of: channel, zeroCount: 0)
                        == expected(samples(channel, layout, values), bins: 128))
            }
        }
    }

    /// Counts move on when a range outgrows the thread's bins, when 16 bits are full, and at the end of a block.
    @Test(arguments: InstructionSet.available, [1, 1.03] as [Float])
    func mapsOfManyPixelsAreCountedInParts(isa: InstructionSet, growth: Float) {
        let layout = MapLayout(channels: 2, height: 200, width: 190, halo: 1)
        var random = SplitMix64(seed: 5)
        let size = layout.height * layout.width
        let growths = Array(sequence(first: Float(1)) { $0 * growth }.prefix(layout.height))
        let values = random.reals(2 * layout.elements).enumerated().map { index, value in
            // Rows whose range grows up to 370 times; one channel holds many equal values, the other a constant at first.
            let row = index % size / layout.width
            let grown = (3 * value + 1) * growths[row]
            return index / size % 2 == 0 ? (index % 3 > 0 ? 0.5 : grown) : (row < 50 ? -1 : grown)
        }
        for high: Float? in [nil, .infinity, 6] {
            let counts = ChannelCounts(channels: 2, bins: 128, entersRectifier: high != nil)
            let rectifier = high.map { Sighting.Rectifier(output: TensorID(1), high: $0) }
            let found = sums(layout, values, isa, counts, rectifier: rectifier)
            compare(counts, found.channels, layout, values)
            guard let high else {
                #expect(found.whole.histogram == expected(values, bins: 4096))
                continue
            }
            let rectified = values.map { min(max($0, 0), high) }
            compare(counts.rectified(high: high), found.rectifiedChannels, layout, rectified)
            #expect(found.rectifiedWhole?.whole.histogram == expected(rectified, bins: 4096))
            #expect(
                counts.whole(isa: isa).histogram(zeroCount: found.whole.moments.zeroCount)
                    == expected(values, bins: 128))
        }
    }

    /// The histogram by its definition: the narrowest bins whose width is a power of two.
    private func expected(_ samples: [Float], bins: Int) -> Histogram {
        let finite = samples.filter(\.isFinite)
        guard let least = finite.min(), let greatest = finite.max() else {
            return Histogram(lo: 0, hi: 0, bins: bins)
        }
        var width = 0x1p-126
        while max(abs(least), abs(greatest)) >= Float(width * 0x1p24)
            || (Double(greatest) / width).rounded(.down) - (Double(least) / width).rounded(.down) >= Double(bins)
        {
            width *= 2
        }
        let first = Int((Double(least) / width).rounded(.down))
        var counts = [Int](repeating: 0, count: Int((Double(greatest) / width).rounded(.down)) - first + 1)
        for sample in finite where sample != 0 { counts[Int((Double(sample) / width).rounded(.down)) - first] += 1 }
        return Histogram(
            lo: Double(first) * width, binWidth: width, counts: counts, zeroCount: finite.count { $0 == 0 })
    }
}

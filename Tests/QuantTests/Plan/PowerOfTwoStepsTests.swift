import Glibc
import Testing

@testable import Quant

@Suite struct PowerOfTwoStepsTests {
    /// Channels of Laplace samples, their scales spread over three octaves, rectified or not.
    private func channels(rectified: Bool, bits: (Int) -> Int) -> [PowerOfTwoSteps.Channel] {
        var random = SeededGenerator(seed: 3)
        return (0..<24).map { index in
            let scale = exp2(Float(index) / 8)
            let observed = observe(
                (0..<4000).map { _ in
                    let value = random.laplace() * scale
                    return rectified ? max(0, value) : value
                }, bins: 512)
            return PowerOfTwoSteps.Channel(
                bits: bits(index), range: ClippingRange(for: observed, bits: bits(index), method: .auto),
                error: HistogramError(observed.histogram))
        }
    }

    @Test(arguments: [true, false]) func everyValueIsACodeOfTheCommonQuantizer(rectified: Bool) {
        for bits in 1...8 {
            let snapped = PowerOfTwoSteps(channels(rectified: rectified) { 1 + ($0 + bits) % bits })
            let common = snapped.common
            for quantizer in snapped.channels.compactMap({ $0 }) {
                let ratio = quantizer.scale / common.scale
                #expect(ratio == exp2(log2(ratio).rounded()) && ratio >= 1, "\(ratio)")
                for unit in [-quantizer.zeroPoint, quantizer.maximumCode - quantizer.zeroPoint] {
                    #expect((0...255).contains(common.zeroPoint + unit * Int(ratio)), "\(bits) bits: \(quantizer)")
                }
            }
        }
    }

    @Test(arguments: [true, false]) func theErrorIsThatOfTheQuantizersAndNotMuchMoreThanOfFreeSteps(rectified: Bool)
    {
        // Steps as an allocation leaves them: more bits where the range is wide, so that steps differ by two at most.
        let wanted = channels(rectified: rectified) { 3 + $0 / 8 }
        let snapped = PowerOfTwoSteps(wanted)
        let own = zip(wanted, snapped.channels).map { channel, quantizer in
            quantizer.map { channel.error($0) } ?? .infinity
        }
        #expect(abs(own.reduce(0, +) - snapped.error) < 1e-12 * snapped.error)
        let free = wanted.reduce(0) { $0 + $1.range.error }
        #expect(snapped.error < 1.5 * free, "\(snapped.error) \(free)")
    }

    @Test func hostileChannelsStayDefined() {
        let zeros = observe([Float](repeating: 0, count: 8), bins: 16)
        let huge = observe([-3e38, 3e38, 1], bins: 16)
        let wanted = [zeros, huge].map { observed in
            PowerOfTwoSteps.Channel(
                bits: 4, range: ClippingRange(for: observed, bits: 4, method: .minMax),
                error: HistogramError(observed.histogram))
        }
        for list in [[], [nil], [wanted[0]], [wanted[0], nil, wanted[1]]] {
            let snapped = PowerOfTwoSteps(list)
            #expect(snapped.channels.count == list.count && snapped.common.scale.isFinite)
            for quantizer in snapped.channels.compactMap({ $0 }) {
                #expect(quantizer.lo.isFinite && quantizer.hi.isFinite)
            }
        }
    }
}

internal import Glibc

/// Channel quantizers whose steps are powers of two times a common one.
///
/// With a common step s and whole k_c ≥ 0 the values of channel c are
///
///     s 2^(k_c) (q − z_c) = s (2^(k_c) (q − z_c))
///
/// so every value is a code of *one* 8-bit quantizer of step s, and an integer convolution can sum over channels: what
/// free steps per channel do not allow. Steps that follow the allocation are nearly equal (s_c ~ α_c^(1/3)), so little is lost.
///
/// Source: docs/quantization.md, section 7.
struct PowerOfTwoSteps {
    /// What a channel asks for.
    struct Channel {
        let bits: Int
        let range: ClippingRange
        let error: HistogramError
    }

    /// The quantizer whose codes hold all channels' values.
    let common: AffineQuantizer
    /// Each channel's quantizer; `nil` for a channel of 0 bits.
    let channels: [AffineQuantizer?]
    /// The sum of the channels' mean squared errors, those of 0 bits left out.
    let error: Double

    /// The least error over common steps of one octave, from the smallest that holds every range in 255 steps.
    init(_ wanted: [Channel?]) {
        let ranges = wanted.compactMap { $0?.range }
        let low = ranges.map(\.lo).min() ?? 0
        let high = ranges.map(\.hi).max() ?? 0
        let smallest = max((max(0, high) - min(0, low)) / 255, Double(Float.leastNormalMagnitude))
        let steps = 8
        var best = PowerOfTwoSteps(wanted, step: smallest, lowest: low)
        for index in 1..<steps {
            let candidate = PowerOfTwoSteps(
                wanted, step: smallest * exp2(Double(index) / Double(steps)), lowest: low)
            if candidate.error < best.error { best = candidate }
        }
        self = best
    }

    private init(_ wanted: [Channel?], step: Double, lowest: Double) {
        let step = Float(min(step, Double(Float.greatestFiniteMagnitude)))
        let zero = min(255, max(0, Int((-min(0, lowest) / Double(step)).rounded(.toNearestOrEven))))
        var error = 0.0
        channels = wanted.map { channel in
            guard let channel else { return nil }
            let (quantizer, own) = Self.snapped(channel, step: step, zero: zero)
            error += own
            return quantizer
        }
        self.error = error
        common = AffineQuantizer(scale: step, zeroPoint: zero, bits: 8) ?? AffineQuantizer(bits: 8, lo: 0, hi: 0)
    }

    /// The better of the powers of two below and above a channel's own step, as far as 8 bits hold it.
    private static func snapped(_ channel: Channel, step: Float, zero: Int) -> (AffineQuantizer, Double) {
        let levels = Double((1 << channel.bits) - 1)
        let own = max((channel.range.hi - min(0, channel.range.lo)) / levels, Double(step))
        let shift = Int(min(8, log2(own / Double(step)).rounded(.down)))
        var best: (quantizer: AffineQuantizer, error: Double)?
        for power in [shift, shift + 1, 0] {
            guard let quantizer = quantizer(channel, step: step, zero: zero, shift: power) else { continue }
            let error = channel.error(quantizer)
            if best.map({ error < $0.error }) ?? true { best = (quantizer, error) }
        }
        // A shift of 0 always fits: at most 255 steps, about the common zero.
        return best ?? (AffineQuantizer(bits: channel.bits, lo: 0, hi: 0), 0)
    }

    /// The quantizer of a channel at a step of 2^shift; `nil` if its codes leave those of the common one.
    private static func quantizer(
        _ channel: Channel, step: Float, zero: Int, shift: Int
    ) -> AffineQuantizer? {
        let largest = (1 << channel.bits) - 1
        let scale = step * Float(1 << shift)
        guard scale.isFinite else { return nil }
        let wanted = (-min(0, channel.range.lo) / Double(scale)).rounded(.toNearestOrEven)
        // As much of the lower side as the common zero leaves room for, and no less than the upper side needs.
        let room = (zero >> shift, (255 - zero) >> shift)
        let zeroPoint = max(min(Int(min(wanted, Double(largest))), room.0), largest - room.1)
        guard (0...largest).contains(zeroPoint), zeroPoint <= room.0 else { return nil }
        return AffineQuantizer(scale: scale, zeroPoint: zeroPoint, bits: channel.bits)
    }
}

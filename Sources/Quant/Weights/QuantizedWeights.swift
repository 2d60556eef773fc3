/// What is corrected in the weights of an output channel after they are quantized.
public enum BiasCorrection: String, Hashable, Sendable, CaseIterable {
    case none
    /// The mean of the channel's weights is kept.
    case mean
    /// Mean and norm are kept.
    case both
}

/// The weights of one layer, quantized per output channel.
///
/// The weight that code q of channel c stands for is scale[c] × (q − zeroPoint[c] + shift[c]): the step and zero point of
/// an affine quantizer over the channel's range, [min, max] unless it is clipped, with the bias correction folded in:
///
///     w = ξ_c (ŵ − E ŵ) + E w,   ξ_c = ‖w − E w‖ / ‖ŵ − E ŵ‖      (both; ξ_c = 1 for the mean alone)
///
/// Centring before scaling keeps both moments; the order printed in the paper leaves the mean at ξ_c E w. The shift is a
/// multiple of 2^−k, so that sums of codes times q − zeroPoint + shift can be exact; see `shiftBits`.
/// A channel of 0 bits is its mean: code 0, zero point 0, a shift of 1 and the mean as its step. Rounding and clamping are
/// those of `AffineQuantizer`.
///
/// Source: ACIQ, eq. 12–13; docs/quantization.md, eq. 26–29.
public struct QuantizedWeights: Hashable, Sendable {
    /// One code per weight, output channel outermost.
    public let codes: [UInt8]
    /// The step of each output channel, correction included.
    public let scale: [Float]
    /// The code of a zero weight in each output channel, before correction.
    public let zeroPoint: [Int]
    /// What the correction adds to every code of each output channel, in steps; 0 without one.
    public let shift: [Float]
    /// The bits of each output channel, 0...8.
    public let bits: [Int]
    /// E[w] − E[ŵ] of each channel before correction.
    public let meanErrors: [Double]
    /// ‖w − E w‖ / ‖ŵ − E ŵ‖ of each channel before correction; 1 where it is not defined.
    public let normRatios: [Double]
    /// The sum of squared errors of each channel, after correction.
    public let channelSquaredErrors: [Double]
    /// The sum of all squared weights.
    public let signalPower: Double

    /// The sum of all squared errors, after correction.
    public var squaredError: Double { channelSquaredErrors.reduce(0, +) }

    /// k of a channel of `count` weights, whose shift is a multiple of 2^−k steps: at least 9.
    ///
    /// Rounding errors of a step's variance 1/12 leave a mean of variance 1 / (12 count), of which rounding the shift
    /// brings back count 4^−k: at most 1/256.
    public static func shiftBits(count: Int) -> Int {
        var bits = 9
        while 1 << (2 * bits) < 256 * count { bits += 1 }
        return bits
    }

    /// Quantizes weights given as [outputChannels][weights per channel]; those that are not finite count as 0.
    ///
    /// - Parameter ranges: the range of each output channel; by default its minimum and maximum.
    public init(
        _ given: [Float], outputChannels: Int, bits: [Int], correction: BiasCorrection,
        ranges: [ClosedRange<Double>]? = nil
    ) {
        precondition(bits.count == outputChannels && bits.allSatisfy((0...8).contains), "0 to 8 bits per channel")
        let weights = given.allSatisfy(\.isFinite) ? given : given.map { $0.isFinite ? $0 : 0 }
        let length = outputChannels > 0 ? weights.count / outputChannels : 0
        precondition(length * outputChannels == weights.count, "equal channels")
        precondition(ranges.map { $0.count == outputChannels } ?? true, "a range per channel")
        var scale: [Float] = []
        var zeroPoint: [Int] = []
        var shift: [Float] = []
        var meanErrors: [Double] = []
        var normRatios: [Double] = []
        var errors: [Double] = []
        var power = 0.0
        codes = [UInt8](unsafeUninitializedCapacity: weights.count) { codes, initialized in
            weights.withUnsafeBufferPointer { weights in
                for channel in 0..<outputChannels {
                    let rows = channel * length..<(channel + 1) * length
                    let result = QuantizedChannel(
                        UnsafeBufferPointer(rebasing: weights[rows]), bits: bits[channel], correction: correction,
                        range: ranges?[channel], into: UnsafeMutableBufferPointer(rebasing: codes[rows]))
                    scale.append(result.scale)
                    zeroPoint.append(result.zeroPoint)
                    shift.append(result.shift)
                    meanErrors.append(result.meanError)
                    normRatios.append(result.normRatio)
                    errors.append(result.squaredError)
                    power += result.power
                }
            }
            initialized = weights.count
        }
        self.scale = scale
        self.zeroPoint = zeroPoint
        self.shift = shift
        self.bits = bits
        self.meanErrors = meanErrors
        self.normRatios = normRatios
        channelSquaredErrors = errors
        signalPower = power
    }

    /// The real weights that the codes stand for.
    public var effective: [Float] {
        let length = bits.isEmpty ? 0 : codes.count / bits.count
        return codes.indices.map { index in
            let channel = index / max(1, length)
            return scale[channel] * (Float(Int(codes[index]) - zeroPoint[channel]) + shift[channel])
        }
    }
}

/// One output channel while it is quantized.
private struct QuantizedChannel {
    let scale: Float
    let zeroPoint: Int
    let shift: Float
    let meanError: Double
    let normRatio: Double
    let squaredError: Double
    let power: Double

    init(
        _ weights: UnsafeBufferPointer<Float>, bits: Int, correction: BiasCorrection,
        range: ClosedRange<Double>?, into codes: UnsafeMutableBufferPointer<UInt8>
    ) {
        let (low, high) = weights.extremes
        var sums = SIMD8<Double>.zero
        var squareSums = SIMD8<Double>.zero
        let whole = weights.count / 8 * 8
        for index in stride(from: 0, to: whole, by: 8) {
            let row = SIMD8<Double>(weights.row(at: index))
            sums += row
            squareSums += row * row
        }
        var sum = sums.sum()
        var squares = squareSums.sum()
        for index in whole..<weights.count {
            let weight = Double(weights[index])
            sum += weight
            squares += weight * weight
        }
        let count = Double(max(1, weights.count))
        let mean = sum / count
        power = squares
        guard bits > 0, !weights.isEmpty else {
            for index in codes.indices { codes[index] = 0 }
            scale = Float(mean)
            zeroPoint = 0
            shift = 1
            meanError = 0
            normRatio = 1
            squaredError = max(0, squares - sum * mean)
            return
        }
        let quantizer = AffineQuantizer(
            bits: bits, lo: range?.lowerBound ?? Double(low), hi: range?.upperBound ?? Double(high))
        let inverse = quantizer.inverseScale
        let lowest = Float(-quantizer.zeroPoint)
        let highest = Float(quantizer.maximumCode - quantizer.zeroPoint)
        // Adding and subtracting 1.5 × 2²³ rounds to the nearest integer, ties to even.
        let magic: Float = 12_582_912
        // Sums of codes are whole numbers, exact in double precision.
        var codeSums = SIMD8<Double>.zero
        var codeSquareSums = SIMD8<Double>.zero
        var productSums = SIMD8<Double>.zero
        let zero = Float(quantizer.zeroPoint)
        let magicBits = SIMD8<UInt32>(repeating: magic.bitPattern)
        for index in stride(from: 0, to: whole, by: 8) {
            let row = weights.row(at: index)
            var scaled = row * inverse
            scaled.replace(with: highest, where: scaled .> highest)
            scaled.replace(with: lowest, where: scaled .< lowest)
            let rounded = (scaled + magic) - magic + zero
            let code = SIMD8<Double>(rounded)
            codeSums += code
            codeSquareSums += code * code
            productSums += SIMD8<Double>(row) * code
            // The low bits of a number so much larger are the code.
            let pattern = unsafeBitCast(rounded + magic, to: SIMD8<UInt32>.self) &- magicBits
            let bytes = SIMD8<UInt8>(truncatingIfNeeded: pattern)
            for lane in 0..<8 { codes[index + lane] = bytes[lane] }
        }
        var codeSum = codeSums.sum()
        var codeSquares = codeSquareSums.sum()
        var products = productSums.sum()
        for index in whole..<weights.count {
            let scaled = max(lowest, min(highest, weights[index] * inverse))
            let code = (scaled + magic) - magic + zero
            codes[index] = UInt8(truncatingIfNeeded: Int(code))
            codeSum += Double(code)
            codeSquares += Double(code) * Double(code)
            products += Double(weights[index]) * Double(code)
        }
        let step = Double(quantizer.scale)
        let codeMean = codeSum / count
        let spread = squares - sum * mean
        let codeSpread = (codeSquares - codeSum * codeMean) * step * step
        let ratio = codeSpread > 0 && spread > 0 ? (spread / codeSpread).squareRoot() : 1
        meanError = mean - step * (codeMean - Double(quantizer.zeroPoint))
        normRatio = ratio
        let corrected = correction == .both ? Float(ratio * step) : quantizer.scale
        let s = Double(corrected)
        let unit = Double(1 << QuantizedWeights.shiftBits(count: weights.count))
        let centre = codeMean - Double(quantizer.zeroPoint)
        let steps = correction == .none ? 0 : mean / s - centre
        guard abs(steps) < 0x1p24 else {
            // Codes are lost beside such a shift: the channel is its mean.
            for index in codes.indices { codes[index] = 0 }
            scale = Float(mean)
            zeroPoint = 0
            shift = 1
            squaredError = max(0, squares - sum * mean)
            return
        }
        scale = corrected
        zeroPoint = quantizer.zeroPoint
        shift = Float((steps * unit).rounded(.toNearestOrEven) / unit)
        // Σ (w − s q − o)² from the sums already at hand, o being what code 0 stands for.
        let o = s * (Double(shift) - Double(quantizer.zeroPoint))
        squaredError = max(
            0,
            squares - 2 * s * products - 2 * o * sum + s * s * codeSquares + 2 * s * o * codeSum
                + o * o * count)
    }
}

extension UnsafeBufferPointer<Float> {
    /// Eight elements.
    fileprivate func row(at index: Int) -> SIMD8<Float> {
        precondition(index >= 0 && index + 8 <= count, "elements of the buffer")
        return UnsafeRawPointer(self.baseAddress.unsafelyUnwrapped + index).loadUnaligned(as: SIMD8<Float>.self)
    }

    /// The least and the greatest element, NaN left out; 0 and 0 without any.
    var extremes: (low: Float, high: Float) {
        var low = SIMD8<Float>(repeating: .infinity)
        var high = -low
        let whole = count / 8 * 8
        for index in stride(from: 0, to: whole, by: 8) {
            let row = row(at: index)
            low.replace(with: row, where: row .< low)
            high.replace(with: row, where: row .> high)
        }
        var (least, greatest) = (low.min(), high.max())
        for value in self[whole...] {
            if value < least { least = value }
            if value > greatest { greatest = value }
        }
        return least <= greatest ? (least, greatest) : (0, 0)
    }
}

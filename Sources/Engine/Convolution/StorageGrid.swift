/// The grid a result is rounded to when it is stored, per channel.
///
///     stored = clamp(round(source * inverseScale), low, high) * step
///
/// Rounding is to nearest, ties to even; NaN becomes `low * step`. The bounds are integers of magnitude at most 2^22, with 0
/// between them,
/// below which the rounding of the kernels is exact.
public struct StorageGrid: Hashable, Sendable {
    /// Reciprocals of the scales.
    public let inverseScale: [Float]
    /// Lower bounds in grid units, zero point subtracted.
    public let low: [Float]
    /// Upper bounds in grid units, zero point subtracted.
    public let high: [Float]
    /// What one grid unit is stored as: 1 for integer-valued codes, the scale for real values on the grid.
    public let step: [Float]
    /// Whether a map of codes holds units times `step`, powers of two, instead of the units themselves.
    public let isShifted: Bool

    /// Creates a grid from one value per channel, or a single value for all channels, for each parameter.
    public init(
        inverseScale: [Float], low: [Float], high: [Float], step: [Float], isShifted: Bool = false
    ) {
        self.isShifted = isShifted
        let largest: Float = 0x1p22
        precondition(low.allSatisfy { $0 <= 0 } && high.allSatisfy { $0 >= 0 }, "low <= 0 <= high")
        precondition(
            (low + high).allSatisfy { $0.rounded() == $0 && abs($0) <= largest }, "integer bounds up to 2^22")
        self.inverseScale = inverseScale
        self.low = low
        self.high = high
        self.step = step
    }

    /// Codes minus zero point, stored as integer-valued floats: code = clamp(round(x / scale) + zeroPoint, codes).
    public static func codes(scale: Float, zeroPoint: Int, codes: ClosedRange<Int>) -> StorageGrid {
        StorageGrid(
            inverseScale: [1 / scale], low: [Float(codes.lowerBound - zeroPoint)],
            high: [Float(codes.upperBound - zeroPoint)], step: [1])
    }

    /// The real values of the codes, scale * (code - zeroPoint).
    public static func values(scale: Float, zeroPoint: Int, codes: ClosedRange<Int>) -> StorageGrid {
        StorageGrid(
            inverseScale: [1 / scale], low: [Float(codes.lowerBound - zeroPoint)],
            high: [Float(codes.upperBound - zeroPoint)], step: [scale])
    }

    /// The real values of per-channel codes, scale[c] * (code - zeroPoint[c]).
    public static func values(scales: [Float], zeroPoints: [Int], codes: [ClosedRange<Int>]) -> StorageGrid {
        precondition(scales.count == zeroPoints.count && scales.count == codes.count, "one of each per channel")
        return StorageGrid(
            inverseScale: scales.map { 1 / $0 },
            low: zip(codes, zeroPoints).map { Float($0.lowerBound - $1) },
            high: zip(codes, zeroPoints).map { Float($0.upperBound - $1) }, step: scales)
    }
}

extension StorageGrid {
    /// Whether all channels share one scale and one range.
    var isUniform: Bool {
        inverseScale.count == 1 && low.count == 1 && high.count == 1 && step.count == 1 && !isShifted
    }

    /// What this grid stores, as codes, for each of the 256 codes of values on another grid.
    ///
    /// The arithmetic of the kernels, one code after the other; `nil` unless both grids are the same for all channels.
    func codesOfCodes(from source: StorageGrid) -> [UInt8]? {
        guard isUniform, source.isUniform else { return nil }
        return (0...255).map { code(of: (Float($0) + source.low[0]) * source.step[0], channel: 0) }
    }

    /// What is stored of a value, where all channels share one scale: the arithmetic of the kernels.
    func stored(_ value: Float) -> Float {
        let unit = value * inverseScale[0]
        // A comparison with NaN is false.
        let bounded = unit > low[0] ? min(unit, high[0]) : low[0]
        // To nearest, ties to even: 1.5 * 2^23 leaves no bits for the fraction.
        return ((bounded + 0x1.8p23) - 0x1.8p23) * step[0]
    }

    /// The code of a value: how far the rounded value lies above the lowest.
    func code(of value: Float, channel: Int) -> UInt8 {
        func of(_ row: [Float]) -> Float { row.count == 1 ? row[0] : row[channel] }
        let (unit, lowest, highest) = (value * of(inverseScale), of(low), of(high))
        // A comparison with NaN is false.
        let bounded = unit > lowest ? min(unit, highest) : lowest
        return UInt8(max(0, min(255, bounded.rounded(.toNearestOrEven) - lowest)))
    }
}

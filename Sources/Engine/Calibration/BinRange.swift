/// A range of samples and the bins that hold it.
struct BinRange: Hashable, Sendable {
    let lo: Float
    let hi: Float
    /// Bins are 2^exponent wide: as narrow as their number allows, but not narrower than the last bit of the largest value,
    /// so that 24 bits hold a bin's index.
    let exponent: Int

    /// The range's bins.
    init(lo: Float, hi: Float, bins: Int) {
        self.lo = lo
        self.hi = hi
        let largest = max(abs(lo), abs(hi))
        // The inverse of the width is a normal number too.
        var exponent = -126
        if largest > 0 { exponent = max(exponent, Int(largest.exponent) - 23) }
        // Bins as narrow as this are too many: twice their number, less one, would not hold the range.
        let extent = Double(hi) - Double(lo)
        if extent > 0 { exponent = max(exponent, Int(extent.exponent) - bins.trailingZeroBitCount - 1) }
        while Self.bin(of: hi, exponent) - Self.bin(of: lo, exponent) >= bins { exponent += 1 }
        self.exponent = exponent
    }

    /// A range in bins of a known width.
    init(lo: Float, hi: Float, inverseWidth: Float) {
        self.lo = lo
        self.hi = hi
        exponent = -Int(inverseWidth.exponent)
    }

    /// Whether so many bins as wide as these hold another closed range too, with a bin to spare.
    func surelyHolds(_ lo: Float, _ hi: Float, bins: Int) -> Bool {
        let (low, high) = (min(lo, self.lo), max(hi, self.hi))
        let inverseWidth = inverseWidth
        return (high - low) * inverseWidth < Float(bins - 2) && max(-low, high) * inverseWidth < 0x1p24
    }

    /// The width of a bin.
    var width: Double { Double(sign: .plus, exponent: exponent, significand: 1) }

    var inverseWidth: Float { Float(sign: .plus, exponent: -exponent, significand: 1) }

    /// The bins that hold the range.
    var indices: ClosedRange<Int> { Self.bin(of: lo, exponent)...Self.bin(of: hi, exponent) }

    /// The bin that holds a sample.
    func bin(of sample: Float) -> Int { Self.bin(of: sample, exponent) }

    private static func bin(of sample: Float, _ exponent: Int) -> Int {
        Int((Double(sample) * Double(sign: .plus, exponent: -exponent, significand: 1)).rounded(.down))
    }
}

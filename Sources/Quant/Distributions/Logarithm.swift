import Glibc

/// The natural logarithm of positive normal numbers to 1e-12, a few times faster than the C library's.
///
/// x = 2^e m with m in [1, 2); with c the middle of the 128th of [1, 2) that holds m, log x = e log 2 + log c + log(1 + r)
/// with r = m / c − 1, |r| ≤ 2^-8, whose series is cut after the fourth power.
struct Logarithm: Sendable {
    private struct Entry {
        let inverse: Double
        let logarithm: Double
    }

    /// The one there need be; loops keep it in a variable of their own.
    static let natural = Logarithm()

    private let table: [Entry]

    private init() {
        table = (0..<128).map { index in
            let middle = 1 + (Double(index) + 0.5) / 128
            return Entry(inverse: 1 / middle, logarithm: log(middle))
        }
    }

    @inline(__always)
    func callAsFunction(_ x: Double) -> Double {
        let bits = x.bitPattern
        let exponent = Double(Int(bits >> 52) - 1023)
        let fraction = Double(bitPattern: bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000)
        let entry = table[Int(truncatingIfNeeded: bits >> 45) & 127]
        let r = fraction * entry.inverse - 1
        let series = r * (1 - r * (1.0 / 2 - r * (1.0 / 3 - r * (1.0 / 4))))
        return exponent * 0.693_147_180_559_945_3 + (entry.logarithm + series)
    }
}

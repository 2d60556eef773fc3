import Glibc

/// A small seeded generator (SplitMix64), so that every run of a test sees the same numbers.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func gauss() -> Float {
        let radius = (-2 * log(Double.random(in: Double.leastNormalMagnitude..<1, using: &self))).squareRoot()
        return Float(radius * cos(2 * Double.pi * Double.random(in: 0..<1, using: &self)))
    }

    mutating func laplace() -> Float {
        let uniform = Double.random(in: -0.5..<0.5, using: &self)
        return Float(-log(max(1e-300, 1 - 2 * abs(uniform))) * (uniform < 0 ? -1 : 1))
    }
}

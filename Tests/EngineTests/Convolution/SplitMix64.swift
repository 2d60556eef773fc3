/// A small generator with a fixed seed, so that random cases are the same in every run.
///
/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Integer values of magnitude at most `bound`.
    mutating func integers(_ count: Int, bound: Int) -> [Float] {
        (0..<count).map { _ in Float(Int.random(in: -bound...bound, using: &self)) }
    }

    /// Real values in -1...1.
    mutating func reals(_ count: Int) -> [Float] {
        (0..<count).map { _ in Float.random(in: -1...1, using: &self) }
    }
}

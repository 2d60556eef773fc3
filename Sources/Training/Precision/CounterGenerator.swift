/// Random numbers by counter: the number at a place depends on the key and the place only, so a run is the same for every
/// order and number of threads.
///
/// The finalizer of MurmurHash3 (A. Appleby, public domain) over key + place × 2^32 / golden ratio: two multiplications of 32
/// bits, which every vector unit has.
public struct CounterGenerator: Hashable, Sendable {
    let key: UInt32

    /// The numbers of one tensor of one step of a run.
    public init(seed: UInt64, stream: UInt64) {
        // SplitMix64 (Steele, Lea, Flood 2014) spreads the two over the key.
        var mixed = seed &+ stream &* 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        key = UInt32(truncatingIfNeeded: mixed ^ (mixed >> 31))
    }

    /// 32 random bits.
    public func bits(at place: Int) -> UInt32 {
        var mixed = key &+ UInt32(truncatingIfNeeded: place) &* 0x9e37_79b9
        mixed = (mixed ^ (mixed >> 16)) &* 0x85eb_ca6b
        mixed = (mixed ^ (mixed >> 13)) &* 0xc2b2_ae35
        return mixed ^ (mixed >> 16)
    }

    /// A multiple of 2^-24 in [0, 1).
    public func unit(at place: Int) -> Float { Float(bits(at: place) >> 8) * 0x1p-24 }
}

/// A small seeded generator (SplitMix64): a seed names an input for ever.
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

    mutating func pick(_ count: Int) -> Int { count > 0 ? Int(next() % UInt64(count)) : 0 }

    mutating func pick<Element>(_ values: [Element]) -> Element { values[pick(values.count)] }
}

/// Changes bytes the way files go bad, and the way attackers make them.
struct ByteMutation {
    static let numbers: [Int64] = [
        0, 1, -1, 2, 3, 7, 255, 256, 65_535, 1 << 20, 1 << 31, (1 << 31) - 1, 1 << 32, 1 << 40, .max, .min, -2,
    ]

    /// One to eight changes, mostly one: what is changed often is refused early.
    static func apply(to bytes: inout [UInt8], _ random: inout SeededGenerator) {
        for _ in 0...(random.pick(2) == 0 ? 0 : random.pick(8)) { change(&bytes, &random) }
    }

    private static func change(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard !bytes.isEmpty else { return bytes.append(UInt8(random.pick(256))) }
        // Headers and directories stand at the ends of files: half of all changes go there.
        let place: Int
        switch random.pick(4) {
        case 0: place = random.pick(min(bytes.count, 128))
        case 1: place = bytes.count - 1 - random.pick(min(bytes.count, 512))
        default: place = random.pick(bytes.count)
        }
        let rest = bytes.count - place
        switch random.pick(8) {
        case 0: bytes[place] ^= 1 << UInt8(random.pick(8))
        case 1: bytes[place] = UInt8(random.pick(256))
        case 2: bytes.removeSubrange(place...)
        case 3: bytes.removeSubrange(place..<place + 1 + random.pick(min(rest, 64)))
        case 4: bytes.insert(contentsOf: bytes[place..<place + 1 + random.pick(min(rest, 64))], at: place)
        case 5:
            let size = random.pick([1, 2, 4, 8])
            let number = UInt64(bitPattern: random.pick(numbers))
            for index in 0..<min(size, rest) {
                bytes[place + index] = UInt8(truncatingIfNeeded: number >> (8 * index))
            }
        case 6:
            // Digits, as text formats have them.
            let text = Array("\(random.pick(numbers))".utf8)
            for (index, byte) in text.enumerated() where index < rest { bytes[place + index] = byte }
        default:
            let from = random.pick(bytes.count)
            let count = min(1 + random.pick(32), bytes.count - from, rest)
            bytes.replaceSubrange(place..<place + count, with: Array(bytes[from..<from + count]))
        }
    }
}

/// The SHA-256 hash of FIPS 180-4: names a net by its content.
public enum SHA256 {
    /// The hash of `bytes` in lower-case hexadecimal.
    public static func hexadecimal(of bytes: UnsafeRawBufferPointer) -> String {
        var state = SIMD8<UInt32>(
            0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19)
        let whole = bytes.count / 64 * 64
        compress(UnsafeRawBufferPointer(rebasing: bytes[..<whole]), &state)
        var tail = [UInt8](bytes[whole...]) + [0x80]
        while tail.count % 64 != 56 { tail.append(0) }
        for shift in stride(from: 56, through: 0, by: -8) {
            tail.append(UInt8(truncatingIfNeeded: (UInt64(bytes.count) * 8) >> UInt64(shift)))
        }
        tail.withUnsafeBytes { compress($0, &state) }
        let digits = Array("0123456789abcdef")
        return String(
            state.indices.flatMap { word in (0..<8).map { digits[Int(state[word] >> UInt32(28 - 4 * $0)) & 15] } })
    }

    /// Takes in whole blocks of 64 bytes.
    ///
    /// Eight rounds a turn, so that the working variables change their roles by name and are never moved.
    private static func compress(_ blocks: UnsafeRawBufferPointer, _ state: inout SIMD8<UInt32>) {
        constants.withUnsafeBufferPointer { constants in
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
                for offset in stride(from: 0, to: blocks.count, by: 64) {
                    fill(schedule, from: blocks, at: offset, constants)
                    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
                    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
                    for index in stride(from: 0, to: 64, by: 8) {
                        round(a, b, c, &d, e, f, g, &h, schedule[index])
                        round(h, a, b, &c, d, e, f, &g, schedule[index + 1])
                        round(g, h, a, &b, c, d, e, &f, schedule[index + 2])
                        round(f, g, h, &a, b, c, d, &e, schedule[index + 3])
                        round(e, f, g, &h, a, b, c, &d, schedule[index + 4])
                        round(d, e, f, &g, h, a, b, &c, schedule[index + 5])
                        round(c, d, e, &f, g, h, a, &b, schedule[index + 6])
                        round(b, c, d, &e, f, g, h, &a, schedule[index + 7])
                    }
                    state &+= SIMD8(a, b, c, d, e, f, g, h)
                }
            }
        }
    }

    /// The message schedule of one block, each word with its round's constant added.
    @inline(__always)
    private static func fill(
        _ schedule: UnsafeMutableBufferPointer<UInt32>, from blocks: UnsafeRawBufferPointer, at offset: Int,
        _ constants: UnsafeBufferPointer<UInt32>
    ) {
        for index in 0..<16 {
            schedule[index] = UInt32(
                bigEndian: blocks.loadUnaligned(fromByteOffset: offset + 4 * index, as: UInt32.self))
        }
        for index in 16..<64 {
            let old = schedule[index - 15]
            let recent = schedule[index - 2]
            let first = rotate(old, 7) ^ rotate(old, 18) ^ (old >> 3)
            let second = rotate(recent, 17) ^ rotate(recent, 19) ^ (recent >> 10)
            schedule[index] = schedule[index - 16] &+ first &+ schedule[index - 7] &+ second
        }
        for index in 0..<64 { schedule[index] &+= constants[index] }
    }

    @inline(__always)
    private static func round(
        _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32, _ g: UInt32,
        _ h: inout UInt32, _ word: UInt32
    ) {
        let choice = g ^ (e & (f ^ g))
        let majority = (a & b) | (c & (a | b))
        h = h &+ (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) &+ choice &+ word
        d = d &+ h
        h = h &+ (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) &+ majority
    }

    @inline(__always)
    private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word &>> count | word &<< (32 &- count)
    }

    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
    private static let constants: [UInt32] = {
        var primes: [Int] = []
        var candidate = 2
        while primes.count < 64 {
            if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
            candidate += 1
        }
        return primes.map { prime in
            // floor(2^32 cbrt(p)) exactly: the largest r with r^3 <= p 2^96, found bit by bit.
            var root: UInt64 = 0
            for bit in stride(from: 35, through: 0, by: -1) {
                let trial = root | 1 << UInt64(bit)
                if cubeIsAtMost(trial, UInt64(prime)) { root = trial }
            }
            return UInt32(truncatingIfNeeded: root)
        }
    }()

    /// Whether value³ <= prime × 2⁹⁶, in 128-bit arithmetic; value is below 2³⁶.
    private static func cubeIsAtMost(_ value: UInt64, _ prime: UInt64) -> Bool {
        let wide = UInt128(value)
        return wide * wide * wide <= UInt128(prime) << 96
    }
}

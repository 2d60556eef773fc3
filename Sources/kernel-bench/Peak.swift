import CKernels
import Engine

/// The multiply-adds a core can do.
enum Peak {
    /// Runs `rounds` rounds of independent multiply-adds in registers; returns the floating-point operations done.
    static func operations(isa: InstructionSet, rounds: Int) -> Double {
        let level =
            switch isa {
            case .baseline: NKLevelBaseline
            case .avx2: NKLevelAVX2
            case .avx512: NKLevelAVX512
            case .avx512vnni: NKLevelAVX512VNNI
            }
        return nk_measure_peak(level, rounds)
    }
}

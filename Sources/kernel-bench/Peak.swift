import CKernels
import Engine

/// The multiply-adds a core can do.
enum Peak {
    /// Runs `rounds` rounds of independent multiply-adds in registers; returns the floating-point operations done.
    static func operations(isa: InstructionSet, rounds: Int) -> Double {
        nk_measure_peak(isa.level, rounds)
    }
}

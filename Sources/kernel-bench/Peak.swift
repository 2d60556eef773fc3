import CKernels
import Engine

/// The multiply-adds a core can do.
enum Peak {
    /// Runs `rounds` rounds of independent multiply-adds in registers; returns the floating-point operations done.
    static func operations(isa: InstructionSet, rounds: Int) -> Double {
        nk_measure_peak(isa.level, rounds)
    }

    /// The same with products of four codes and weights, in the way of the level; returns operations on whole numbers.
    static func codeOperations(isa: InstructionSet, rounds: Int) -> Double {
        nk_measure_code_peak(isa.level, rounds)
    }
}

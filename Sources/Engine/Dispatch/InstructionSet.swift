package import CKernels
internal import Glibc

/// A level of processor instructions the kernels are compiled for.
///
/// Results are bit-identical within one level for every thread count, batch size and tiling. Between levels sums of
/// integer-valued data below 2^24 are equal too; other sums differ in the last bits where a level lacks fused
/// multiply-add.
public enum InstructionSet: String, CaseIterable, Comparable, Sendable {
    /// What every processor of the architecture has (SSE2 or NEON).
    case baseline
    /// 256-bit vectors with fused multiply-add.
    case avx2
    /// 512-bit vectors.
    case avx512
    /// AVX-512 with 8-bit dot products; float kernels are those of `avx512`.
    case avx512vnni

    /// Whether this machine has the instructions.
    public var isAvailable: Bool { nk_level_available(level) }

    /// The levels this machine can run, in ascending order; never empty.
    public static var available: [InstructionSet] { allCases.filter(\.isAvailable) }

    /// The highest level this machine can run.
    public static let best: InstructionSet = available.last ?? .baseline

    /// The name that stands for the highest level this machine has.
    public static let automaticName = "auto"

    /// The environment variable that forces a level.
    public static let environmentVariable = "NIBBLE_ISA"

    /// The level called `name`, or the best for "auto".
    ///
    /// - Throws: `InstructionSetError` if there is no such level or this machine lacks it.
    public init(named name: String) throws(InstructionSetError) {
        if name == Self.automaticName {
            self = .best
            return
        }
        guard let named = InstructionSet(rawValue: name) else { throw .unknown(name: name) }
        guard named.isAvailable else { throw .unavailable(named) }
        self = named
    }

    /// The level in force: that of NIBBLE_ISA if set, otherwise the best of this machine.
    ///
    /// - Throws: `InstructionSetError` if the variable names no available level.
    public static func fromEnvironment() throws(InstructionSetError) -> InstructionSet {
        guard let value = getenv(environmentVariable) else { return .best }
        return try InstructionSet(named: String(cString: value))
    }

    /// Lower levels first.
    public static func < (left: InstructionSet, right: InstructionSet) -> Bool {
        left.level.rawValue < right.level.rawValue
    }

    /// The kernels' name for the level.
    package var level: NKLevel {
        switch self {
        case .baseline: NKLevelBaseline
        case .avx2: NKLevelAVX2
        case .avx512: NKLevelAVX512
        case .avx512vnni: NKLevelAVX512VNNI
        }
    }
}

/// Why a level cannot be used.
public enum InstructionSetError: Error, Equatable {
    /// No level has this name.
    case unknown(name: String)
    /// This machine does not have the level's instructions.
    case unavailable(InstructionSet)
}

import Engine
import Glibc

extension RunArguments {
    /// The options of a run.
    func options() throws -> RunOptions {
        let count = threads ?? Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        guard count >= 1, count <= 1024 else { throw Failure("--threads \(count): name 1 to 1024") }
        do {
            let level = try isa.map { try InstructionSet(named: $0) } ?? InstructionSet.fromEnvironment()
            return RunOptions(threads: count, isa: level)
        } catch {
            let names = InstructionSet.available.map(\.rawValue).joined(separator: ", ")
            throw Failure("the instruction set is not available here: name auto or one of \(names)")
        }
    }
}

// GOP/s of the kernels on one core, of floats and of codes, layer by layer, against the peak of multiply-adds measured in the
// same run. 3x3 layers of few bits share products between rows, so they can be beyond it.
// Usage: kernel-bench [level ...]; without arguments every level this machine has. `kernel-bench gradients`: the convolutions of a
// training step, at the highest level.

import Engine
import Glibc

let names = CommandLine.arguments.dropFirst()
if Array(names) == ["gradients"] {
    for line in GradientBenchmark(isa: .best).lines { print(line) }
    exit(0)
}
do {
    let levels = try names.isEmpty ? InstructionSet.available : names.map(InstructionSet.init(named:))
    Preparation().report()
    for level in levels { Benchmark(isa: level).report() }
} catch {
    print("kernel-bench: \(error); levels here: \(InstructionSet.available.map(\.rawValue))")
    exit(1)
}

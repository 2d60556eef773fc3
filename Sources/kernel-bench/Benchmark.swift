import Engine
import Glibc
import Net

/// The layers of one level, measured one after the other and printed as a table.
struct Benchmark {
    let isa: InstructionSet

    /// Prints a line per layer: the median of seven measurements, each at least 20 ms of processor time.
    func report() {
        let peak = Stopwatch.median { Peak.operations(isa: isa, rounds: 2_000_000) }
        print("\(isa.rawValue): peak \(Self.format(peak)) GFLOP/s")
        for layer in BenchmarkLayer.all {
            let rate = layer.rate(isa: isa)
            print("  \(layer.name)  \(Self.format(rate))  \(Self.format(100 * rate / peak)) %")
        }
    }

    private static func format(_ value: Double) -> String {
        let text = String(Int(value.rounded()))
        return String(repeating: " ", count: max(0, 6 - text.count)) + text
    }
}

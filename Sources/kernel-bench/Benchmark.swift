import Engine
import Glibc
import Net

/// The layers of one level, measured one after the other and printed as a table.
struct Benchmark {
    let isa: InstructionSet

    /// Prints a line per layer: the median of seven measurements, each at least 20 ms of processor time.
    func report() {
        report("floats", peak: Stopwatch.median { Peak.operations(isa: isa, rounds: 2_000_000) }) {
            $0.rate(isa: isa)
        }
        report(
            "codes of 4 bits", peak: Stopwatch.median { Peak.codeOperations(isa: isa, rounds: 2_000_000) }
        ) { $0.codeRate(isa: isa) }
    }

    private func report(_ numbers: String, peak: Double, rate: (BenchmarkLayer) -> Double) {
        print("\(isa.rawValue), \(numbers): peak \(Self.format(peak)) GOP/s")
        for layer in BenchmarkLayer.all {
            let rate = rate(layer)
            print("  \(layer.name)  \(Self.format(rate))  \(Self.format(100 * rate / peak)) %")
        }
    }

    private static func format(_ value: Double) -> String {
        let text = String(Int(value.rounded()))
        return String(repeating: " ", count: max(0, 6 - text.count)) + text
    }
}

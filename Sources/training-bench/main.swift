// Times steps of training on random images of 28x28, as told line by line on standard input, so that a script can alternate it
// with other programs; answers each line.
//
//     training-bench NET BATCH THREADS [PRECISION]     PRECISION: float (default) or 8,8,8,16
//
//     steps COUNT        seconds of so many steps

import Engine
import Glibc
import Net
import Training

do {
    var bench = try StepBenchmark(Array(CommandLine.arguments.dropFirst()))
    while let line = readLine() {
        let words = line.split(separator: " ")
        switch words.first {
        case "steps": print(try bench.seconds(steps: words.count > 1 ? Int(words[1]) ?? 1 : 1))
        default: throw UsageError()
        }
        fflush(nil)
    }
} catch {
    print("training-bench: \(error)")
    exit(1)
}

/// Arguments that nothing can be made of.
struct UsageError: Error {}

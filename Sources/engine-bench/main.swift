// Times the engine on one net and its images, as told line by line on standard input, so that a script can alternate it
// with other programs; answers each line with seconds.
//
//     engine-bench NET.onnx IMAGES SCALE MEAN STD          MEAN and STD: a value, or one per channel with commas
//
//     float THREADS COUNT        a float pass over the first COUNT images
//     simulated THREADS COUNT    the same under W4A4, one range per tensor, in floats
//     integer THREADS COUNT      the same on the fastest exact path
//     cancel PROGRAM THREADS     the longest of 20 times until a run of float, simulated or integer stops when told to
//     calibrate THREADS COUNT    all statistics of the first COUNT images
//     start THREADS COUNT        a pass on the fastest path that leaves checkpoints, for `edit`
//     edit LAYER                 other weight bits for one layer, and the values of the images of `start`
//     prepare                    other weight bits for all layers: seconds of the plan and of the weights in kernel order
//     layers                     the number of layers, instead of seconds

import Engine
import Glibc
import Net
import NetIO

do {
    let subject = try BenchmarkSubject(Array(CommandLine.arguments.dropFirst()))
    var job = try await BenchmarkJob(subject)
    while let line = readLine() {
        print(try await job.answer(line.split(separator: " ").map(String.init)))
        fflush(nil)
    }
} catch {
    print("engine-bench: \(error)")
    exit(1)
}

// Reads mutated files for a while: a reader may refuse them, in one line, and nothing else.
//
//     reader-fuzz FOLDER [SECONDS] [READER] [SEED]
//
// FOLDER is the sample nets' folder, whose files are mutated. Each reader (see `Target`) gets SECONDS, 60 by default; what it
// accepts is also used: images are converted, nets are run, calibrated and quantized where that is cheap. Inputs take 10
// seconds and 512 MiB at most. The seed of every input is announced before it is read, so that a crash names it: repeat it
// with READER and SEED.

import Foundation
import Glibc

/// Where the input under way is announced; what stands there when the process dies is what killed it.
let announcement = "/tmp/nibble-fuzz-last"

/// Runs one reader on inputs of consecutive seeds, or on one; answers how many were refused without a word.
func fuzz(_ target: Target, seconds: Double, only seed: UInt64?) async throws -> Int {
    let folder = "/tmp/nibble-fuzz-\(getpid())-\(target.name)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let end = ContinuousClock.now + .seconds(seconds)
    var (count, refused, wrong) = (0, 0, 0)
    var next = seed ?? 0
    while seed == nil ? ContinuousClock.now < end : count == 0 {
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var random = SeededGenerator(seed: next)
        let path = try target.make(&random, folder)
        _ = try write(Array("\(target.name) \(next)\n".utf8), announcement)
        alarm(10)
        do {
            try await target.read(path)
        } catch {
            refused += 1
            // Control characters of names are written as escapes at the edge, where the line is printed.
            if "\(error)".isEmpty {
                print("\(target.name) \(next): refused without a word")
                wrong += 1
            }
        }
        alarm(0)
        count += 1
        next += 1
    }
    print("\(target.name): \(count) inputs, \(refused) refused, \(count - refused) read")
    fflush(nil)
    return wrong
}

let arguments = CommandLine.arguments.dropFirst()
guard let samples = arguments.first else {
    print("usage: reader-fuzz FOLDER [SECONDS] [READER] [SEED]")
    exit(64)
}
// Data and heap: an input of less than 1 MiB must not ask for more.
var limit = rlimit(rlim_cur: 512 << 20, rlim_max: 512 << 20)
setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
let seconds = arguments.dropFirst().first.flatMap { Double($0) } ?? 60
let reader = arguments.dropFirst(2).first
let seed = arguments.dropFirst(3).first.flatMap { UInt64($0) }
var wrong = 0
for target in try Target.all(samples) where reader == nil || reader == target.name {
    wrong += try await fuzz(target, seconds: seconds, only: seed)
}
print(wrong == 0 ? "nothing found" : "\(wrong) refusals without a word")
exit(wrong == 0 ? 0 : 1)

// Runs test data in ONNX's own layout through the importer and the engine:
//
//     conformance [--verbose] [--largest T] [--repeat N] DIRECTORY ...
//
// --largest accepts differences up to T times the largest value of an output, the measure for whole nets; without it
// every value has ONNX's own tolerance. --repeat prints the median processor time of N more runs on one thread.
//
// Every folder below that holds a model.onnx and test_data_set_N/input_N.pb, output_N.pb is a test. It prints
// 'N passed, N failed, N skipped' and the skipped by operator, and fails on any failure. A folder whose operators are
// all supported is never skipped, except for text, sequences, optional values and training mode, which are named.

import Engine
import Glibc

var arguments = CommandLine.arguments.dropFirst()
var isVerbose = false
var trial = Trial()
while let option = arguments.first, option.hasPrefix("--") {
    arguments.removeFirst()
    switch (option, arguments.first) {
    case ("--verbose", _): isVerbose = true
    case ("--largest", let value?) where Double(value).map({ $0 > 0 }) ?? false:
        trial.tolerance = Double(value).map { .ofLargest($0) } ?? trial.tolerance
        arguments.removeFirst()
    case ("--repeat", let value?) where Int(value).map({ $0 > 0 }) ?? false:
        trial.repetitions = Int(value) ?? 0
        arguments.removeFirst()
    default: arguments = []
    }
}
guard !arguments.isEmpty else {
    print("usage: conformance [--verbose] [--largest T] [--repeat N] DIRECTORY ...")
    exit(1)
}
do {
    let isa = try InstructionSet.fromEnvironment()
    var report = ConformanceReport()
    for directory in arguments {
        for folder in TestFolder.all(below: directory) {
            report.add(folder, folder.run(trial, isa: isa))
            if isVerbose { print(report.last) }
        }
    }
    print(report.text)
    exit(report.failed.isEmpty && report.passed > 0 ? 0 : 1)
} catch {
    print("conformance: \(error)")
    exit(1)
}

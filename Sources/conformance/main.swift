// Runs test data in ONNX's own layout through the importer and the engine:
//
//     conformance [--verbose] DIRECTORY ...
//
// Every folder below that holds a model.onnx and test_data_set_N/input_N.pb, output_N.pb is a test. It prints
// 'N passed, N failed, N skipped' and the skipped by operator, and fails on any failure. A folder whose operators are
// all supported is never skipped, except for text, sequences, optional values and training mode, which are named.

import Engine
import Glibc

var arguments = Array(CommandLine.arguments.dropFirst())
let isVerbose = arguments.first == "--verbose"
if isVerbose { arguments.removeFirst() }
guard !arguments.isEmpty else {
    print("usage: conformance [--verbose] DIRECTORY ...")
    exit(1)
}
do {
    let isa = try InstructionSet.fromEnvironment()
    var report = ConformanceReport()
    for directory in arguments {
        for folder in TestFolder.all(below: directory) {
            report.add(folder, folder.run(isa: isa))
            if isVerbose { print(report.last) }
        }
    }
    print(report.text)
    exit(report.failed.isEmpty && report.passed > 0 ? 0 : 1)
} catch {
    print("conformance: \(error)")
    exit(1)
}

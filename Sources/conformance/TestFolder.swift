import Engine
import Glibc
import Net
import NetIO
import Quant

/// What became of one test.
enum Outcome {
    /// What was measured, in words; empty if nothing was asked for.
    case passed(String)
    case failed(String)
    /// The reason stands for all tests it is given for: an operator, or what nibble does not read at all.
    case skipped(String)
}

/// How a test is run and judged.
struct Trial {
    /// How far values may be off.
    enum Tolerance {
        /// ONNX's own: 1e-3 of the expected value and 1e-7.
        case ofEach
        /// A fraction of the output's largest value.
        case ofLargest(Double)
    }

    var tolerance = Tolerance.ofEach
    /// Runs that are timed.
    var repetitions = 0
}

/// One folder of ONNX's test data: a model and sets of inputs and outputs.
struct TestFolder {
    let path: String

    /// The folder's name.
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Every folder with a model below a directory, in alphabetical order.
    static func all(below directory: String) -> [TestFolder] {
        let entries = names(in: directory)
        if entries.contains("model.onnx") { return [TestFolder(path: directory)] }
        return entries.flatMap { entry -> [TestFolder] in
            var status = stat()
            let path = "\(directory)/\(entry)"
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return [] }
            return all(below: path)
        }
    }

    private static func names(in directory: String) -> [String] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    /// Runs every data set of the folder.
    func run(_ trial: Trial, isa: InstructionSet) -> Outcome {
        let model = "\(path)/model.onnx"
        do {
            let summary = try ModelSummary(path: model)
            if let other = summary.operators.subtracting(ModelSummary.supportedOperators).sorted().first {
                return .skipped(other)
            }
            if summary.hasOtherThanTensors { return .skipped("sequences and optional values: \(name)") }
            if summary.hasText { return .skipped("text: \(name)") }
            if summary.trains { return .skipped("training mode: \(name)") }
            let sets = TestFolder.names(in: path).filter { $0.hasPrefix("test_data_set_") }
            guard !sets.isEmpty else { return .failed("no data sets") }
            var measured = ""
            for set in sets {
                switch try run("\(path)/\(set)", of: model, summary, trial, isa: isa) {
                case .passed(let text): measured = text
                case .failed(let difference): return .failed("\(set): \(difference)")
                case let skipped: return skipped
                }
            }
            return .passed(measured)
        } catch {
            return .failed("\(error)")
        }
    }

    /// Compares the outputs for one data set.
    private func run(
        _ set: String, of model: String, _ summary: ModelSummary, _ trial: Trial, isa: InstructionSet
    ) throws -> Outcome {
        var given: [String: TensorFile] = [:]
        for (index, input) in summary.inputs.enumerated() {
            let file = "\(set)/input_\(index).pb"
            guard access(file, R_OK) == 0 else { continue }
            given[input.name] = try TensorFile(path: file, elementType: input.elementType)
        }
        let net = LayerGraph(
            try OnnxFile(path: model, options: ImportOptions(keepsBatch: true, given: given)).graph)
        var inputs: [[Float]] = []
        for input in net.graph.inputs {
            let (name, shape) = (net.graph[input].name, net.graph[input].shape)
            guard let file = given[name], file.shape == shape else {
                return .failed("no values for input '\(name)' of \(shape)")
            }
            inputs.append(file.tensor.values)
        }
        let execution = Execution(Program(net), capacity: 1, isa: isa)
        _ = try execution.run(inputs, images: 1)
        var largest = 0.0
        for (index, output) in net.graph.outputs.enumerated() {
            let expected = try TensorFile(
                path: "\(set)/output_\(index).pb", elementType: summary.outputTypes[index])
            let name = net.graph[output].name
            guard net.graph[output].shape == expected.shape else {
                return .failed("'\(name)' is \(net.graph[output].shape) and should be \(expected.shape)")
            }
            let pairs = zip(execution.output(index, images: 1).map(Double.init), expected.values)
            switch trial.tolerance {
            case .ofEach:
                let tolerance = summary.outputTypes[index] == 16 ? TestFolder.brainTolerance : 1e-3
                if let wrong = pairs.first(where: { !agree($0, $1, tolerance) }) {
                    return .failed("'\(name)' holds \(wrong.0) where \(wrong.1) should be")
                }
            case .ofLargest(let tolerance):
                let scale = expected.values.reduce(0) { max($0, abs($1)) }
                let difference = pairs.reduce(0) { $1.0 == $1.1 ? $0 : max($0, abs($1.0 - $1.1)) }
                let relative = scale > 0 ? difference / scale : difference
                guard relative <= tolerance, pairs.allSatisfy({ $0.isNaN == $1.isNaN }) else {
                    return .failed("'\(name)' differs by \(relative) of its largest value, \(scale)")
                }
                largest = max(largest, relative)
            }
        }
        var measured = if case .ofLargest = trial.tolerance { "differs by \(Float(largest))" } else { "" }
        if trial.repetitions > 0 {
            let times = try (0..<trial.repetitions).map { _ in
                let start = TestFolder.processorTime
                _ = try execution.run(inputs, images: 1)
                return TestFolder.processorTime - start
            }.sorted()
            measured += "  \(Int((times[times.count / 2] * 1e6).rounded())) us"
        }
        return .passed(measured)
    }

    /// Seconds that this process has computed: other programs do not count.
    private static var processorTime: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }

    /// One unit in the last place of a bfloat16: older test data cut the bits off, newer ones and nibble round.
    private static let brainTolerance = 0x1p-7

    /// ONNX's own tolerance: 1e-3 of the expected value and 1e-7.
    private func agree(_ own: Double, _ expected: Double, _ tolerance: Double) -> Bool {
        if own.isNaN || expected.isNaN { return own.isNaN && expected.isNaN }
        return own == expected || abs(own - expected) <= 1e-7 + tolerance * abs(expected)
    }
}

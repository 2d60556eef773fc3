import Engine
import Glibc
import Net
import NetIO
import Quant
import Testing

/// Real nets beside the project, for tests that are skipped without them.
enum Zoo {
    static let directory: String = {
        if let named = getenv("NIBBLE_ZOO") { return String(cString: named) }
        let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(package)/../shared/zoo"
    }()

    static func path(_ name: String) -> String { "\(directory)/\(name)" }

    static let isPresent = access(path("resnet20.onnx"), R_OK) == 0

    static func preprocessing(_ net: String) -> Preprocessing {
        net == "resnet20"
            ? Preprocessing(
                scale: 1 / 255, mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225])
            : Preprocessing(scale: 1)
    }
}

@Suite(.enabled(if: Zoo.isPresent)) struct ZooTests {
    @Test(arguments: ["resnet20", "resnet8"], InstructionSet.available)
    func outputsEqualOnnxRuntimes(name: String, isa: InstructionSet) throws {
        let net = LayerGraph(try OnnxFile(path: Zoo.path("\(name).onnx")).graph)
        let archive = try NpzArchive(path: Zoo.path("\(name)-expected.npz"))
        guard case .floats(let input) = try archive.array("in_input").values,
            case .floats(let expected) = try archive.array("out").values
        else {
            Issue.record("the expected values are floats")
            return
        }
        let execution = Execution(Program(net), capacity: 8, isa: isa)
        var logits = try execution.run([input], images: 8)
        if name == "resnet8" {
            // The file's output is after the softmax that is judged without.
            for image in 0..<8 {
                let row = Tensor(shape: [1, 10], values: Array(logits[image * 10..<image * 10 + 10]))
                let shares = Reference.evaluate(.softmax(axes: [1], logarithmic: false), [row], shapes: [[1, 10]])
                logits.replaceSubrange(image * 10..<image * 10 + 10, with: shares[0].values)
            }
        }
        let largest = expected.map(abs).max() ?? 1
        for (own, other) in zip(logits, expected) { #expect(abs(own - other) <= 1e-4 * largest) }
    }

    @Test(arguments: [("resnet20", 4.0), ("resnet8", 15.0)])
    func theMethodsTogetherBeatNaiveQuantization(name: String, points: Double) async throws {
        let net = LayerGraph(try OnnxFile(path: Zoo.path("\(name).onnx")).graph)
        let test = try DataReader.images(at: Zoo.path("cifar10-test.npz"), limit: 1000).images
        let observed = try DataReader.images(at: Zoo.path("cifar10-calibration.npz"), limit: 512).images
        let options = RunOptions(threads: 2, isa: .best)
        let source = ImageSource(test, Zoo.preprocessing(name))
        let calibration = try await CalibrationRun(
            net, on: ImageSource(observed, Zoo.preprocessing(name)), options: options
        ).run()
        let labels = try #require(test.labels)
        func accuracy(_ plan: PlanOptions) async throws -> Double {
            let quantization = QuantizationPlan(
                net: net, calibration: calibration, configuration: Configuration(plan, for: net))
            let logits = try await Evaluation(
                Program(net, plan: quantization), on: source, options: options
            ).values()
            var comparison = Comparison(.classes(10), isLabelled: true)
            comparison.add(float: logits[...], quantized: logits[...], labels: labels)
            return 100 * (comparison.quantizedTop1?.value ?? 0)
        }
        var naive = PlanOptions.standard
        naive.residual = .float
        naive.clipping = .minMax
        naive.correction = .none
        var full = PlanOptions.standard
        full.residual = .float
        full.allocation = .both
        let gain = try await accuracy(full) - accuracy(naive)
        // 1,000 images leave a point or two of chance in a paired difference of this size.
        #expect(gain >= points - 2)
    }
}

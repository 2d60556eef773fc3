import Net
import NetIO
import Quant
import Testing

@testable import Engine

/// The integer and the simulated path store the same values on every layer, as long as float sums are exact.
struct IntegerPathTests {
    private static let count = 24

    /// A net with images of its own.
    private struct Case {
        let name: String
        let net: LayerGraph
        let source: ImageSource

        static func all() throws -> [Case] {
            var cases = try SampleNets().nets.map { net in
                Case(
                    name: net.name, net: LayerGraph(try OnnxFile(path: net.file).graph),
                    source: ImageSource(
                        try DataReader.images(at: net.images, limit: IntegerPathTests.count).images,
                        Preprocessing(scale: net.scale, mean: net.mean, standardDeviation: net.std)))
            }
            guard Zoo.isPresent else { return cases }
            for name in ["resnet20", "resnet8"] {
                cases.append(
                    Case(
                        name: name, net: LayerGraph(try OnnxFile(path: Zoo.path("\(name).onnx")).graph),
                        source: ImageSource(
                            try DataReader.images(at: Zoo.path("cifar10-test.npz"), limit: IntegerPathTests.count)
                                .images, Zoo.preprocessing(name))))
            }
            return cases
        }
    }

    /// What every unit of a run leaves.
    private func stored(_ program: Program, _ source: ImageSource, isa: InstructionSet) throws -> [Snapshot] {
        let execution = Execution(program, capacity: Self.count, isa: isa)
        execution.load([try source.values(at: 0..<Self.count)], images: Self.count, nil)
        var result: [Snapshot] = []
        _ = try execution.runUnits(
            from: 0, images: Self.count,
            passed: { unit in
                for tensor in program.net.outputs(of: program.net.units[unit]) {
                    result.append(execution.snapshot(of: tensor, images: Self.count))
                }
            }, cancelled: { false })
        return result
    }

    /// The largest difference between two runs, in steps where both are codes.
    private func difference(_ one: [Snapshot], _ other: [Snapshot]) -> (codes: Int, floats: Float, equal: Bool) {
        var (codes, floats) = (0, Float(0))
        for (a, b) in zip(one.flatMap(\.forms), other.flatMap(\.forms)) {
            switch (a, b) {
            case (.codes(let a), .codes(let b)):
                for (x, y) in zip(a, b) { codes = max(codes, abs(Int(x) - Int(y))) }
            case (.floats(let a), .floats(let b)): for (x, y) in zip(a, b) { floats = max(floats, abs(x - y)) }
            default: codes = .max
            }
        }
        return (codes, floats, one.count == other.count && codes == 0 && floats == 0)
    }

    @Test(arguments: InstructionSet.available)
    func storedValuesEqualTheSimulatedPaths(isa: InstructionSet) async throws {
        for item in try Case.all() {
            let calibration = try await CalibrationRun(
                item.net, on: item.source, options: RunOptions(threads: 2, isa: .best)
            ).run()
            for residual in [ResidualStorage.eightBits, .same, .float] {
                var options = PlanOptions.standard
                options.granularity = .tensor
                options.allocation = .weights
                options.residual = residual
                let plan = QuantizationPlan(
                    net: item.net, calibration: calibration, configuration: Configuration(options, for: item.net))
                let integer = Program(item.net, plan: plan, arithmetic: .fastest(isa))
                #expect(integer.paths.allSatisfy { $0 == .integer }, "\(item.name)")
                let difference = difference(
                    try stored(integer, item.source, isa: isa),
                    try stored(Program(item.net, plan: plan), item.source, isa: isa))
                #expect(difference.equal, "\(item.name), residual \(residual.rawValue): \(difference)")
            }
        }
    }

    /// Steps that are powers of two times a common one keep the integer path, bits per channel included.
    @Test(arguments: InstructionSet.available)
    func powersOfTwoPerChannelStayOnIntegers(isa: InstructionSet) async throws {
        for item in try Case.all() {
            let calibration = try await CalibrationRun(
                item.net, on: item.source, options: RunOptions(threads: 2, isa: .best)
            ).run()
            for (residual, allocation) in [(ResidualStorage.eightBits, AllocationChoice.both), (.float, .none)] {
                var options = PlanOptions.standard
                options.granularity = .powerOfTwo
                options.allocation = allocation
                options.residual = residual
                let plan = QuantizationPlan(
                    net: item.net, calibration: calibration, configuration: Configuration(options, for: item.net))
                #expect(plan.layers.contains { $0.input.channelQuantizers != nil })
                let integer = Program(item.net, plan: plan, arithmetic: .fastest(isa))
                #expect(integer.paths.allSatisfy { $0 == .integer }, "\(item.name)")
                let difference = difference(
                    try stored(integer, item.source, isa: isa),
                    try stored(Program(item.net, plan: plan), item.source, isa: isa))
                #expect(difference.equal, "\(item.name), residual \(residual.rawValue): \(difference)")
            }
        }
    }

    /// A layer whose input has a range per channel runs simulated, between layers on integers.
    @Test func layersOnRealValuesRunBetweenConversions() async throws {
        for item in try Case.all() {
            let calibration = try await CalibrationRun(
                item.net, on: item.source, options: RunOptions(threads: 2, isa: .best)
            ).run()
            var configuration = Configuration(.standard, for: item.net)
            let tensors = Array(Set(item.net.layers.map(\.input))).sorted()
            for (index, layer) in item.net.layers.enumerated() {
                // Readers of one tensor ask for the same form of it, so that what is stored can be compared.
                let kind = (tensors.firstIndex(of: layer.input) ?? 0) % 4
                configuration.layers[index].granularity = kind == 1 ? .channel : .tensor
                configuration.layers[index].allocation = kind == 1 ? .both : .none
                if kind == 3 { configuration.layers[index].weights = .float }
            }
            let plan = QuantizationPlan(net: item.net, calibration: calibration, configuration: configuration)
            let mixed = Program(item.net, plan: plan, arithmetic: .fastest(.best))
            #expect(Set(mixed.paths).isSuperset(of: [.integer, .simulated]), "\(item.name)")
            let difference = difference(
                try stored(mixed, item.source, isa: .best),
                try stored(Program(item.net, plan: plan), item.source, isa: .best))
            #expect(difference.equal, "\(item.name): \(difference)")
        }
    }
}

import Net
import Quant
import Testing

@testable import Engine

extension RandomGraph {
    /// A net with every kind of layer and of operation on codes: activations of all sorts, depthwise kernels of 3 and 5 with
    /// strides and dilation, groups, a concatenation, both pools, a residual sum, a linear layer.
    fileprivate mutating func mixed() throws -> Graph {
        let input = tensor([1, 3, 13, 11])
        let a = layer(input, 24, kernel: 3, .leakyRelu(slope: 0.1))
        let b = layer(a, 24, kernel: 5, groups: 24, .hardSwish)
        let c = layer(b, 40, kernel: 1, .clip(minimum: 0, maximum: 6))
        let d = layer(c, 40, kernel: 3, stride: 2, groups: 40, .silu)
        let e = layer(d, 20, kernel: 1, nil)
        let f = layer(d, 20, kernel: 3, groups: 4, .relu)
        let joined = node(.concatenate(axis: 1), [e, f], [1, 40, 7, 6])
        let g = layer(joined, 40, kernel: 3, dilation: 2, groups: 40, .leakyRelu(slope: 0.2))
        let h = layer(g, 40, kernel: 1, nil)
        let sum = node(.elementwise(.add), [h, joined], [1, 40, 7, 6])
        let i = node(.unary(.relu), [sum], [1, 40, 7, 6])
        let pool = Window(
            kernel: .init(3, 3), strides: .init(2, 2), padding: .init(top: 1, left: 1, bottom: 1, right: 1))
        let j = node(.maxPool(pool), [i], [1, 40, 4, 3])
        let k = layer(j, 72, kernel: 5, groups: 8, .hardSwish)
        let l = node(.averagePool(pool, countsPadding: false), [k], [1, 72, 2, 2])
        let m = layer(l, 30, kernel: 1, .sigmoid)
        let n = node(.reshape, [m], [1, 120])
        let logits = linear(n, 7)
        return try graph("mixed", input: input, output: logits)
    }
}

/// Both paths store the same codes, whatever the setting and the level.
@Suite struct IntegerNetsTests {
    private let net: LayerGraph
    private let source: ImageSource
    private static let count = 6

    init() throws {
        var graph = RandomGraph(seed: 77)
        net = LayerGraph(try graph.mixed())
        var random = SplitMix64(seed: 78)
        let pixels = (0..<40 * 3 * 13 * 11).map { _ in UInt8.random(in: 0...255, using: &random) }
        let stored = try #require(MemoryPixels(.bytes(pixels), count: 40))
        let images = try #require(
            LabeledImages(pixels: stored, layout: .nchw, channels: 3, height: 13, width: 11))
        source = ImageSource(images, Preprocessing(scale: 1 / 64, mean: [1.7]))
    }

    /// What every unit of a run stores.
    private func stored(_ program: Program, isa: InstructionSet) throws -> [[Snapshot.Values]] {
        let execution = Execution(program, capacity: Self.count, isa: isa)
        execution.load([try source.values(at: 0..<Self.count)], images: Self.count, nil)
        var result: [[Snapshot.Values]] = []
        _ = try execution.runUnits(
            from: 0, images: Self.count,
            passed: { unit in
                for tensor in program.net.outputs(of: program.net.units[unit]) {
                    result.append(execution.snapshot(of: tensor, images: Self.count).forms)
                }
            }, cancelled: { false })
        return result
    }

    private func areEqual(_ one: [[Snapshot.Values]], _ other: [[Snapshot.Values]]) -> Bool {
        one.count == other.count
            && zip(one.joined(), other.joined()).allSatisfy { pair in
                switch pair {
                case (.codes(let a), .codes(let b)): a == b
                case (.floats(let a), .floats(let b)): a == b
                default: false
                }
            }
    }

    @Test(arguments: InstructionSet.available)
    func integerAndSimulatedCodesAreEqualUnderEverySetting(isa: InstructionSet) async throws {
        let calibration = try await CalibrationRun(
            net, on: source, options: RunOptions(threads: 2, isa: .best)
        ).run()
        #expect(net.layers.count == 11)
        for (number, bits) in (2...8).enumerated() {
            for correction in [BiasCorrection.none, .both] {
                var options = PlanOptions.standard
                options.weights = .bits(bits)
                options.activations = .bits(10 - bits)
                options.correction = correction
                options.granularity = .tensor
                options.residual = [ResidualStorage.eightBits, .same, .float][number % 3]
                options.clipping = number % 2 == 0 ? .minMax : .auto
                let plan = QuantizationPlan(
                    net: net, calibration: calibration, configuration: Configuration(options, for: net))
                let integer = Program(net, plan: plan, arithmetic: .fastest(isa))
                #expect(integer.paths.allSatisfy { $0 == .integer })
                #expect(
                    areEqual(
                        try stored(integer, isa: isa), try stored(Program(net, plan: plan), isa: isa)),
                    "\(bits) bits, correction \(correction), residual \(options.residual)")
            }
        }
    }

    /// Layers of real inputs, or real weights, run between integer ones and store the same values in both programs.
    @Test(arguments: InstructionSet.available)
    func layersLeftInFloatsStoreWhatTheSimulatedNetStores(isa: InstructionSet) async throws {
        let calibration = try await CalibrationRun(
            net, on: source, options: RunOptions(threads: 2, isa: .best)
        ).run()
        var random = SplitMix64(seed: 79)
        for trial in 0..<24 {
            var options = PlanOptions.standard
            options.granularity = trial % 3 == 0 ? .channel : .tensor
            options.residual = [ResidualStorage.eightBits, .same, .float][trial % 3]
            var configuration = Configuration(options, for: net)
            for index in net.layers.indices {
                if Bool.random(using: &random) || trial == 0 { configuration.layers[index].activations = .float }
                if Int.random(in: 0..<4, using: &random) == 0 { configuration.layers[index].weights = .float }
            }
            let plan = QuantizationPlan(net: net, calibration: calibration, configuration: configuration)
            let integer = Program(net, plan: plan, arithmetic: .fastest(isa))
            let values = try values(integer, isa: isa)
            #expect(try values == self.values(Program(net, plan: plan), isa: isa), "trial \(trial)")
            #expect(values.count == Self.count * 7 && values.contains { $0 != 0 })
        }
    }

    private func values(_ program: Program, isa: InstructionSet) throws -> [Float] {
        try Execution(program, capacity: Self.count, isa: isa).run(
            [try source.values(at: 0..<Self.count)], images: Self.count)
    }

    /// Runs over stored bytes take their codes from a table, and give what runs over preprocessed values give.
    @Test func logitsAreThoseOfTheSimulatedPath() async throws {
        let options = RunOptions(threads: 2, isa: .best)
        let calibration = try await CalibrationRun(net, on: source, options: options).run()
        let plan = QuantizationPlan(
            net: net, calibration: calibration, configuration: Configuration(.standard, for: net))
        let integer = Program(net, plan: plan, arithmetic: .fastest(.best))
        #expect(integer.inputCodes != nil)
        let own = try await Evaluation(integer, on: source, options: options).values()
        let simulated = try await Evaluation(Program(net, plan: plan), on: source, options: options).values()
        #expect(own == simulated)
    }
}

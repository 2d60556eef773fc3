import Net
import Quant
import Testing

@testable import Engine

/// Maxima and movements of codes give what the plan says, which is computed where nothing is passed on: in programs whose
/// tensors somebody looks at.
@Suite struct StoredGridsTests {
    private static let count = 5
    private let net: LayerGraph
    /// What the pools and the concatenation read and write.
    private let moved: [TensorID]
    private let source: ImageSource

    init() throws {
        var graph = RandomGraph(seed: 90)
        (net, moved) = try graph.pools()
        var random = SplitMix64(seed: 91)
        let pixels = (0..<Self.count * 3 * 12 * 10).map { _ in UInt8.random(in: 0...255, using: &random) }
        let stored = try #require(MemoryPixels(.bytes(pixels), count: Self.count))
        let images = try #require(
            LabeledImages(pixels: stored, layout: .nchw, channels: 3, height: 12, width: 10))
        source = ImageSource(images, Preprocessing(scale: 1 / 64, mean: [1.9]))
    }

    private func plan(_ residual: ResidualStorage, bits: Int) async throws -> QuantizationPlan {
        let calibration = try await CalibrationRun(
            net, on: source, options: RunOptions(threads: 1, isa: .best)
        ).run()
        var options = PlanOptions.standard
        options.residual = residual
        options.granularity = .tensor
        options.weights = .bits(bits)
        options.activations = .bits(bits)
        return QuantizationPlan(net: net, calibration: calibration, configuration: Configuration(options, for: net))
    }

    private func values(_ program: Program, isa: InstructionSet) throws -> [Float] {
        try Execution(program, capacity: Self.count, isa: isa).run(
            [try source.values(at: 0..<Self.count)], images: Self.count)
    }

    @Test(arguments: InstructionSet.available)
    func whatIsPassedOnChangesNothing(isa: InstructionSet) async throws {
        for residual in [ResidualStorage.eightBits, .same, .float] {
            for bits in [2, 4, 8] {
                let plan = try await plan(residual, bits: bits)
                let expected = try values(Program(net, plan: plan, observing: Set(moved)), isa: isa)
                #expect(Set(expected).count > 1)
                for arithmetic in [Arithmetic.simulated, .fastest(isa)] {
                    let program = Program(net, plan: plan, arithmetic: arithmetic)
                    #expect(try values(program, isa: isa) == expected, "\(residual), \(bits) bits, \(arithmetic)")
                }
            }
        }
    }

    @Test func whatPoolsAndConcatenationsReadAndWriteIsKeptAsCodes() async throws {
        for residual in [ResidualStorage.eightBits, .same, .float] {
            let program = Program(net, plan: try await plan(residual, bits: 4), arithmetic: .fastest(.best))
            for tensor in moved { #expect(program.forms[tensor]?.holdsCodes == true, "\(residual) \(tensor)") }
        }
    }

    /// A layer that reads the codes as they are stored needs no copy of them.
    @Test func aCopyOnTheStoredGridIsTheStoredMapItself() async throws {
        let program = Program(net, plan: try await plan(.float, bits: 4), arithmetic: .fastest(.best))
        let last = try #require(moved.last)
        let form = try #require(program.forms[last])
        #expect(form.copies.isEmpty && form.value != nil)
    }

    @Test func aLayerOfRealInputsReadsFloats() async throws {
        let calibration = try await CalibrationRun(
            net, on: source, options: RunOptions(threads: 1, isa: .best)
        ).run()
        var options = PlanOptions.standard
        options.activations = .float
        options.firstLast = .float
        let plan = QuantizationPlan(
            net: net, calibration: calibration, configuration: Configuration(options, for: net))
        let program = Program(net, plan: plan, arithmetic: .fastest(.best))
        let expected = try values(Program(net, plan: plan), isa: .best)
        #expect(try values(program, isa: .best) == expected)
    }
}

extension RandomGraph {
    /// A convolution, a pool, two convolutions side by side, their concatenation, a pool, and a layer that ends it; and what the
    /// pools and the concatenation read and write.
    fileprivate mutating func pools() throws -> (net: LayerGraph, moved: [TensorID]) {
        let input = tensor([1, 3, 12, 10])
        let first = layer(input, 20, kernel: 3, .relu)
        let pool = Window(
            kernel: .init(3, 3), strides: .init(2, 2), padding: .init(top: 1, left: 1, bottom: 1, right: 1))
        let pooled = node(.maxPool(pool), [first], [1, 20, 6, 5])
        let left = layer(pooled, 8, kernel: 1, .relu)
        let right = layer(pooled, 12, kernel: 3, .relu)
        let joined = node(.concatenate(axis: 1), [left, right], [1, 20, 6, 5])
        let last = node(.maxPool(Window(kernel: .init(2, 2), strides: .init(2, 2))), [joined], [1, 20, 3, 2])
        let features = layer(last, 24, kernel: 3, .relu)
        let mean = node(.globalAveragePool, [features], [1, 24, 1, 1])
        let flat = node(.reshape, [mean], [1, 24])
        let logits = linear(flat, 7)
        let graph = try graph("pools", input: input, output: logits)
        return (LayerGraph(graph), [first, pooled, left, right, joined, last])
    }
}

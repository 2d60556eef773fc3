import Net
import Quant
import Synchronization
import Testing

@testable import Engine

/// A small residual net: convolution, two-convolution block with identity, pool, depthwise, flatten, linear.
private struct SampleGraph {
    private var state: UInt64 = 42
    private var tensors: [TensorDescription] = []
    private var constants: [TensorID: Tensor] = [:]
    private var nodes: [Node] = []

    mutating func random(_ shape: Shape, _ size: Float) -> Tensor {
        Tensor(
            shape: shape,
            values: (0..<shape.count).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return (Float(state >> 40) / Float(1 << 24) - 0.45) * size
            })
    }

    private mutating func tensor(_ name: String, _ shape: Shape, batched: Bool = true) -> TensorID {
        tensors.append(TensorDescription(name: name, shape: shape, isBatched: batched))
        return TensorID(tensors.count - 1)
    }

    private mutating func constant(_ value: Tensor) -> TensorID {
        let id = tensor("constant\(tensors.count)", value.shape, batched: false)
        constants[id] = value
        return id
    }

    private mutating func node(_ operation: Operator, _ inputs: [TensorID?], _ shape: Shape) -> TensorID {
        let output = tensor("t\(tensors.count)", shape)
        nodes.append(Node(name: "n\(nodes.count)", operation: operation, inputs: inputs, outputs: [output]))
        return output
    }

    mutating func graph() throws -> Graph {
        let same = Window(kernel: .init(3, 3), padding: .init(top: 1, left: 1, bottom: 1, right: 1))
        let input = tensor("input", [1, 3, 9, 9])
        let first = constant(random([20, 3, 3, 3], 0.5))
        let bias = constant(random([20], 0.2))
        let a = node(.convolution(same, groups: 1), [input, first, bias], [1, 20, 9, 9])
        let b = node(.unary(.relu), [a], [1, 20, 9, 9])
        let second = constant(random([20, 20, 3, 3], 0.2))
        let c = node(.convolution(same, groups: 1), [b, second, nil], [1, 20, 9, 9])
        let sum = node(.elementwise(.add), [c, b], [1, 20, 9, 9])
        let d = node(.unary(.relu), [sum], [1, 20, 9, 9])
        let pool = Window(
            kernel: .init(2, 2), strides: .init(2, 2), padding: .init(top: 0, left: 0, bottom: 1, right: 1))
        let e = node(.maxPool(pool), [d], [1, 20, 5, 5])
        let depthwise = constant(random([20, 1, 3, 3], 0.6))
        let f = node(.convolution(same, groups: 20), [e, depthwise, nil], [1, 20, 5, 5])
        let g = node(.unary(.clip(minimum: 0, maximum: 6)), [f], [1, 20, 5, 5])
        let h = node(.globalAveragePool, [g], [1, 20, 1, 1])
        let flat = node(.reshape, [h], [1, 20])
        let last = constant(random([7, 20], 0.5))
        let shift = constant(random([7], 0.3))
        let logits = node(
            .gemm(alpha: 1, beta: 1, transposeA: false, transposeB: true), [flat, last, shift], [1, 7])
        return try Graph(
            name: "sample", tensors: tensors, constants: constants, inputs: [input], outputs: [logits], nodes: nodes
        )
    }
}

/// Runs a graph by the plain definition of every operator.
private func reference(_ graph: Graph, _ input: Tensor) -> Tensor {
    var values = graph.constants
    values[graph.inputs[0]] = input
    for node in graph.nodes {
        let results = Reference.evaluate(
            node.operation, node.inputs.map { $0.flatMap { values[$0] } },
            shapes: node.outputs.map { graph[$0].shape })
        for (id, result) in zip(node.outputs, results) { values[id] = result }
    }
    return values[graph.outputs[0]] ?? input
}

@Suite struct ProgramTests {
    private let graph: Graph
    private let net: LayerGraph
    private let images: LabeledImages
    private let source: ImageSource

    init() throws {
        var sample = SampleGraph()
        graph = try sample.graph()
        net = LayerGraph(graph)
        let pixels = sample.random([40, 3, 9, 9], 2).values
        let stored = try #require(MemoryPixels(.floats(pixels), count: 40))
        images = try #require(
            LabeledImages(
                pixels: stored, layout: .nchw, channels: 3, height: 9,
                width: 9, labels: (0..<40).map { $0 % 7 }))
        source = ImageSource(images, Preprocessing(scale: 1))
    }

    @Test func anImageThatCannotBeReadEndsTheRunWithItsError() async throws {
        // One thread meets the broken image at once; the other would need minutes to come to the end.
        let count = 1_000_000
        let pixels = BrokenPixels(count: count, elementsPerImage: 243, broken: 0)
        let many = try #require(LabeledImages(pixels: pixels, layout: .nchw, channels: 3, height: 9, width: 9))
        let source = ImageSource(many, Preprocessing(scale: 1))
        let options = RunOptions(threads: 2, isa: .best)
        await #expect(throws: BrokenPixels.Damage(image: 0)) {
            try await Evaluation(Program(net), on: source, options: options).values()
        }
        #expect(pixels.reads.load(ordering: .relaxed) < count)
        await #expect(throws: BrokenPixels.Damage(image: 0)) {
            try await CalibrationRun(net, on: source, options: options).run()
        }
    }

    @Test(arguments: InstructionSet.available) func theFloatNetEqualsThePlainDefinition(isa: InstructionSet)
        async throws
    {
        let logits = try await Evaluation(
            Program(net), on: source, options: RunOptions(threads: 2, isa: isa)
        ).values()
        for image in 0..<images.count {
            let values = reference(
                graph, Tensor(shape: [1, 3, 9, 9], values: try source.values(at: image..<image + 1)))
            for (own, expected) in zip(logits[image * 7..<image * 7 + 7], values.values) {
                // Sums of up to 180 products of order one in another order.
                #expect(abs(own - expected) < 2e-5)
            }
        }
    }

    private func calibration(threads: Int) async throws -> Calibration {
        try await CalibrationRun(net, on: source, options: RunOptions(threads: threads, isa: .best)).run()
    }

    @Test func foldingLeavesFourLayersWithTheSumInTheSecond() {
        #expect(net.layers.count == 4)
        #expect(net.layers[1].addend == net.layers[0].output)
        #expect(net.layers[2].isDepthwise && net.layers[2].activation == .clip(minimum: 0, maximum: 6))
    }

    /// Threads take one part or two of the images at a time, depending on how many there are.
    @Test(arguments: [2, 3, 8, 16]) func calibrationDoesNotDependOnThreads(threads: Int) async throws {
        let (one, other) = (try await calibration(threads: 1), try await calibration(threads: threads))
        for (tensor, observation) in one.observations {
            #expect(other.observations[tensor]?.tensor.statistics == observation.tensor.statistics)
            #expect(other.observations[tensor]?.tensor.preActivation == observation.tensor.preActivation)
            #expect(other.observations[tensor]?.tensor.histogram == observation.tensor.histogram)
            for (left, right) in zip(observation.channels, other.observations[tensor]?.channels ?? []) {
                #expect(left.statistics == right.statistics && left.histogram == right.histogram)
                #expect(left.preActivation == right.preActivation)
            }
        }
        for (one, other) in zip(one.shares, other.shares) {
            #expect(one.images == other.images && one.observations.keys == other.observations.keys)
            for (tensor, observation) in one.observations {
                #expect(other.observations[tensor]?.statistics == observation.statistics)
                #expect(other.observations[tensor]?.histogram == observation.histogram)
            }
        }
    }

    @Test func calibrationIsThatOfAllSamples() async throws {
        let calibration = try await calibration(threads: 2)
        let points = net.calibrationPoints
        let program = Program(net, observing: Set(points.map(\.tensor)).union(points.compactMap(\.preActivation)))
        let execution = Execution(program, capacity: 1, isa: .best)
        var samples: [TensorID: [[Float]]] = [:]
        for image in 0..<images.count {
            _ = try execution.run([source.values(at: image..<image + 1)], images: 1) { tensor, map, batch, _ in
                let values = map.planar(batch)
                let plane = values.count / map.layout.channels
                for channel in 0..<map.layout.channels {
                    samples[tensor, default: Array(repeating: [], count: map.layout.channels)][channel] +=
                        values[channel * plane..<(channel + 1) * plane]
                }
                return false
            }
        }
        for point in points {
            let observation = try #require(calibration.observations[point.tensor])
            let own = try #require(samples[point.tensor])
            compare(observation.tensor, own.flatMap { $0 })
            for (channel, observed) in observation.channels.enumerated() { compare(observed, own[channel]) }
            #expect(observation.channels.count == (point.isPerChannel ? own.count : 0))
            if let before = point.preActivation.flatMap({ samples[$0] }) {
                let observed = try #require(observation.tensor.preActivation)
                compare(
                    observed, before.flatMap { $0 }, binWidth: observation.tensor.preActivationHistogram?.binWidth)
                for (channel, observed) in observation.channels.enumerated() {
                    let statistics = try #require(observed.preActivation)
                    // At least 256 bins hold the range.
                    compare(
                        statistics, before[channel], binWidth: (statistics.maximum - statistics.minimum) / 255)
                }
            }
        }
    }

    private func compare(_ observation: Observation, _ samples: [Float]) {
        compare(observation.statistics, samples, binWidth: observation.histogram.binWidth)
        let zeros = samples.count { $0 == 0 }
        #expect(observation.histogram.total == samples.count && observation.histogram.zeroCount == zeros)
        #expect(observation.histogram.lo <= observation.statistics.minimum)
        #expect(observation.histogram.hi > observation.statistics.maximum)
    }

    private func compare(_ found: Statistics, _ samples: [Float], binWidth: Double?) {
        let mean = samples.reduce(0) { $0 + Double($1) } / Double(samples.count)
        func central(_ power: (Double) -> Double) -> Double {
            samples.reduce(0) { $0 + power(Double($1) - mean) }
        }
        #expect(found.count == samples.count)
        #expect(found.minimum == samples.min().map(Double.init) && found.maximum == samples.max().map(Double.init))
        #expect(abs(found.mean - mean) < 1e-9)
        let variance = central { $0 * $0 }
        #expect(abs(found.standardDeviation - (variance / Double(samples.count - 1)).squareRoot()) < 1e-9)
        // A sample is taken to lie anywhere in its bin; most of those between 0 and the mean count twice.
        let deviation = central { abs($0) } / Double(samples.count)
        #expect(abs(found.meanAbsoluteDeviation - deviation) <= (binWidth ?? 0) / 2)
        let positive = samples.filter { $0 > 0 }
        let tail = positive.reduce(0) { $0 + Double($1) } / Double(max(1, positive.count))
        #expect(abs(found.tailMean - tail) < 1e-9)
    }

    @Test(arguments: [AllocationChoice.none, .both], ResidualStorage.allCases)
    func quantizedResultsDoNotDependOnThreadsOrBatches(
        allocation: AllocationChoice, residual: ResidualStorage
    ) async throws {
        var options = PlanOptions.standard
        options.allocation = allocation
        options.residual = residual
        let plan = QuantizationPlan(
            net: net, calibration: try await calibration(threads: 2),
            configuration: Configuration(options, for: net))
        let program = Program(net, plan: plan)
        let one = try await Evaluation(program, on: source, options: RunOptions(threads: 1, isa: .best)).values()
        let four = try await Evaluation(program, on: source, options: RunOptions(threads: 4, isa: .best)).values()
        #expect(one == four)
        let execution = Execution(program, capacity: 5, isa: .best)
        let batched = try execution.logits(of: 0..<40, source) { false }
        #expect(batched == one)
    }

    @Test func eightBitsStayCloseToFloatAndTwoBitsDoNot() async throws {
        let observed = try await calibration(threads: 2)
        let options = RunOptions(threads: 2, isa: .best)
        let exact = try await Evaluation(Program(net), on: source, options: options).values()
        func noise(_ bits: Int) async throws -> Double {
            var choice = PlanOptions.standard
            choice.weights = .bits(bits)
            choice.activations = .bits(bits)
            let plan = QuantizationPlan(
                net: net, calibration: observed, configuration: Configuration(choice, for: net))
            let logits = try await Evaluation(Program(net, plan: plan), on: source, options: options).values()
            var comparison = Comparison(.classes(7), isLabelled: false)
            comparison.add(float: exact[...], quantized: logits[...], labels: nil)
            return comparison.logitSQNR ?? 100
        }
        let (eight, two) = (try await noise(8), try await noise(2))
        #expect(eight > 30)
        #expect(two < eight - 10)
    }

    @Test func aLayerReadsItsInputOnTheGridOfItsPlan() async throws {
        var options = PlanOptions.standard
        options.residual = .float
        let plan = QuantizationPlan(
            net: net, calibration: try await calibration(threads: 2),
            configuration: Configuration(options, for: net))
        guard case .tensor(let quantizer) = plan.layers[1].input else {
            Issue.record("the second layer is quantized per tensor")
            return
        }
        #expect(quantizer.bits == 4)
        #expect(plan.stored.isEmpty)
        #expect(plan.layers[0].weightChannelBits == [Int](repeating: 8, count: 20))
    }

    @Test func cancellationStopsARun() async {
        await #expect(throws: Cancelled.self) {
            _ = try await Evaluation(
                Program(net), on: source, options: RunOptions(threads: 2, isa: .best)
            ).values(cancelled: { true })
        }
    }
}

/// Zeros, but for one image that cannot be read.
private final class BrokenPixels: PixelStore {
    struct Damage: Error, Equatable {
        let image: Int
    }

    let count: Int
    let elementsPerImage: Int
    let broken: Int
    let reads = Atomic(0)

    init(count: Int, elementsPerImage: Int, broken: Int) {
        self.count = count
        self.elementsPerImage = elementsPerImage
        self.broken = broken
    }

    func withPixels(of index: Int, _ body: (StoredPixels) -> Void) throws {
        reads.wrappingAdd(1, ordering: .relaxed)
        guard index != broken else { throw Damage(image: index) }
        [Float](repeating: 0, count: elementsPerImage).withUnsafeBufferPointer { body(.floats($0)) }
    }
}

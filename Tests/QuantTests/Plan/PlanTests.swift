import Glibc
import Net
import Testing

@testable import Quant

/// What a plan makes of each kind of choice, on three pointwise convolutions; the second reads a rectified
/// tensor, which is added to what it makes.
@Suite struct PlanTests {
    private let net: LayerGraph
    private let calibration: Calibration

    init() throws {
        var random = SeededGenerator(seed: 5)
        func tensor(_ name: String, _ channels: Int) -> TensorDescription {
            TensorDescription(name: name, shape: [1, channels, 4, 4], isBatched: true)
        }
        var constants: [TensorID: Tensor] = [:]
        var tensors = [
            tensor("x", 2), tensor("a", 4), tensor("b", 4), tensor("c", 4), tensor("d", 3), tensor("e", 4),
        ]
        for shape: Shape in [[4, 2, 1, 1], [4, 4, 1, 1], [3, 4, 1, 1]] {
            constants[TensorID(tensors.count)] = Tensor(
                shape: shape, values: (0..<shape.count).map { _ in random.laplace() })
            tensors.append(TensorDescription(name: "w\(tensors.count)", shape: shape, isBatched: false))
        }
        let pointwise = Operator.convolution(Window(kernel: Window.Pair(1, 1)), groups: 1)
        func node(_ name: String, _ operation: Operator, _ inputs: [Int], _ output: Int) -> Node {
            Node(name: name, operation: operation, inputs: inputs.map { TensorID($0) }, outputs: [TensorID(output)])
        }
        net = LayerGraph(
            try Graph(
                name: "three", tensors: tensors, constants: constants, inputs: [TensorID(0)],
                outputs: [TensorID(4)],
                nodes: [
                    node("first", pointwise, [0, 6], 1), node("relu", .unary(.relu), [1], 2),
                    node("middle", pointwise, [2, 7], 3), node("sum", .elementwise(.add), [3, 2], 5),
                    node("last", pointwise, [5, 8], 4),
                ]))
        var observations: [TensorID: TensorObservation] = [:]
        for point in net.calibrationPoints {
            let channels = (0..<4).map { channel in
                (0..<4000).map { _ in
                    let value = random.laplace() * Float(1 << channel)
                    return point.preActivation == nil ? value : max(0, value)
                }
            }
            observations[point.tensor] = TensorObservation(
                tensor: observe(channels.flatMap { $0 }), channels: channels.map { observe($0, bins: 512) })
        }
        calibration = Calibration(observations: observations, images: 1)
    }

    /// The plan of the middle layer after a change of its settings.
    private func middle(
        _ options: PlanOptions = .standard, _ change: (inout LayerSettings) -> Void = { _ in }
    ) -> LayerPlan {
        var configuration = Configuration(options, for: net)
        change(&configuration.layers[1])
        return QuantizationPlan(net: net, calibration: calibration, configuration: configuration).layers[1]
    }

    @Test func optionsExpandToSettingsOfEachLayer() {
        var options = PlanOptions.standard
        options.allocation = .both
        let layers = Configuration(options, for: net).layers
        #expect(layers.map(\.weights) == [.bits(8), .bits(4), .bits(8)])
        #expect(layers.map(\.activations) == [.bits(8), .bits(4), .bits(8)])
        #expect(layers.map(\.clipping) == [.minMax, .auto, .auto])
        #expect(layers.map(\.allocation) == [.none, .both, .none])
        #expect(layers.map(\.granularity) == [.tensor, .channel, .channel])
    }

    @Test func aThresholdByHandWinsOverTheMethodAndIsCutToTheData() throws {
        let range = try #require(middle { $0.threshold = 1.5 }.ranges.first)
        #expect(range.source == .manual && range.lo == 0 && range.hi == 1.5 && range.threshold == 1.5)
        let largest = try #require(calibration.observations[net.layers[1].input]).tensor.statistics.maximum
        #expect(middle { $0.threshold = 1e9 }.ranges.first?.hi == largest)
    }

    @Test func channelBitsByHandWinOverTheLayerAndTheAllocation() throws {
        let plan = middle {
            $0.weightChannelBits = [0: 7, 3: 0]
            $0.activationChannelBits = [1: 2, 2: 0]
            $0.granularity = .channel
        }
        #expect(plan.weightChannelBits == [7, 4, 4, 0])
        guard case .channels(let quantizers) = plan.input else {
            Issue.record("one range for the tensor")
            return
        }
        #expect(quantizers.map { $0?.bits } == [4, 2, nil, 4])
        guard case .quantized(let weights) = plan.weights else { return }
        #expect(Set(weights.effective[12..<16]).count == 1)

        var options = PlanOptions.standard
        options.allocation = .both
        let allocated = middle(options) { $0.weightChannelBits = [2: 8] }
        let bits = try #require(allocated.weightChannelBits)
        #expect(bits[2] == 8 && bits.reduce(0, +) <= 16)
    }

    @Test func widerChannelsGetMoreBitsWithinTheBudget() throws {
        var options = PlanOptions.standard
        options.allocation = .activations
        for rule in AllocationRule.allCases {
            options.policy.rule = rule
            guard case .channels(let quantizers) = middle(options).input else {
                Issue.record("one range for the tensor")
                return
            }
            let bits = quantizers.map { $0?.bits ?? 0 }
            #expect(bits == bits.sorted() && bits[0] < bits[3] && bits.reduce(0, +) <= 16, "\(rule) \(bits)")
        }
    }

    @Test func theMeasureDecidesWhatTheTwoThirdsRuleDividesBy() throws {
        // One outlier widens a channel's range a hundredfold, and its deviation by much less.
        var values = [Float](repeating: 0, count: 256).indices.map { Float($0 % 7) - 3 }
        values[0] = 300
        var options = PlanOptions.standard
        options.allocation = .weights
        let wide = try plan(ofWeights: values, options)
        options.policy.measure = .sigma
        let deviation = try plan(ofWeights: values, options)
        #expect(wide[0] > deviation[0] && wide[1] <= deviation[1], "\(wide) \(deviation)")
        #expect(deviation.reduce(0, +) <= 16)
    }

    @Test func clippedWeightsLoseLessOnHeavyTails() throws {
        var random = SeededGenerator(seed: 9)
        var values = (0..<4 * 512).map { _ in random.laplace() }
        for channel in 0..<4 { values[channel * 512] = 12 }
        func error(_ method: ClippingMethod) throws -> (error: Double, largest: Float) {
            var options = PlanOptions.standard
            options.weightClipping = method
            options.correction = .none
            guard case .quantized(let weights) = try layerPlan(ofWeights: values, options).weights else {
                throw Missing()
            }
            return (weights.squaredError, weights.effective.max() ?? 0)
        }
        let (all, clipped) = (try error(.minMax), try error(.measured))
        #expect(clipped.error < 0.9 * all.error, "\(clipped) \(all)")
        #expect(abs(all.largest - 12) < 1 && clipped.largest < 11)
        #expect(try error(.laplace).largest < 11)
    }

    private struct Missing: Error {}

    /// The plan of a middle layer of four output channels with these weights.
    private func layerPlan(ofWeights values: [Float], _ options: PlanOptions) throws -> LayerPlan {
        let inputs = values.count / 4
        func tensor(_ name: String, _ shape: Shape) -> TensorDescription {
            TensorDescription(name: name, shape: shape, isBatched: true)
        }
        let square = (0..<inputs * inputs).map { Float($0 % 5) - 2 }
        let pointwise = Operator.convolution(Window(kernel: Window.Pair(1, 1)), groups: 1)
        func node(_ name: String, _ inputs: [Int], _ output: Int) -> Node {
            Node(name: name, operation: pointwise, inputs: inputs.map { TensorID($0) }, outputs: [TensorID(output)])
        }
        let net = LayerGraph(
            try Graph(
                name: "chain",
                tensors: [
                    tensor("x", [1, inputs, 2, 2]), tensor("a", [1, inputs, 2, 2]), tensor("b", [1, 4, 2, 2]),
                    tensor("c", [1, 4, 2, 2]), tensor("v", [inputs, inputs, 1, 1]), tensor("w", [4, inputs, 1, 1]),
                    tensor("u", [4, 4, 1, 1]),
                ],
                constants: [
                    TensorID(4): Tensor(shape: [inputs, inputs, 1, 1], values: square),
                    TensorID(5): Tensor(shape: [4, inputs, 1, 1], values: values),
                    TensorID(6): Tensor(shape: [4, 4, 1, 1], values: [Float](repeating: 1, count: 16)),
                ], inputs: [TensorID(0)], outputs: [TensorID(3)],
                nodes: [node("first", [0, 4], 1), node("middle", [1, 5], 2), node("last", [2, 6], 3)]))
        var observations: [TensorID: TensorObservation] = [:]
        for point in net.calibrationPoints {
            observations[point.tensor] = TensorObservation(tensor: observe([-1, 0, 1]), channels: [])
        }
        return QuantizationPlan(
            net: net, calibration: Calibration(observations: observations, images: 1),
            configuration: Configuration(options, for: net)
        ).layers[1]
    }

    private func plan(ofWeights values: [Float], _ options: PlanOptions) throws -> [Int] {
        try #require(try layerPlan(ofWeights: values, options).weightChannelBits)
    }

    @Test func floatLayersKeepTheirWeightsAndInput() {
        let plan = middle {
            $0.weights = .float
            $0.activations = .float
        }
        #expect(plan.input == .real && plan.ranges.isEmpty && plan.weightChannelBits == nil)
        #expect(plan.weightSQNR == nil && plan.inputSQNR == nil)
    }

    @Test func storageFollowsTheChoice() throws {
        func stored(_ residual: ResidualStorage) -> [TensorID: ActivationGrid] {
            var options = PlanOptions.standard
            options.residual = residual
            return QuantizationPlan(
                net: net, calibration: calibration, configuration: Configuration(options, for: net)
            ).stored
        }
        #expect(stored(.float).isEmpty)
        let tensor = net.layers[1].input
        guard case .tensor(let eight)? = stored(.eightBits)[tensor] else {
            Issue.record("not stored at 8 bits")
            return
        }
        #expect(eight.bits == 8)
        #expect(stored(.same)[tensor] == middle().input)
    }

    @Test func theErrorOfAPlanIsThatOfItsParts() throws {
        // SQNR = 10 log10(power / error) of the range in use.
        let plan = middle()
        let power = try #require(calibration.observations[net.layers[1].input]).tensor.histogram.power
        let range = try #require(plan.ranges.first)
        #expect(abs((plan.inputSQNR ?? 0) - 10 * log10(power / range.error)) < 1e-9)
    }
}

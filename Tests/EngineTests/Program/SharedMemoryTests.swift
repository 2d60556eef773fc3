import Net
import Quant
import Testing

@testable import Engine

/// Maps that share memory hold what they would hold alone, whatever the sizes of batches that follow one another.
@Suite struct SharedMemoryTests {
    /// Maps of many layouts, halos and odd numbers of channels, and tensors that are needed long after they were made.
    private static func net(seed: UInt64) throws -> LayerGraph {
        var graph = RandomGraph(seed: seed)
        var random = SplitMix64(seed: seed + 1000)
        let input = graph.tensor([1, 3, 16, 12])
        var shape: Shape = [1, 3, 16, 12]
        var last = input
        for _ in 0..<9 {
            let channels = [5, 16, 20, 32, 40].randomElement(using: &random) ?? 16
            let kernel = [1, 3, 5].randomElement(using: &random) ?? 1
            let stride = shape[2] > 4 && Bool.random(using: &random) ? 2 : 1
            let function = [nil, .relu, .sigmoid].randomElement(using: &random) ?? Unary.relu
            let before = last
            last = graph.layer(last, channels, kernel: kernel, stride: stride, function)
            shape = [1, channels, (shape[2] - 1) / stride + 1, (shape[3] - 1) / stride + 1]
            if stride == 1, before != input {
                let side = graph.layer(before, channels, kernel: 3, .relu)
                last = graph.node(.elementwise(.add), [last, side], shape)
            }
        }
        let mean = graph.node(.globalAveragePool, [last], [1, shape[1], 1, 1])
        let flat = graph.node(.reshape, [mean], [1, shape[1]])
        let logits = graph.linear(flat, 7)
        return LayerGraph(try graph.graph("shared", input: input, output: logits))
    }

    private static func observed(_ net: LayerGraph) -> Set<TensorID> {
        Set(net.layers.flatMap { [$0.preActivation, $0.output] })
    }

    @Test(arguments: 0..<12 as Range<UInt64>) func resultsAreThoseOfMemoryOfTheirOwn(seed: UInt64) throws {
        let net = try Self.net(seed: seed)
        let shared = Program(net, observing: Self.observed(net))
        #expect((shared.sharedMemory?.sizes.count ?? .max) < shared.slots.count)
        let execution = Execution(shared, capacity: 6, isa: .best)
        var random = SplitMix64(seed: seed)
        for count in [5, 2, 6, 1, 6] {
            let values = random.reals(count * net.graph[net.graph.inputs[0]].shape.count)
            let expected = try Execution(Program(net), capacity: 6, isa: .best).run([values], images: count)
            #expect(try execution.run([values], images: count) { _, _, _, _ in false } == expected)
            // A run that ends in the middle leaves maps of few images behind.
            var units = 0
            _ = try? execution.run(
                [values], images: count,
                cancelled: {
                    units += 1
                    return units > 4
                })
        }
    }

    @Test(arguments: 0..<12 as Range<UInt64>) func slotsOfOneRegionAreNeverInUseAtOnce(seed: UInt64) throws {
        let net = try Self.net(seed: seed)
        let assignment = SlotAssignment(
            net: net, plan: nil, observed: Self.observed(net), logits: net.logits,
            paths: LayerPath.paths(of: net, plan: nil, .simulated), storesCodes: false)
        let shared = SharedMemory(assignment.slots, uses: assignment.uses)
        for one in assignment.slots.indices {
            let region = try #require(shared.regions[one])
            #expect(shared.sizes[region] >= assignment.slots[one].layout.imageStride)
            for other in 0..<one where shared.regions[other] == region {
                for use in assignment.uses[one] {
                    #expect(!assignment.uses[other].contains { $0.overlaps(use) }, "slots \(other) and \(one)")
                }
            }
        }
        // Whoever reads a slot finds it in use from where it is written to where it is read.
        for (position, unit) in net.units.enumerated() {
            guard case .layer(let index) = unit else { continue }
            let layer = net.layers[index]
            for tensor in [layer.input, layer.addend, layer.output].compactMap(\.self) {
                let slot = try #require(assignment.forms[tensor]?.value)
                #expect(assignment.uses[slot].contains { $0.contains(position) })
            }
        }
    }
}

import Net
import Testing

@testable import Engine

/// Fast forms of operations against their plain definitions.
@Suite struct MapOperationTests {
    /// One operation with the shapes of its inputs and outputs.
    struct Sample: CustomStringConvertible, Sendable {
        let operation: Operator
        let inputs: [Shape]
        let outputs: [Shape]
        /// Inputs that are constants of the file.
        var constants: Set<Int> = []
        /// Only values above 0.
        var isPositive = false
        /// Differences allowed: a few units in the last place, and more where many products are summed in another order.
        var tolerance: Float = 2e-6

        var description: String { "\(operation.name) \(inputs) \(constants.sorted())" }
    }

    static let image: Shape = [1, 19, 5, 7]

    static let arithmetic: [Sample] = {
        var samples: [Sample] = []
        let functions: [Elementwise] = [
            .add, .subtract, .multiply, .divide, .maximum, .minimum, .mean, .equal, .less, .greater, .and, .or,
        ]
        for function in functions {
            samples.append(Sample(operation: .elementwise(function), inputs: [image, image], outputs: [image]))
        }
        let operands: [Shape] = [[1, 19, 1, 1], [19, 1, 1], [1], [], [1, 1, 5, 7], [7], [5, 1], [1, 19, 5, 1]]
        for operand in operands {
            for isConstant in [true, false] where isConstant || operand.rank == 4 {
                for (left, right, place) in [(image, operand, 1), (operand, image, 0)] {
                    samples.append(
                        Sample(
                            operation: .elementwise(.subtract), inputs: [left, right], outputs: [image],
                            constants: isConstant ? [place] : []))
                }
            }
        }
        let flat: Shape = [1, 6, 20]
        let others: [Shape] = [[20], [6, 1], [1, 6, 20], [1]]
        for other in others {
            samples.append(
                Sample(operation: .elementwise(.multiply), inputs: [flat, other], outputs: [flat], constants: [1]))
            samples.append(Sample(operation: .elementwise(.multiply), inputs: [flat, other], outputs: [flat]))
        }
        samples.append(
            Sample(operation: .elementwise(.mean), inputs: [image, image, [1, 19, 1, 1]], outputs: [image]))
        samples.append(
            Sample(
                operation: .elementwise(.power), inputs: [image, [1]], outputs: [image], constants: [1],
                isPositive: true))
        samples.append(
            Sample(operation: .elementwise(.add), inputs: [[2, 3, 1], [3, 4]], outputs: [[2, 3, 4]]))
        return samples
    }()

    static let functions: [Sample] = {
        let all: [Unary] = [
            .relu, .clip(minimum: -1, maximum: 2), .sigmoid, .silu, .hardSwish, .leakyRelu(slope: 0.1), .tanh,
            .softplus, .mish, .erf, .elu(alpha: 1.5), .selu(alpha: 1.6, gamma: 1.05),
            .gelu(approximate: true),
            .gelu(approximate: false), .exp, .negate, .absolute, .floor, .ceil, .round, .sign, .not, .truncate,
            .isNonzero, .half, .brain,
        ]
        return all.flatMap { function in
            ([image, [1, 37], [2, 3, 5]] as [Shape]).map {
                Sample(operation: .unary(function), inputs: [$0], outputs: [$0])
            }
        }
            + ([.sqrt, .log, .reciprocal] as [Unary]).map {
                Sample(operation: .unary($0), inputs: [image], outputs: [image], isPositive: true)
            }
    }()

    static func sampling(_ axis: Int, _ extent: Int, to count: Int) -> AxisSampling {
        AxisSampling(
            axis: axis,
            taps: (0..<count).map { position in
                if position == count - 1 { return [] }
                let first = position * extent / count
                return [
                    .init(position: first, weight: 0.75), .init(position: min(first + 1, extent - 1), weight: 0.25),
                ]
            }, outside: 2.5)
    }

    static let others: [Sample] = [
        Sample(operation: .transpose(permutation: [0, 2, 3, 1]), inputs: [image], outputs: [[1, 5, 7, 19]]),
        Sample(operation: .transpose(permutation: [0, 3, 1, 2]), inputs: [[1, 5, 7, 19]], outputs: [image]),
        Sample(operation: .transpose(permutation: [2, 0, 1]), inputs: [[3, 4, 5]], outputs: [[5, 3, 4]]),
        Sample(
            operation: .transpose(permutation: [0, 2, 1, 3, 4]), inputs: [[1, 2, 6, 3, 3]],
            outputs: [[1, 6, 2, 3, 3]]),
        Sample(operation: .reshape, inputs: [image], outputs: [[19, 35]]),
        Sample(operation: .reshape, inputs: [[1, 12, 5]], outputs: [[1, 3, 4, 5]]),
        Sample(
            operation: .slice(starts: [0, 18, 4, 0], steps: [1, -2, -1, 3]), inputs: [image],
            outputs: [[1, 9, 5, 3]]),
        Sample(operation: .slice(starts: [1, 0], steps: [2, 1]), inputs: [[7, 3]], outputs: [[3, 2]]),
        Sample(operation: .expand, inputs: [[1, 19, 1, 7]], outputs: [image]),
        Sample(operation: .expand, inputs: [[3, 1]], outputs: [[2, 3, 4]]),
        Sample(operation: .matrixProduct, inputs: [[2, 5, 7], [2, 7, 35]], outputs: [[2, 5, 35]]),
        Sample(operation: .matrixProduct, inputs: [[3, 7], [4, 7, 2]], outputs: [[4, 3, 2]]),
        Sample(operation: .matrixProduct, inputs: [[1, 3, 9, 4], [1, 3, 4, 16]], outputs: [[1, 3, 9, 16]]),
        Sample(operation: .concatenate(axis: 2), inputs: [image, [1, 19, 2, 7]], outputs: [[1, 19, 7, 7]]),
        Sample(operation: .concatenate(axis: 1), inputs: [[2, 3], [2, 4]], outputs: [[2, 7]], constants: [1]),
        Sample(
            operation: .split(axis: 3, sizes: [2, 5]), inputs: [image], outputs: [[1, 19, 5, 2], [1, 19, 5, 5]]),
        Sample(operation: .split(axis: 0, sizes: [1, 2]), inputs: [[3, 4]], outputs: [[1, 4], [2, 4]]),
        Sample(operation: .softmax(axes: [1], logarithmic: false), inputs: [image], outputs: [image]),
        Sample(operation: .softmax(axes: [3], logarithmic: true), inputs: [image], outputs: [image]),
        Sample(operation: .softmax(axes: [1, 2], logarithmic: false), inputs: [[4, 3, 5]], outputs: [[4, 3, 5]]),
        Sample(operation: .softmax(axes: [0, 2], logarithmic: false), inputs: [[4, 3, 5]], outputs: [[4, 3, 5]]),
        Sample(
            operation: .reduce(.mean, axes: [2, 3], keepsDimensions: true), inputs: [image],
            outputs: [[1, 19, 1, 1]]),
        Sample(
            operation: .reduce(.mean, axes: [2, 3], keepsDimensions: false), inputs: [image], outputs: [[1, 19]]),
        Sample(
            operation: .reduce(.maximum, axes: [2, 3], keepsDimensions: true), inputs: [image],
            outputs: [[1, 19, 1, 1]]),
        Sample(
            operation: .reduce(.minimum, axes: [1], keepsDimensions: true), inputs: [image],
            outputs: [[1, 1, 5, 7]]),
        Sample(
            operation: .reduce(.sum, axes: [0, 2], keepsDimensions: false), inputs: [[4, 3, 5]], outputs: [[3]]),
        Sample(
            operation: .reduce(.mean, axes: [2, 3], keepsDimensions: false), inputs: [[2, 3, 4, 5]],
            outputs: [[2, 3]]),
        Sample(operation: .globalMaxPool, inputs: [image], outputs: [[1, 19, 1, 1]]),
        Sample(
            operation: .instanceNormalization(epsilon: 1e-5), inputs: [image, [19], [19]], outputs: [image],
            constants: [1, 2]),
        Sample(
            operation: .instanceNormalization(epsilon: 1e-5), inputs: [[1, 4, 40], [4], [4]],
            outputs: [[1, 4, 40]],
            constants: [1, 2]),
        Sample(
            operation: .channelNormalization(epsilon: 1e-5), inputs: [image, [19], [19]], outputs: [image],
            constants: [1, 2]),
        Sample(
            operation: .channelNormalization(epsilon: 1e-5), inputs: [image, [19]], outputs: [image], constants: [1]
        ),
        Sample(
            operation: .layerNormalization(axis: 2, epsilon: 1e-5), inputs: [[1, 6, 20], [20], [20]],
            outputs: [[1, 6, 20]], constants: [1, 2]),
        Sample(
            operation: .layerNormalization(axis: 1, epsilon: 1e-5), inputs: [image, [19, 5, 7]], outputs: [image],
            constants: [1]),
        Sample(
            operation: .resample([sampling(2, 5, to: 9), sampling(3, 7, to: 4)]), inputs: [image],
            outputs: [[1, 19, 9, 4]]),
        Sample(operation: .resample([sampling(3, 7, to: 14)]), inputs: [image], outputs: [[1, 19, 5, 14]]),
        Sample(operation: .resample([sampling(1, 19, to: 8)]), inputs: [image], outputs: [[1, 8, 5, 7]]),
    ]

    static let paddings: [Sample] = ([.constant(1.5), .constant(0), .reflect, .edge, .wrap] as [PadMode]).flatMap {
        mode -> [Sample] in
        [
            Sample(
                operation: .pad(before: [0, 0, 2, 1], after: [0, 0, 1, 3], mode: mode), inputs: [image],
                outputs: [[1, 19, 8, 11]]),
            Sample(
                operation: .pad(before: [0, 3, 0, 0], after: [0, 1, 0, 2], mode: mode), inputs: [image],
                outputs: [[1, 23, 5, 9]]),
            Sample(
                operation: .pad(before: [1, 2], after: [0, 1], mode: mode), inputs: [[3, 5]], outputs: [[4, 8]]),
        ]
    }

    static func transposed(
        _ outputs: Int, _ kernel: [Int], _ strides: [Int], _ dilations: [Int], _ before: [Int], _ extents: [Int],
        groups: Int = 1
    ) -> Sample {
        let input: Shape = [1, 20, 5, 4]
        return Sample(
            operation: .transposedConvolution(
                SpatialWindow(
                    kernel: kernel, strides: strides, dilations: dilations, before: before, after: before),
                groups: groups),
            inputs: [input, Shape([20, outputs / groups] + kernel), [outputs]],
            outputs: [Shape([1, outputs] + extents)], constants: [1, 2], tolerance: 1e-5)
    }

    static let transposedConvolutions = [
        transposed(17, [2, 2], [2, 2], [1, 1], [0, 0], [10, 8]),
        transposed(5, [3, 4], [2, 1], [1, 2], [1, 2], [10, 6]),
        transposed(32, [1, 1], [1, 1], [1, 1], [0, 0], [5, 4]),
        transposed(16, [2, 2], [3, 3], [1, 1], [0, 0], [14, 11]),
        transposed(20, [3, 3], [2, 2], [1, 1], [1, 1], [9, 7], groups: 20),
    ]

    @Test(arguments: arithmetic + functions + others + paddings + transposedConvolutions)
    func fastFormsAgreeWithTheDefinition(
        _ sample: Sample
    ) throws {
        let shapes = sample.inputs + sample.outputs
        var random = SplitMix64(seed: 11)
        let values = sample.inputs.map { shape in
            Tensor(
                shape: shape,
                values: (0..<shape.count).map { index in
                    let value = Float.random(in: -3...3, using: &random)
                    // Zeros and whole numbers, where functions have corners.
                    let edged = index % 7 == 0 ? value.rounded() : value
                    return sample.isPositive ? abs(edged) + 0.1 : edged
                })
        }
        let places = sample.inputs.indices.map { TensorID($0) }
        let results = sample.outputs.indices.map { TensorID(sample.inputs.count + $0) }
        let node = Node(name: "node", operation: sample.operation, inputs: places, outputs: results)
        let graph = try Graph(
            name: "one",
            tensors: shapes.map { TensorDescription(name: "t", shape: $0, isBatched: true) },
            constants: Dictionary(uniqueKeysWithValues: sample.constants.map { (TensorID($0), values[$0]) }),
            inputs: places.filter { !sample.constants.contains($0.index) }, outputs: results, nodes: [node])
        let expected = Reference.evaluate(sample.operation, values, shapes: sample.outputs)
        for isa in InstructionSet.available {
            let maps = sample.inputs.enumerated().map { place, shape -> FeatureMap? in
                guard !sample.constants.contains(place) else { return nil }
                let map = FeatureMap(layout: MapLayout(shape, halo: 1), capacity: 2)
                for image in 0..<2 { map.load(planar: values[place].values, into: image..<image + 1) }
                return map
            }
            let outputs = sample.outputs.map { FeatureMap(layout: MapLayout($0, halo: 2), capacity: 2) }
            MapOperation(node: node, graph: graph, isa: isa).run(maps, into: outputs, images: 0..<2)
            for (tensor, map) in zip(expected, outputs) {
                let own = map.planar(1..<2)
                for (value, other) in zip(own, tensor.values) where value != other && !(value.isNaN && other.isNaN)
                {
                    #expect(abs(value - other) <= sample.tolerance * max(1, abs(other)), "\(value) is not \(other)")
                }
                #expect(map.isClean)
            }
        }
    }
}

extension FeatureMap {
    /// Whether halo and unused lanes are zero.
    fileprivate var isClean: Bool {
        let (layout, lanes) = (layout, MapLayout.lanes)
        return withFloats(of: 0..<capacity) { floats in
            var isClean = true
            for image in 0..<capacity {
                for block in 0..<layout.blocks {
                    for y in -layout.halo..<layout.height + layout.halo {
                        for x in -layout.halo..<layout.width + layout.halo {
                            let isInside = (0..<layout.height).contains(y) && (0..<layout.width).contains(x)
                            let used = isInside ? min(lanes, layout.channels - block * lanes) : 0
                            let start = layout.offset(image: image, block: block, y: y, x: x)
                            for lane in used..<lanes where floats[start + lane] != 0 { isClean = false }
                        }
                    }
                }
            }
            return isClean
        }
    }
}

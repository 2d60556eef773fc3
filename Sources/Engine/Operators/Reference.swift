public import Net

/// The plain definition of every operator on one image: loops over indices, nothing else.
///
/// It runs what has no faster form in the engine, and it is the oracle against which the faster forms are tested.
/// Sums run in double precision; convolutions and products accumulate in single precision unless said otherwise.
public enum Reference {
    /// The outputs of one node for one image.
    ///
    /// - Parameters:
    ///   - operation: what to compute.
    ///   - inputs: the node's inputs; `nil` where an optional one is absent.
    ///   - shapes: the shapes of the outputs, as the graph declares them.
    public static func evaluate(_ operation: Operator, _ inputs: [Tensor?], shapes: [Shape]) -> [Tensor] {
        guard let x = inputs.first ?? nil, let shape = shapes.first else {
            preconditionFailure("\(operation.name) without input or output")
        }
        switch operation {
        case .convolution, .maxPool, .averagePool, .localResponseNormalization:
            // These are defined image by image; a file may make several images of one.
            guard x.shape[0] != 1 else { break }
            let one = Shape([1] + x.shape.dimensions.dropFirst())
            let values = (0..<x.shape[0]).flatMap { image in
                let single = Tensor(
                    shape: one, values: Array(x.values[image * one.count..<(image + 1) * one.count]))
                return evaluate(
                    operation, [single] + inputs.dropFirst(), shapes: [Shape([1] + shape.dimensions.dropFirst())]
                )[0].values
            }
            return [Tensor(shape: shape, values: values)]
        default: break
        }
        switch operation {
        case .convolution(let window, let groups):
            return [convolution(x, required(inputs, 1), optional(inputs, 2), window, groups: groups, shape)]
        case .gemm(let alpha, let beta, let transposeA, let transposeB):
            var product = matrixProduct(
                transposeA ? transposed(x) : x, transposeB ? transposed(required(inputs, 1)) : required(inputs, 1),
                shape
            ).values.map { alpha * $0 }
            if let addend = optional(inputs, 2) {
                let values = Broadcast(addend.shape, to: shape)
                for index in product.indices { product[index] += beta * addend.values[values.position(of: index)] }
            }
            return [Tensor(shape: shape, values: product)]
        case .matrixProduct: return [matrixProduct(x, required(inputs, 1), shape)]
        case .batchNormalization(let epsilon): return [batchNormalization(x, inputs, epsilon)]
        case .unary(let function): return [Tensor(shape: shape, values: x.values.map(function.callAsFunction))]
        case .elementwise(let function): return [elementwise(function, inputs.compactMap { $0 }, shape)]
        case .prelu:
            let slope = required(inputs, 1)
            let positions = Broadcast(slope.shape, to: shape)
            return [
                Tensor(
                    shape: shape,
                    values: x.values.enumerated().map { index, value in
                        value < 0 ? slope.values[positions.position(of: index)] * value : value
                    })
            ]
        case .softmax(let axes, let logarithmic): return [softmax(x, axes, logarithmic)]
        case .maxPool(let window): return [pool(x, window, shape, .maximum, countsPadding: false)]
        case .averagePool(let window, let counts): return [pool(x, window, shape, .mean, countsPadding: counts)]
        case .globalAveragePool: return [reduce(x, .mean, [2, 3], shape)]
        case .globalMaxPool: return [reduce(x, .maximum, [2, 3], shape)]
        case .reduce(let reduction, let axes, _): return [reduce(x, reduction, axes, shape)]
        case .localResponseNormalization(let size, let alpha, let beta, let bias):
            return [localResponseNormalization(x, size, alpha, beta, bias)]
        case .concatenate(let axis): return [concatenate(inputs.compactMap { $0 }, axis, shape)]
        case .split(let axis, let sizes):
            var start = 0
            return zip(sizes, shapes).map { size, shape in
                defer { start += size }
                var starts = [Int](repeating: 0, count: shape.rank)
                starts[axis] = start
                return slice(x, starts, [Int](repeating: 1, count: shape.rank), shape)
            }
        case .slice(let starts, let steps): return [slice(x, starts, steps, shape)]
        case .pad(let before, _, let mode): return [pad(x, before, mode, shape)]
        case .reshape: return [Tensor(shape: shape, values: x.values)]
        case .transpose(let permutation): return [transpose(x, permutation, shape)]
        case .spatialConvolution(let window, let groups):
            return [spatialConvolution(x, required(inputs, 1), optional(inputs, 2), window, groups: groups, shape)]
        case .transposedConvolution(let window, let groups):
            return [
                transposedConvolution(x, required(inputs, 1), optional(inputs, 2), window, groups: groups, shape)
            ]
        case .spatialPool(let window, let pool): return spatialPool(x, window, pool, shapes)
        case .instanceNormalization(let epsilon):
            return [instanceNormalization(x, required(inputs, 1), required(inputs, 2), epsilon)]
        case .layerNormalization(let axis, let epsilon):
            return layerNormalization(x, required(inputs, 1), optional(inputs, 2), axis, epsilon, shapes)
        case .channelNormalization(let epsilon):
            return [channelNormalization(x, required(inputs, 1), optional(inputs, 2), epsilon)]
        case .normNormalization(let axis, let order): return [normNormalization(x, axis, order)]
        case .resample(let axes): return [axes.reduce(x) { resample($0, $1) }]
        case .gather(let axis): return [gather(x, required(inputs, 1), axis, shape)]
        case .expand: return [elementwise(.add, [x, Tensor(shape: [], values: [0])], shape)]
        case .tile: return [tile(x, shape)]
        case .argumentOfMaximum(let axis, _, let selectsLast):
            return [argumentOfMaximum(x, axis, selectsLast: selectsLast, shape)]
        case .choose: return [choose(x, required(inputs, 1), required(inputs, 2), shape)]
        case .quantizeLinear(let axis, let low, let high):
            return [
                quantize(x, required(inputs, 1), optional(inputs, 2), axis) { value, scale, zero in
                    min(max((value / scale).rounded(.toNearestOrEven) + zero, low), high)
                }
            ]
        case .dequantizeLinear(let axis):
            return [
                quantize(x, required(inputs, 1), optional(inputs, 2), axis) { value, scale, zero in
                    (value - zero) * scale
                }
            ]
        }
    }

    private static func required(_ inputs: [Tensor?], _ index: Int) -> Tensor {
        guard let tensor = optional(inputs, index) else { preconditionFailure("input \(index) is missing") }
        return tensor
    }

    private static func optional(_ inputs: [Tensor?], _ index: Int) -> Tensor? {
        index < inputs.count ? inputs[index] : nil
    }
}

/// Where the elements of a broadcast operand lie.
struct Broadcast {
    private let shape: Shape
    /// Stride of the operand along each axis of the result, 0 where it is repeated.
    private let strides: [Int]
    private let isWhole: Bool

    init(_ operand: Shape, to shape: Shape) {
        self.shape = shape
        let own = operand.strides
        strides = (0..<shape.rank).map { axis in
            let index = axis - (shape.rank - operand.rank)
            return index >= 0 && operand[index] > 1 ? own[index] : 0
        }
        isWhole = operand.dimensions == shape.dimensions
    }

    /// The position in the operand of the element that meets element `flat` of the result.
    func position(of flat: Int) -> Int {
        if isWhole { return flat }
        var rest = flat
        var position = 0
        for axis in stride(from: shape.rank - 1, through: 0, by: -1) {
            let extent = shape[axis]
            position += rest % extent * strides[axis]
            rest /= extent
        }
        return position
    }
}

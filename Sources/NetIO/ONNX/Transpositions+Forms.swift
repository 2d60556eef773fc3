import Net

/// What nodes become when they run on the source of a view, or as a convolution.
extension Transpositions {
    /// A node's operation on tensors whose axes are in another order.
    struct SourceForm {
        /// What constants among the inputs are.
        enum Constants {
            /// Tensors like the others, which would have to be transposed.
            case tensors
            /// Operands that are broadcast with the others.
            case operands
            /// One value per channel.
            case parameters
        }

        let operation: Operator
        var constants = Constants.tensors
        /// Whether the result is what the file has, without a view.
        var isPlain = false
    }

    /// The operation on a view's source, for operations that work on any order of axes.
    func sourceForm(_ node: Node, _ permutation: [Int]) -> SourceForm? {
        let rank = permutation.count
        func listed<Value>(_ values: [Value]) -> [Value] {
            var result = values
            for (axis, source) in permutation.enumerated() { result[source] = values[axis] }
            return result
        }
        switch node.operation {
        case .unary: return SourceForm(operation: node.operation)
        case .elementwise, .choose:
            // Operands of fewer axes would have to be aligned.
            let runtime = node.inputs.compactMap { $0 }.filter { constants[$0] == nil }
            guard shape(node.outputs[0]).rank == rank, runtime.allSatisfy({ shape($0).rank == rank }) else {
                return nil
            }
            return SourceForm(operation: node.operation, constants: .operands)
        case .softmax(let axes, let logarithmic):
            return SourceForm(
                operation: .softmax(axes: axes.map { permutation[$0] }.sorted(), logarithmic: logarithmic))
        case .layerNormalization(let axis, let epsilon):
            guard axis == rank - 1, permutation == [0, 2, 3, 1], node.outputs.count == 1,
                node.inputs.dropFirst().allSatisfy({ input in
                    input.map { constants[$0]?.shape == [shape(node.outputs[0])[axis]] } ?? true
                })
            else { return nil }
            return SourceForm(operation: .channelNormalization(epsilon: epsilon), constants: .parameters)
        case .reduce(let reduction, let axes, let keepsDimensions):
            let kept = permutation.indices.filter { !axes.contains($0) }.map { permutation[$0] }
            guard keepsDimensions || kept == kept.sorted() else { return nil }
            return SourceForm(
                operation: .reduce(
                    reduction, axes: axes.map { permutation[$0] }.sorted(), keepsDimensions: keepsDimensions),
                isPlain: !keepsDimensions)
        case .concatenate(let axis): return SourceForm(operation: .concatenate(axis: permutation[axis]))
        case .split(let axis, let sizes):
            return SourceForm(operation: .split(axis: permutation[axis], sizes: sizes))
        case .slice(let starts, let steps):
            return SourceForm(operation: .slice(starts: listed(starts), steps: listed(steps)))
        case .pad(let before, let after, let mode):
            return SourceForm(operation: .pad(before: listed(before), after: listed(after), mode: mode))
        case .resample(let axes):
            return SourceForm(
                operation: .resample(
                    axes.map { AxisSampling(axis: permutation[$0.axis], taps: $0.taps, outside: $0.outside) }))
        default: return nil
        }
    }

    /// A tensor in another shape.
    private mutating func reshaped(_ source: TensorID, _ shape: Shape, named name: String) -> TensorID {
        if self.shape(source) == shape { return source }
        let result = declare(name, shape)
        append(name, .reshape, [source], [result])
        return result
    }

    /// A product of more rows than one with a constant matrix becomes a 1x1 convolution over the rows as pixels.
    mutating func placeProduct(_ node: Node) -> Bool {
        guard let product = ConstantProduct(node, shapes: shape, constants: constants), let input = node.inputs[0]
        else { return false }
        let (rows, inner, columns) = (product.rows, product.inner, product.columns)
        var inputs: [TensorID?] = [constant(product.matrix, as: product.weights)]
        var output = node.outputs[0]
        if let bias = product.bias {
            inputs.append(bias)
        } else if let reader = onlyReader(of: output), reader.operation == .elementwise(.add),
            reader.inputs.count == 2,
            let other = reader.inputs.compactMap({ $0 }).first(where: { $0 != output }),
            let value = constants[other], value.shape.count == columns,
            value.shape.dimensions.last == columns, shape(reader.outputs[0]) == shape(output)
        {
            inputs.append(constant(other, as: Tensor(shape: [columns], values: value.values)))
            output = reader.outputs[0]
            absorb(reader)
        }
        let window = Window(kernel: .init(1, 1))
        let (toPlanes, fromPlanes) = ([0, 3, 1, 2], [0, 2, 3, 1])
        let shape = shape(input)
        if shape.rank == 4, shape[0] == 1 {
            let planes = transposed(input, toPlanes, named: "\(node.name).planes")
            let result = declare("\(node.name).product", [1, columns, shape[1], shape[2]])
            append(node.name, .convolution(window, groups: 1), [planes] + inputs, [result])
            define(output, result, fromPlanes)
            return true
        }
        // Rows of the matrix become the pixels of one row.
        let swapped = Array(0..<shape.rank - 2) + [shape.rank - 1, shape.rank - 2]
        let isOneMatrix = shape.dimensions.dropLast(2).allSatisfy { $0 == 1 }
        let turned =
            isOneMatrix
            ? transposed(input, swapped, named: "\(node.name).planes")
            : transposed(
                reshaped(plain(input), [rows, inner], named: "\(node.name).matrix"), [1, 0],
                named: "\(node.name).planes")
        let planes = reshaped(turned, [1, inner, 1, rows], named: "\(node.name).pixels")
        copyQuantizer(of: input, to: planes)
        let result = declare("\(node.name).product", [1, columns, 1, rows])
        append(node.name, .convolution(window, groups: 1), [planes] + inputs, [result])
        if isOneMatrix {
            let turned = Shape(Array(shape.dimensions.dropLast(2)) + [columns, rows])
            define(output, reshaped(result, turned, named: "\(node.name).columns"), swapped)
        } else {
            let back = transposed(
                reshaped(result, [columns, rows], named: "\(node.name).columns"), [1, 0], named: "\(node.name).rows"
            )
            append("\(node.name).Reshape", .reshape, [back], [output])
        }
        return true
    }
}

/// A MatMul or Gemm of several rows with a constant matrix.
private struct ConstantProduct {
    /// Rows of the left operand, all leading axes together.
    let rows: Int
    let inner: Int
    let columns: Int
    /// [columns, inner, 1, 1], scaled.
    let weights: Tensor
    let bias: TensorID?
    let matrix: TensorID

    init?(_ node: Node, shapes: (TensorID) -> Shape, constants: [TensorID: Tensor]) {
        guard node.inputs.count >= 2, let input = node.inputs[0], let matrix = node.inputs[1],
            let values = constants[matrix], constants[input] == nil, values.shape.rank == 2
        else { return nil }
        let shape = shapes(input)
        let isTransposed: Bool
        var alpha: Float = 1
        var bias: TensorID?
        switch node.operation {
        case .matrixProduct where shape.rank >= 3: isTransposed = false
        case .gemm(let factor, let beta, false, let transposed) where shape[0] != 1:
            (isTransposed, alpha) = (transposed, factor)
            if node.inputs.count > 2, let addend = node.inputs[2] {
                guard beta == 1, constants[addend]?.shape == [values.shape[transposed ? 0 : 1]] else { return nil }
                bias = addend
            }
        default: return nil
        }
        inner = values.shape[isTransposed ? 1 : 0]
        columns = values.shape[isTransposed ? 0 : 1]
        guard shape.count > 0, inner > 0, columns > 0 else { return nil }
        rows = shape.count / inner
        let (inner, columns) = (inner, columns)
        let all = values.values
        weights = Tensor(
            shape: [columns, inner, 1, 1],
            values: [Float](unsafeUninitializedCapacity: all.count) { result, count in
                for column in 0..<columns {
                    for k in 0..<inner {
                        let from = isTransposed ? column * inner + k : k * columns + column
                        result[column * inner + k] = alpha * all[from]
                    }
                }
                count = all.count
            })
        self.bias = bias
        self.matrix = matrix
    }
}

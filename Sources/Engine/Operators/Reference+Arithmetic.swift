import Glibc
import Net

/// Products, sums and normalizations.
extension Reference {
    static func convolution(
        _ x: Tensor, _ weights: Tensor, _ bias: Tensor?, _ window: Window, groups: Int, _ shape: Shape
    ) -> Tensor {
        let (channels, height, width) = (weights.shape[1], x.shape[2], x.shape[3])
        let outputsPerGroup = shape[1] / groups
        let kernel = window.kernel
        var values = [Float](repeating: 0, count: shape.count)
        var position = 0
        for output in 0..<shape[1] {
            let firstChannel = output / outputsPerGroup * channels
            for row in 0..<shape[2] {
                for column in 0..<shape[3] {
                    var sum: Float = 0
                    for channel in 0..<channels {
                        for i in 0..<kernel.height {
                            let y = row * window.strides.height - window.padding.top + i * window.dilations.height
                            guard (0..<height).contains(y) else { continue }
                            for j in 0..<kernel.width {
                                let z =
                                    column * window.strides.width - window.padding.left
                                    + j * window.dilations.width
                                guard (0..<width).contains(z) else { continue }
                                let weight = ((output * channels + channel) * kernel.height + i) * kernel.width + j
                                let pixel = ((firstChannel + channel) * height + y) * width + z
                                sum.addProduct(x.values[pixel], weights.values[weight])
                            }
                        }
                    }
                    values[position] = sum + (bias?.values[output] ?? 0)
                    position += 1
                }
            }
        }
        return Tensor(shape: shape, values: values)
    }

    static func transposed(_ matrix: Tensor) -> Tensor {
        transpose(matrix, [1, 0], [matrix.shape[1], matrix.shape[0]])
    }

    static func matrixProduct(_ a: Tensor, _ b: Tensor, _ shape: Shape) -> Tensor {
        let rank = shape.rank
        let (rows, columns, inner) = (shape[rank - 2], shape[rank - 1], a.shape[a.shape.rank - 1])
        let outer = Shape(Array(shape.dimensions.dropLast(2)))
        let left = Broadcast(Shape(Array(a.shape.dimensions.dropLast(2))), to: outer)
        let right = Broadcast(Shape(Array(b.shape.dimensions.dropLast(2))), to: outer)
        var values = [Float](repeating: 0, count: shape.count)
        for matrix in 0..<outer.count {
            let firstA = left.position(of: matrix) * rows * inner
            let firstB = right.position(of: matrix) * inner * columns
            for row in 0..<rows {
                for k in 0..<inner {
                    let factor = a.values[firstA + row * inner + k]
                    for column in 0..<columns {
                        values[(matrix * rows + row) * columns + column]
                            .addProduct(factor, b.values[firstB + k * columns + column])
                    }
                }
            }
        }
        return Tensor(shape: shape, values: values)
    }

    static func batchNormalization(_ x: Tensor, _ inputs: [Tensor?], _ epsilon: Float) -> Tensor {
        let parameters = inputs.dropFirst().map { $0?.values ?? [] }
        let plane = x.shape.count / (x.shape[0] * x.shape[1])
        var values = x.values
        for index in values.indices {
            let channel = index / plane % x.shape[1]
            let deviation = (Double(parameters[3][channel]) + Double(epsilon)).squareRoot()
            let centred = Double(values[index]) - Double(parameters[2][channel])
            values[index] = Float(
                centred / deviation * Double(parameters[0][channel]) + Double(parameters[1][channel]))
        }
        return Tensor(shape: x.shape, values: values)
    }

    static func elementwise(_ function: Elementwise, _ operands: [Tensor], _ shape: Shape) -> Tensor {
        guard let first = operands.first else { preconditionFailure("no operands") }
        let positions = Broadcast(first.shape, to: shape)
        var values = (0..<shape.count).map { first.values[positions.position(of: $0)] }
        for operand in operands.dropFirst() {
            let positions = Broadcast(operand.shape, to: shape)
            for index in values.indices {
                let right = operand.values[positions.position(of: index)]
                let left = values[index]
                values[index] =
                    switch function {
                    case .add, .mean: left + right
                    case .subtract: left - right
                    case .multiply: left * right
                    case .divide: left / right
                    case .power: pow(left, right)
                    case .maximum: max(left, right)
                    case .minimum: min(left, right)
                    case .equal: left == right ? 1 : 0
                    case .less: left < right ? 1 : 0
                    case .greater: left > right ? 1 : 0
                    case .and: left != 0 && right != 0 ? 1 : 0
                    case .or: left != 0 || right != 0 ? 1 : 0
                    }
            }
        }
        if function == .mean { for index in values.indices { values[index] /= Float(operands.count) } }
        return Tensor(shape: shape, values: values)
    }

    static func softmax(_ x: Tensor, _ axes: [Int], _ logarithmic: Bool) -> Tensor {
        var kept = x.shape.dimensions
        for axis in axes { kept[axis] = 1 }
        let rows = Broadcast(Shape(kept), to: x.shape)
        let positions = x.values.indices.map(rows.position)
        let count = Shape(kept).count
        var largest = [Float](repeating: -.infinity, count: count)
        for (index, row) in positions.enumerated() { largest[row] = max(largest[row], x.values[index]) }
        var sums = [Double](repeating: 0, count: count)
        for (index, row) in positions.enumerated() { sums[row] += exp(Double(x.values[index] - largest[row])) }
        let values = positions.enumerated().map { index, row in
            let shifted = Double(x.values[index] - largest[row])
            return Float(logarithmic ? shifted - log(sums[row]) : exp(shifted) / sums[row])
        }
        return Tensor(shape: x.shape, values: values)
    }

    static func reduce(_ x: Tensor, _ reduction: Reduction, _ axes: [Int], _ shape: Shape) -> Tensor {
        var kept = x.shape.dimensions
        for axis in axes { kept[axis] = 1 }
        let rows = Broadcast(Shape(kept), to: x.shape)
        let start: Double =
            switch reduction {
            case .mean, .sum: 0
            case .maximum: -.infinity
            case .minimum: .infinity
            }
        var results = [Double](repeating: start, count: shape.count)
        for (index, value) in x.values.enumerated() {
            let row = rows.position(of: index)
            switch reduction {
            case .mean, .sum: results[row] += Double(value)
            case .maximum: results[row] = max(results[row], Double(value))
            case .minimum: results[row] = min(results[row], Double(value))
            }
        }
        let divisor = reduction == .mean ? Double(x.shape.count / max(1, shape.count)) : 1
        return Tensor(shape: shape, values: results.map { Float($0 / divisor) })
    }

    static func localResponseNormalization(
        _ x: Tensor, _ size: Int, _ alpha: Float, _ beta: Float, _ bias: Float
    ) -> Tensor {
        let plane = x.shape[2] * x.shape[3]
        var values = x.values
        for index in values.indices {
            let channel = index / plane
            let first = max(0, channel - (size - 1) / 2)
            let last = min(x.shape[1] - 1, channel + size / 2)
            var sum = 0.0
            for other in first...last {
                let value = Double(x.values[other * plane + index % plane])
                sum += value * value
            }
            values[index] = Float(
                Double(x.values[index]) / pow(Double(bias) + Double(alpha) / Double(size) * sum, Double(beta)))
        }
        return Tensor(shape: x.shape, values: values)
    }

    static func pool(
        _ x: Tensor, _ window: Window, _ shape: Shape, _ reduction: Reduction, countsPadding: Bool
    ) -> Tensor {
        let (height, width) = (x.shape[2], x.shape[3])
        var values: [Float] = []
        values.reserveCapacity(shape.count)
        for channel in 0..<shape[1] {
            for row in 0..<shape[2] {
                for column in 0..<shape[3] {
                    var sum = 0.0
                    var largest = -Float.infinity
                    var count = 0
                    for i in 0..<window.kernel.height {
                        let y = row * window.strides.height - window.padding.top + i * window.dilations.height
                        for j in 0..<window.kernel.width {
                            let z = column * window.strides.width - window.padding.left + j * window.dilations.width
                            guard (0..<height).contains(y), (0..<width).contains(z) else { continue }
                            let value = x.values[(channel * height + y) * width + z]
                            sum += Double(value)
                            largest = max(largest, value)
                            count += 1
                        }
                    }
                    if countsPadding { count = window.kernel.height * window.kernel.width }
                    values.append(reduction == .maximum ? largest : Float(sum / Double(max(1, count))))
                }
            }
        }
        return Tensor(shape: shape, values: values)
    }
}

extension Unary {
    /// The function's value at `x`.
    func callAsFunction(_ x: Float) -> Float {
        switch self {
        case .relu: max(x, 0)
        case .clip(let minimum, let maximum): min(max(x, minimum), maximum)
        case .leakyRelu(let slope): x < 0 ? slope * x : x
        case .sigmoid: 1 / (1 + exp(-x))
        case .hardSigmoid(let alpha, let beta): max(0, min(1, alpha * x + beta))
        case .hardSwish: x * max(0, min(1, x / 6 + 0.5))
        case .silu: x / (1 + exp(-x))
        case .tanh: Glibc.tanh(x)
        case .softplus: x > 20 ? x : log1p(Glibc.exp(x))
        case .mish: x * Glibc.tanh(x > 20 ? x : log1p(Glibc.exp(x)))
        case .erf: Glibc.erf(x)
        case .elu(let alpha): x < 0 ? alpha * expm1(x) : x
        case .selu(let alpha, let gamma): gamma * (x < 0 ? alpha * expm1(x) : x)
        case .gelu(let approximate):
            gelu(x, approximate: approximate)
        case .sqrt: x.squareRoot()
        case .exp: Glibc.exp(x)
        case .log: Glibc.log(x)
        case .negate: -x
        case .absolute: abs(x)
        case .reciprocal: 1 / x
        case .floor: x.rounded(.down)
        case .ceil: x.rounded(.up)
        case .round: x.rounded(.toNearestOrEven)
        case .sign: x > 0 ? 1 : x < 0 ? -1 : 0
        case .not: x == 0 ? 1 : 0
        case .truncate: x.rounded(.towardZero)
        case .isNonzero: x != 0 ? 1 : 0
        case .half: ReducedPrecision.half(x)
        case .brain: ReducedPrecision.brain(x)
        }
    }

    private func exp(_ x: Float) -> Float { Glibc.exp(x) }

    private func gelu(_ x: Float, approximate: Bool) -> Float {
        let half = 0.5 * x
        guard approximate else { return half * (1 + Glibc.erf(x / Float(2).squareRoot())) }
        let inner: Float = x + 0.044715 * x * x * x
        return half * (1 + Glibc.tanh((2 / Float.pi).squareRoot() * inner))
    }
}

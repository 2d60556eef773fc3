internal import Net

/// Operations on tensors in row-major order: loops over runs of memory instead of single elements.
struct PlanarOperation {
    typealias Input = UnsafePointer<Float>
    typealias Output = UnsafeMutablePointer<Float>

    /// Computes the outputs of one image.
    let run: ([Input], [Output]) -> Void

    /// The form of a node, or `nil` for one that runs by its definition.
    init?(_ node: Node, _ graph: Graph) {
        let inputs = node.inputs.compactMap { $0.map { graph[$0].shape } }
        let outputs = node.outputs.map { graph[$0].shape }
        guard inputs.count == node.inputs.count, let x = inputs.first, let shape = outputs.first,
            (inputs + outputs).allSatisfy({ $0.count > 0 })
        else { return nil }
        switch node.operation {
        case .reshape: run = { from, to in to[0].update(from: from[0], count: shape.count) }
        case .transpose(let permutation):
            run = Self.copy(StridedAxes(shape.dimensions, [permutation.map { x.strides[$0] }, shape.strides]))
        case .slice(let starts, let steps):
            let axes = StridedAxes(shape.dimensions, [zip(steps, x.strides).map(*), shape.strides])
            run = Self.copy(axes, origin: zip(starts, x.strides).reduce(0) { $0 + $1.0 * $1.1 })
        case .expand:
            run = Self.copy(StridedAxes(shape.dimensions, [StridedAxes.broadcast(x, to: shape), shape.strides]))
        case .elementwise(let function): run = Self.elementwise(function, inputs, shape)
        case .matrixProduct: run = Self.product(inputs[0], inputs[1], shape)
        case .concatenate(let axis): run = Self.joined(inputs, shape, axis)
        case .split(let axis, _): run = Self.divided(x, outputs, axis)
        case .gather(let axis) where graph.constants[node.inputs[1] ?? TensorID(-1)] != nil:
            run = Self.gather(x, inputs[1], axis)
        case .softmax(let axes, let logarithmic):
            guard let rows = AxisRange(axes, of: x) else { return nil }
            run = Self.softmax(rows, logarithmic)
        case .reduce(let reduction, let axes, _):
            guard let rows = AxisRange(axes, of: x) else { return nil }
            run = Self.reduce(rows, reduction)
        case .layerNormalization(let axis, let epsilon):
            let inner = Shape(Array(x.dimensions[axis...]))
            guard outputs.count == 1, inputs.dropFirst().allSatisfy({ $0.count == inner.count }) else { return nil }
            run = Self.layerNormalization(inner.count, x.count / inner.count, epsilon, hasBias: inputs.count > 2)
        default: return nil
        }
    }

    // MARK: Movement

    private static func copy(_ axes: StridedAxes, origin: Int = 0) -> ([Input], [Output]) -> Void {
        let (length, step) = (axes.length, axes.step(0))
        return { from, to in
            axes.forEachRun { at in
                let (read, write) = (from[0] + origin + at[0], to[0] + at[1])
                switch step {
                case 1: write.update(from: read, count: length)
                case 0: write.update(repeating: read[0], count: length)
                default: for index in 0..<length { write[index] = read[index * step] }
                }
            }
        }
    }

    private static func joined(_ inputs: [Shape], _ shape: Shape, _ axis: Int) -> ([Input], [Output]) -> Void {
        let outer = shape.dimensions[..<axis].reduce(1, *)
        let lengths = inputs.map { $0.count / outer }
        return { from, to in
            var position = 0
            for row in 0..<outer {
                for (part, length) in lengths.enumerated() {
                    (to[0] + position).update(from: from[part] + row * length, count: length)
                    position += length
                }
            }
        }
    }

    private static func divided(_ x: Shape, _ outputs: [Shape], _ axis: Int) -> ([Input], [Output]) -> Void {
        let outer = x.dimensions[..<axis].reduce(1, *)
        let lengths = outputs.map { $0.count / outer }
        return { from, to in
            var position = 0
            for row in 0..<outer {
                for (part, length) in lengths.enumerated() {
                    (to[part] + row * length).update(from: from[0] + position, count: length)
                    position += length
                }
            }
        }
    }

    /// Indices are constants of the file, checked when it was read.
    private static func gather(_ x: Shape, _ indices: Shape, _ axis: Int) -> ([Input], [Output]) -> Void {
        let (outer, extent) = (x.dimensions[..<axis].reduce(1, *), x[axis])
        let inner = x.dimensions[(axis + 1)...].reduce(1, *)
        let count = indices.count
        return { from, to in
            for row in 0..<outer {
                for place in 0..<count {
                    let index = Int(from[1][place])
                    let position = min(max(index < 0 ? index + extent : index, 0), extent - 1)
                    (to[0] + (row * count + place) * inner).update(
                        from: from[0] + (row * extent + position) * inner, count: inner)
                }
            }
        }
    }

    // MARK: Arithmetic

    private static func elementwise(
        _ function: Elementwise, _ inputs: [Shape], _ shape: Shape
    ) -> ([Input], [Output]) -> Void {
        let first = StridedAxes(shape.dimensions, [StridedAxes.broadcast(inputs[0], to: shape), shape.strides])
        let start = copy(first)
        let others = inputs.dropFirst().map {
            StridedAxes(shape.dimensions, [StridedAxes.broadcast($0, to: shape), shape.strides])
        }
        let total = Float(inputs.count)
        return { from, to in
            start(from, to)
            for (place, axes) in others.enumerated() {
                let operand = from[place + 1]
                fold(axes, operand, to[0], function)
            }
            if function == .mean { for index in 0..<shape.count { to[0][index] /= total } }
        }
    }

    private static func fold(_ axes: StridedAxes, _ operand: Input, _ target: Output, _ function: Elementwise) {
        @inline(__always) func each(_ combine: (Float, Float) -> Float) {
            let (length, step) = (axes.length, axes.step(0))
            axes.forEachRun { at in
                let (read, write) = (operand + at[0], target + at[1])
                switch step {
                case 1: for index in 0..<length { write[index] = combine(write[index], read[index]) }
                case 0:
                    let value = read[0]
                    for index in 0..<length { write[index] = combine(write[index], value) }
                default: for index in 0..<length { write[index] = combine(write[index], read[index * step]) }
                }
            }
        }
        switch function {
        case .add, .mean: each { $0 + $1 }
        case .subtract: each { $0 - $1 }
        case .multiply: each { $0 * $1 }
        case .divide: each { $0 / $1 }
        case .maximum: each { max($0, $1) }
        case .minimum: each { min($0, $1) }
        case .power: each { $1 == 2 ? $0 * $0 : VectorMath.power($0, $1) }
        case .equal: each { $0 == $1 ? 1 : 0 }
        case .less: each { $0 < $1 ? 1 : 0 }
        case .greater: each { $0 > $1 ? 1 : 0 }
        case .and: each { $0 != 0 && $1 != 0 ? 1 : 0 }
        case .or: each { $0 != 0 || $1 != 0 ? 1 : 0 }
        }
    }

    private static func softmax(_ rows: AxisRange, _ logarithmic: Bool) -> ([Input], [Output]) -> Void {
        { from, to in
            let step = rows.inner
            rows.forEachRow { start in
                let (read, write) = (from[0] + start, to[0] + start)
                var largest = -Float.infinity
                for index in 0..<rows.extent { largest = max(largest, read[index * step]) }
                var sum = 0.0
                for index in 0..<rows.extent {
                    let value = VectorMath.exp(read[index * step] - largest)
                    write[index * step] = value
                    sum += Double(value)
                }
                if logarithmic {
                    let logarithm = Float(VectorMath.log(sum))
                    for index in 0..<rows.extent { write[index * step] = read[index * step] - largest - logarithm }
                } else {
                    let factor = Float(1 / sum)
                    for index in 0..<rows.extent { write[index * step] *= factor }
                }
            }
        }
    }

    private static func reduce(_ rows: AxisRange, _ reduction: Reduction) -> ([Input], [Output]) -> Void {
        { from, to in
            var row = 0
            rows.forEachRow { start in
                let read = from[0] + start
                var result = Double(read[0])
                for index in 1..<max(1, rows.extent) {
                    let value = Double(read[index * rows.inner])
                    switch reduction {
                    case .mean, .sum: result += value
                    case .maximum: result = max(result, value)
                    case .minimum: result = min(result, value)
                    }
                }
                to[0][row] = Float(reduction == .mean ? result / Double(rows.extent) : result)
                row += 1
            }
        }
    }

    private static func layerNormalization(
        _ length: Int, _ rows: Int, _ epsilon: Float, hasBias: Bool
    ) -> ([Input], [Output]) -> Void {
        { from, to in
            for row in 0..<rows {
                let (read, write) = (from[0] + row * length, to[0] + row * length)
                var sum = 0.0
                for index in 0..<length { sum += Double(read[index]) }
                let mean = sum / Double(length)
                var squares = 0.0
                for index in 0..<length {
                    let centred = Double(read[index]) - mean
                    squares += centred * centred
                }
                let inverse = Float(1 / (squares / Double(length) + Double(epsilon)).squareRoot())
                let center = Float(mean)
                for index in 0..<length { write[index] = (read[index] - center) * inverse * from[1][index] }
                if hasBias { for index in 0..<length { write[index] += from[2][index] } }
            }
        }
    }
}

/// Neighbouring axes of a shape, with what lies before and behind them.
struct AxisRange {
    let outer: Int
    let extent: Int
    let inner: Int

    /// The range that axes are, if they follow one another.
    init?(_ axes: [Int], of shape: Shape) {
        let sorted = axes.sorted()
        guard let first = sorted.first, let last = sorted.last, last - first == sorted.count - 1 else { return nil }
        outer = shape.dimensions[..<first].reduce(1, *)
        extent = shape.dimensions[first...last].reduce(1, *)
        inner = shape.dimensions[(last + 1)...].reduce(1, *)
    }

    /// Calls `body` with the first element of each row; its elements are `inner` apart.
    func forEachRow(_ body: (Int) -> Void) {
        for row in 0..<outer { for column in 0..<inner { body(row * extent * inner + column) } }
    }
}

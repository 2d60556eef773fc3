import Net
import OnnxProto

/// What a net reads: the inputs of the file with the shapes and values that the caller names.
extension Importer {
    /// Refuses options about inputs that the model does not have.
    func checkOptions(_ inputs: [OnnxValueInfo]) throws(OnnxError) {
        let names = inputs.map(\.name)
        for name in options.shapes.keys.sorted() + options.fixed.keys.sorted() where !names.contains(name) {
            let list = names.prefix(12).map { "'\($0)'" }.joined(separator: ", ")
            throw .input(name: name, reason: "the model has no such input; it has \(list)")
        }
        let open = inputs.filter { options.fixed[$0.name] == nil && options.shapes[$0.name] == nil }
        if options.shape != nil, open.count > 1 {
            throw .input(name: open[1].name, reason: "the model has several inputs: write --shape NAME:1,3,224,224")
        }
    }

    /// An input that is the same for every image.
    mutating func fixed(_ input: OnnxValueInfo, _ value: Float) throws(OnnxError) -> Constant {
        let shape = try inputShape(input)
        guard shape.count < 1 << 28 else {
            throw .input(name: input.name, reason: "\(shape) is too large to be fixed")
        }
        if [2, 3, 4, 5, 6, 7, 9, 12, 13].contains(input.type.tensorType.elemType) {
            guard let whole = Int64(exactly: value) else {
                throw .input(name: input.name, reason: "it holds whole numbers, and \(value) is none")
            }
            return .integer(shape, [Int64](repeating: whole, count: shape.count))
        }
        return .real(Tensor(shape: shape, values: [Float](repeating: value, count: shape.count)))
    }

    /// An input's shape for one image: the leading dimension is the batch whatever the file says.
    mutating func inputShape(_ input: OnnxValueInfo) throws(OnnxError) -> Shape {
        if let given = options.given[input.name] { return given.shape }
        let declared = input.type.tensorType.shape.dim
        let listed = options.shapes[input.name] ?? (options.fixed[input.name] == nil ? options.shape : nil)
        if let listed, !declared.isEmpty, listed.count != declared.count {
            throw .input(
                name: input.name,
                reason: "the shape given has \(listed.count) dimensions, and the file's has \(declared.count)")
        }
        var dimensions: [Int] = []
        for axis in 0..<max(declared.count, listed?.count ?? 0) {
            let value = axis < declared.count ? Importer.fixedValue(declared[axis]) : nil
            if axis == 0, !options.keepsBatch {
                if let value, value > 1 { declaredBatch = value }
                dimensions.append(1)
            } else if let value {
                if let wanted = listed?[axis], wanted != value {
                    throw .input(
                        name: input.name, reason: "the file fixes dimension \(axis) at \(value), not \(wanted)")
                }
                dimensions.append(value)
            } else if let wanted = listed?[axis] {
                dimensions.append(wanted)
            } else {
                throw .unknownDimension(
                    input: input.name, axis: axis, shape: declared.map(Importer.text).joined(separator: ","))
            }
        }
        guard !dimensions.isEmpty || options.keepsBatch, let shape = Shape(validating: dimensions) else {
            throw .tensor(
                name: input.name, reason: "the input has no shape: name it, such as --shape 1,3,224,224")
        }
        return shape
    }

    /// A dimension that the file fixes; some exporters write -1 or 0 for open ones.
    private static func fixedValue(_ dimension: OnnxTensorShape.Dimension) -> Int? {
        guard case .dimValue(let value)? = dimension.value, value > 0, value < 1 << 31 else { return nil }
        return Int(value)
    }

    private static func text(_ dimension: OnnxTensorShape.Dimension) -> String {
        switch dimension.value {
        case .dimValue(let value)? where value > 0: "\(value)"
        case .dimParam(let name)? where !name.isEmpty: name
        default: "?"
        }
    }
}

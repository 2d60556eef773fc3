import Net

/// The target of Reshape, Flatten, Squeeze and Unsqueeze across operator set versions.
struct ReshapeTarget {
    let context: NodeContext
    /// The batch size that the file fixes, if it does.
    let batch: Int?

    /// The output's shape for an input of shape `input`.
    func shape(for input: Shape) throws(OnnxError) -> Shape {
        let dimensions: [Int]
        switch context.proto.opType {
        case "Flatten":
            let rank = input.rank
            let listed = context.attributes.int("axis", default: 1)
            let axis = listed < 0 ? listed + rank : listed
            guard (0...rank).contains(axis) else { throw context.attributes.malformed("axis \(listed)") }
            dimensions = [
                input.dimensions[..<axis].reduce(1, *), input.dimensions[axis...].reduce(1, *),
            ]
        case "Squeeze": dimensions = try squeezed(input)
        case "Unsqueeze": dimensions = try unsqueezed(input)
        default: dimensions = try reshaped(input)
        }
        guard let shape = Shape(validating: dimensions), shape.count == input.count else {
            throw context.attributes.malformed("\(input) cannot become \(dimensions)")
        }
        return shape
    }

    private func squeezed(_ input: Shape) throws(OnnxError) -> [Int] {
        guard let listed = try context.integers(attribute: "axes", input: 1) else {
            return input.dimensions.filter { $0 != 1 }
        }
        var axes: Set<Int> = []
        for axis in listed { axes.insert(try context.axis(axis, rank: input.rank)) }
        guard axes.allSatisfy({ input[$0] == 1 }) else {
            throw context.attributes.malformed("an axis of \(input) that is not 1")
        }
        return input.dimensions.indices.filter { !axes.contains($0) }.map { input[$0] }
    }

    private func unsqueezed(_ input: Shape) throws(OnnxError) -> [Int] {
        guard let listed = try context.integers(attribute: "axes", input: 1) else {
            throw context.attributes.malformed("it names no axes")
        }
        let rank = input.rank + listed.count
        var axes: Set<Int> = []
        for axis in listed { axes.insert(try context.axis(axis, rank: rank)) }
        guard axes.count == listed.count else { throw context.attributes.malformed("an axis named twice") }
        var rest = input.dimensions.makeIterator()
        return (0..<rank).map { axes.contains($0) ? 1 : rest.next() ?? 1 }
    }

    private func reshaped(_ input: Shape) throws(OnnxError) -> [Int] {
        guard let listed = try context.integers(attribute: "shape", input: 1) else {
            throw context.attributes.malformed("it names no shape")
        }
        let keepsZero = context.attributes.int("allowzero", default: 0) != 0
        var dimensions = listed
        for (axis, dimension) in listed.enumerated() where dimension == 0 && !keepsZero {
            guard axis < input.rank else { throw context.attributes.malformed("a 0 past the input's rank") }
            dimensions[axis] = input[axis]
        }
        guard dimensions.count(where: { $0 == -1 }) <= 1, dimensions.allSatisfy({ $0 >= -1 }) else {
            throw context.attributes.malformed("its shape \(listed)")
        }
        // A batch size written into the file as a number: one image here.
        if let batch, batch > 1, dimensions.first == batch { dimensions[0] = 1 }
        if let axis = dimensions.firstIndex(of: -1) {
            let known = Shape(validating: dimensions.map { $0 == -1 ? 1 : $0 })?.count ?? 0
            if known > 0 { dimensions[axis] = input.count / known }
        }
        return dimensions
    }
}

/// Starts, steps and extents of a Slice, one per axis.
struct SliceBounds {
    let starts: [Int]
    let steps: [Int]
    let outputShape: Shape

    /// Resolves attributes (before opset 10) or inputs against the shape sliced.
    init(context: NodeContext, shape: Shape) throws(OnnxError) {
        guard let first = try context.integers(attribute: "starts", input: 1),
            let ends = try context.integers(attribute: "ends", input: 2), first.count == ends.count
        else { throw context.attributes.malformed("its starts and ends") }
        let axes = try context.integers(attribute: "axes", input: 3) ?? Array(first.indices)
        let listedSteps = try context.integers(attribute: "steps", input: 4) ?? first.map { _ in 1 }
        guard axes.count == first.count, listedSteps.count == first.count else {
            throw context.attributes.malformed("its axes and steps")
        }
        var starts = [Int](repeating: 0, count: shape.rank)
        var steps = [Int](repeating: 1, count: shape.rank)
        var extents = shape.dimensions
        for (entry, listedAxis) in axes.enumerated() {
            let axis = try context.axis(listedAxis, rank: shape.rank)
            let extent = shape[axis]
            let step = listedSteps[entry]
            guard step != 0, step > -(1 << 40), step < 1 << 40 else {
                throw context.attributes.malformed("a step of \(step)")
            }
            let start = SliceBounds.resolve(first[entry], extent, step > 0 ? 0...extent : 0...max(0, extent - 1))
            let end = SliceBounds.resolve(ends[entry], extent, step > 0 ? 0...extent : -1...max(-1, extent - 1))
            starts[axis] = start
            steps[axis] = step
            extents[axis] = max(0, (end - start + (step > 0 ? step - 1 : step + 1)) / step)
        }
        self.starts = starts
        self.steps = steps
        guard let output = Shape(validating: extents) else { throw context.attributes.malformed("its bounds") }
        outputShape = output
    }

    private static func resolve(_ index: Int, _ extent: Int, _ range: ClosedRange<Int>) -> Int {
        let positive = index < 0 ? (index < -extent ? -1 : index + extent) : index
        return min(max(positive, range.lowerBound), range.upperBound)
    }
}

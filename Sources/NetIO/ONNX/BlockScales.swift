import Net

/// The scales and zero points of a constant: one, one per slice of an axis, or one per block along an axis.
struct BlockScales {
    private let data: Constant
    private let scales: [Double]
    private let zeroPoints: [Double]?
    /// For each element the place of its scale: elements before the axis, along it, and behind it.
    private let extent: Int
    private let inner: Int
    private let block: Int
    private let attributes: Attributes

    init(_ context: NodeContext) throws(OnnxError) {
        attributes = context.attributes
        guard let data = context.constant(0), let scale = context.constant(1) else {
            throw context.attributes.malformed("its inputs")
        }
        self.data = data
        scales = scale.doubles
        zeroPoints = context.constant(2)?.doubles
        let size = context.attributes.int("block_size", default: 0)
        guard scales.count != 1 else {
            (extent, inner, block) = (1, 1, 0)
            return
        }
        let axis = try context.axis(context.attributes.int("axis", default: 1), rank: data.shape.rank)
        extent = data.shape[axis]
        inner = data.shape.dimensions[(axis + 1)...].reduce(1, *)
        block = size
        let slices = size > 0 ? data.shape.count / max(1, extent) * ((extent + size - 1) / size) : extent
        guard size >= 0, scales.count == slices else {
            throw context.attributes.malformed("\(scales.count) scales for \(data.shape)")
        }
    }

    private func values(
        _ function: (Double, Double, Double) -> Double
    ) throws(OnnxError) -> [Double] {
        guard zeroPoints.map({ $0.count == scales.count }) ?? true, scales.allSatisfy({ $0 != 0 }) else {
            throw attributes.malformed("its scales and zero points")
        }
        let blocks = block > 0 ? (extent + block - 1) / block : 0
        return data.doubles.enumerated().map { index, value in
            let along = index / max(1, inner) % max(1, extent)
            let place =
                scales.count == 1
                ? 0
                : block == 0
                    ? along : (index / (inner * extent) * blocks + along / block) * inner + index % inner
            return function(value, scales[place], zeroPoints?[place] ?? 0)
        }
    }

    /// Codes of real values.
    func map(_ function: (Double, Double, Double) -> Int64) throws(OnnxError) -> Constant {
        .integer(data.shape, try values { Double(function($0, $1, $2)) }.map { Int64($0) })
    }

    /// Real values of codes.
    func map(_ function: (Double, Double, Double) -> Float) throws(OnnxError) -> Constant {
        .real(Tensor(shape: data.shape, values: try values { Double(function($0, $1, $2)) }.map(Float.init)))
    }
}

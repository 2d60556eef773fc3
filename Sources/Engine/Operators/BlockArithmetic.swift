internal import Net

/// Element-wise functions on blocked maps, sixteen channels at a time.
struct BlockArithmetic {
    typealias Vector = SIMD16<Float>
    typealias Vectors = UnsafePointer<Vector>

    /// How an operand meets the pixels of the result.
    enum Operand {
        /// A map of the result's extent.
        case map(FeatureMap)
        /// One value per channel: a map of one pixel.
        case pixel(FeatureMap)
        /// One vector per channel block, known beforehand.
        case constant([Vector])

        /// What a node's input is to a result of `layout`; `nil` for any other broadcasting.
        init?(_ map: FeatureMap?, _ constant: Tensor?, _ shape: Shape, to layout: MapLayout) {
            if let constant {
                guard let vectors = Operand.vectors(constant, shape, layout) else { return nil }
                self = .constant(vectors)
                return
            }
            guard let map else { return nil }
            let own = map.layout
            if own.channels == layout.channels, own.height == layout.height, own.width == layout.width {
                self = .map(map)
            } else if own.channels == layout.channels, own.height == 1, own.width == 1, shape.rank == 4,
                layout.height * layout.width > 1
            {
                self = .pixel(map)
            } else {
                return nil
            }
        }

        /// A constant that is one value, or one per channel.
        private static func vectors(_ constant: Tensor, _ shape: Shape, _ layout: MapLayout) -> [Vector]? {
            if constant.shape.count == 1 {
                return [Vector](repeating: Vector(repeating: constant.values[0]), count: layout.blocks)
            }
            let isFlat = layout.height == 1 && layout.width == 1
            let rank = constant.shape.rank
            guard constant.shape.count == layout.channels,
                isFlat && rank == shape.rank
                    || rank >= 3 && rank <= 4 && constant.shape[rank - 3] == layout.channels
            else { return nil }
            return (0..<layout.blocks).map { block in
                var vector = Vector.zero
                for lane in 0..<min(MapLayout.lanes, layout.channels - block * MapLayout.lanes) {
                    vector[lane] = constant.values[block * MapLayout.lanes + lane]
                }
                return vector
            }
        }

        /// The vectors from the first pixel of a row on, and the step from one pixel to the next.
        @inline(__always)
        func row(image: Int, block: Int, y: Int, _ body: (Vectors, Int) -> Void) {
            switch self {
            case .map(let map): body(map.vectors(image: image, block: block, y: y), 1)
            case .pixel(let map): body(map.vectors(image: image, block: block, y: 0), 0)
            case .constant(let vectors): withUnsafePointer(to: vectors[block]) { body($0, 0) }
            }
        }
    }

    let output: FeatureMap
    let images: Range<Int>

    /// Copies.
    func copy(_ x: FeatureMap) { each(.map(x)) { $0 } }

    /// Writes a function of one operand.
    func apply(_ function: Unary, _ x: FeatureMap) {
        switch function {
        case .gelu(approximate: false):
            each(.map(x)) { 0.5 * $0 * (1 + VectorMath.erf($0 * Float(0.5).squareRoot())) }
        case .gelu(approximate: true):
            let factor = (2 / Float.pi).squareRoot()
            each(.map(x)) { 0.5 * $0 * (1 + VectorMath.tanh(factor * ($0 + 0.044715 * $0 * $0 * $0))) }
        case .erf: each(.map(x)) { VectorMath.erf($0) }
        case .tanh: each(.map(x)) { VectorMath.tanh($0) }
        case .relu: each(.map(x)) { $0.replacing(with: 0, where: $0 .< 0) }
        case .clip(let minimum, let maximum):
            let (low, high) = (Vector(repeating: minimum), Vector(repeating: maximum))
            each(.map(x)) { value in
                let raised = value.replacing(with: low, where: value .< low)
                return raised.replacing(with: high, where: raised .> high)
            }
        case .sigmoid: each(.map(x)) { VectorMath.sigmoid($0) }
        case .silu: each(.map(x)) { $0 * VectorMath.sigmoid($0) }
        case .negate: each(.map(x)) { -$0 }
        case .absolute: each(.map(x)) { $0.replacing(with: -$0, where: $0 .< 0) }
        case .sqrt: each(.map(x)) { $0.squareRoot() }
        case .reciprocal: each(.map(x)) { 1 / $0 }
        default: scalar(function, x)
        }
    }

    private func scalar(_ function: Unary, _ x: FeatureMap) {
        each(.map(x)) { vector in
            var result = vector
            for lane in 0..<Vector.scalarCount { result[lane] = function(vector[lane]) }
            return result
        }
    }

    /// Writes a function of two or more operands, folded from the left.
    func apply(_ function: Elementwise, _ operands: [Operand]) {
        for (place, operand) in operands.enumerated().dropFirst() {
            let left = place == 1 ? operands[0] : .map(output)
            switch function {
            case .add: pairs(left, operand) { $0 + $1 }
            case .mean where place < operands.count - 1: pairs(left, operand) { $0 + $1 }
            case .mean:
                let count = Float(operands.count)
                pairs(left, operand) { ($0 + $1) / count }
            case .subtract: pairs(left, operand) { $0 - $1 }
            case .multiply: pairs(left, operand) { $0 * $1 }
            case .divide: pairs(left, operand) { $0 / $1 }
            case .maximum: pairs(left, operand) { $0.replacing(with: $1, where: $1 .> $0) }
            case .minimum: pairs(left, operand) { $0.replacing(with: $1, where: $1 .< $0) }
            case .equal: pairs(left, operand) { Self.truth($0 .== $1) }
            case .less: pairs(left, operand) { Self.truth($0 .< $1) }
            case .greater: pairs(left, operand) { Self.truth($0 .> $1) }
            case .and: pairs(left, operand) { Self.truth(($0 .!= 0) .& ($1 .!= 0)) }
            case .or: pairs(left, operand) { Self.truth(($0 .!= 0) .| ($1 .!= 0)) }
            case .power:
                pairs(left, operand) { base, exponent in
                    if exponent == Vector(repeating: 2) { return base * base }
                    var result = base
                    for lane in 0..<Vector.scalarCount {
                        result[lane] = VectorMath.power(base[lane], exponent[lane])
                    }
                    return result
                }
            }
        }
    }

    private static func truth(_ mask: SIMDMask<SIMD16<Int32>>) -> Vector {
        Vector.zero.replacing(with: Vector(repeating: 1), where: mask)
    }

    @inline(__always)
    private func each(_ x: Operand, _ function: (Vector) -> Vector) {
        pairs(x, x) { first, _ in function(first) }
    }

    /// Writes a function of two operands; lanes without a channel become zero.
    @inline(__always)
    private func pairs(_ left: Operand, _ right: Operand, _ function: (Vector, Vector) -> Vector) {
        let layout = output.layout
        for image in images {
            for block in 0..<layout.blocks {
                let isWhole = (block + 1) * MapLayout.lanes <= layout.channels
                let lanes = isWhole ? SIMDMask(repeating: true) : layout.laneMask(block: block)
                for y in 0..<layout.height {
                    let to = UnsafeMutablePointer(mutating: output.vectors(image: image, block: block, y: y))
                    left.row(image: image, block: block, y: y) { a, stepA in
                        right.row(image: image, block: block, y: y) { b, stepB in
                            if isWhole {
                                for x in 0..<layout.width { to[x] = function(a[x * stepA], b[x * stepB]) }
                            } else {
                                for x in 0..<layout.width {
                                    to[x] = function(a[x * stepA], b[x * stepB]).replacing(with: 0, where: .!lanes)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

extension FeatureMap {
    /// The vectors of a row, from its first pixel on.
    func vectors(image: Int, block: Int, y: Int) -> UnsafePointer<SIMD16<Float>> {
        let start = base + layout.offset(image: image, block: block, y: y, x: 0)
        // The map's memory was allocated aligned for vectors of this type.
        return UnsafePointer(UnsafeMutableRawPointer(start).assumingMemoryBound(to: SIMD16<Float>.self))
    }
}

/// How far an epilogue's values can go, for kernels that convert them to 32-bit integers.
struct EpilogueReach: Sendable {
    private let scale: Float
    private let bias: Float
    private let offset: Float
    private let addendScale: Float
    private let activation: Activation
    /// The steps in one unit of a value, at most.
    private let inverseScale: Float
    /// Whether copies made from stored results stay within the bounds.
    private let boundsCopies: Bool

    /// Window sums are whole numbers below this.
    private static let largestWindowSum: Float = 0x1p24
    /// The most steps.
    private static let limit: Float = 0x1p30

    /// The reach of an epilogue made of these.
    init(
        scale: [Float], bias: [Float], offset: [Float], addendScale: Float, activation: Activation,
        outputs: [Epilogue.Output]
    ) {
        func largest(_ values: [Float]) -> Float {
            // NaN has no place in an order, and must not be overlooked.
            values.allSatisfy(\.isFinite) ? values.map(abs).max() ?? 0 : .infinity
        }
        self.scale = largest(scale)
        self.bias = largest(bias)
        self.offset = largest(offset)
        self.addendScale = largest([addendScale])
        self.activation = activation
        var inverseScale: Float = 0
        var boundsCopies = true
        for output in outputs {
            switch output {
            case .real: break
            case .quantized(let grid): inverseScale = max(inverseScale, largest(grid.inverseScale))
            case .requantized(let grid, let source):
                guard let stored = outputs[source].grid else {
                    inverseScale = max(inverseScale, largest(grid.inverseScale))
                    break
                }
                let value = largest(stored.low + stored.high) * largest(stored.step)
                boundsCopies = boundsCopies && value * largest(grid.inverseScale) < Self.limit
            }
        }
        self.inverseScale = inverseScale
        self.boundsCopies = boundsCopies
    }

    /// Whether no result is 2^30 steps of its grid or more, for sums up to a magnitude.
    func isBounded(largestSum: Float, addend: StoredMap?) -> Bool {
        var value = largestSum * scale + Self.largestWindowSum * offset + bias
        switch addend {
        case nil: break
        case .floats: return false
        case .codes(_, let step): value += 255 * abs(step) * addendScale
        }
        switch activation {
        case .none, .hardSwish, .silu: break
        case .clamp(let low, let high):
            let ends = [abs(low), abs(high)]
            value =
                ends.allSatisfy(\.isFinite)
                ? max(ends[0], ends[1]) : ([value] + ends.filter(\.isFinite)).max() ?? value
        case .leaky(let slope): value *= max(1, abs(slope))
        case .sigmoid, .hardSigmoid: value = max(value, 1)
        }
        // A comparison with NaN is false.
        return boundsCopies && value * inverseScale < Self.limit
    }
}

import Glibc
public import Quant

/// A distribution with mean 0 and deviation 1 whose samples experiments are made with.
public enum Distribution: String, Hashable, Sendable, CaseIterable {
    case gauss
    case laplace
    case uniform
    /// The signs of a coin times e^N(0, 1), scaled: a heavy tail on both sides, as gradients have.
    case logNormal = "log-normal"

    /// A sample.
    public func sample(_ random: inout SeededGenerator) -> Float {
        switch self {
        case .gauss: return Float(random.gauss())
        case .laplace:
            let unit = random.unit() - 0.5
            return Float(-log(1 - 2 * abs(unit)) / 2.0.squareRoot() * (unit < 0 ? -1 : 1))
        case .uniform: return Float((2 * random.unit() - 1) * 3.0.squareRoot())
        case .logNormal:
            // E X² = e².
            let magnitude = exp(random.gauss()) / M_E
            return Float(random.unit() < 0.5 ? magnitude : -magnitude)
        }
    }

    /// The first samples of a seed.
    public func samples(_ count: Int, seed: UInt64) -> [Float] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in sample(&random) }
    }
}

extension Distribution {
    /// The prior of the same name, for which there are formulas.
    public var prior: Prior? {
        switch self {
        case .gauss: .gauss
        case .laplace: .laplace
        case .uniform: .uniform
        case .logNormal: nil
        }
    }
}

extension Prior {
    /// The deviation where the width (b, σ or a) is 1.
    var unitDeviation: Double {
        switch self {
        case .laplace: 2.0.squareRoot()
        case .gauss: 1
        case .uniform: 1 / 3.0.squareRoot()
        }
    }

    /// The distribution of the same name.
    public var distribution: Distribution {
        switch self {
        case .gauss: .gauss
        case .laplace: .laplace
        case .uniform: .uniform
        }
    }
}

/// A stream of random numbers that a seed determines (SplitMix64; Steele, Lea, Flood 2014).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The stream of a seed.
    public init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A multiple of 2^-53 in [0, 1).
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A sample of N(0, 1), by the Box–Muller transform.
    public mutating func gauss() -> Double {
        let radius = (-2 * log(1 - unit())).squareRoot()
        return radius * cos(2 * Double.pi * unit())
    }
}

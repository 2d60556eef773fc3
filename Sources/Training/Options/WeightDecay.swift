internal import Glibc

/// What weight decay does to the layers whose output is normalized, and so does not depend on the size of their weights.
///
/// For those L(a w) = L(w) and ∇L(a w) = ∇L(w) / a: the size only sets the length of a step, η / ‖w‖². Decay keeps it in
/// balance; a corrected rate, or weights that are scaled after each step, do the same without it.
///
/// Source: Hoffer, Banner, Golan, Soudry 2018, sections 2 and 3; docs/training.md.
public enum WeightDecay: Hashable, Sendable {
    /// Every step takes λ w from the weights.
    case on(Double)
    /// Nothing is taken.
    case off
    /// Nothing is taken; the rate of each channel is that of a run with decay in effect: η ‖w‖² / ‖w_decayed‖², with the
    /// norms that run recorded.
    case corrected(NormRecord)
    /// Nothing is taken and the rate of these weights stays at its peak; channels are scaled after each step so that the
    /// effective step η / ‖w‖² is that of the schedule at the first norm: ‖w‖ = ‖w₀‖ sqrt(peak / rate). Other parameters,
    /// whose size matters, keep to the schedule.
    case normSchedule

    /// λ.
    var coefficient: Double { if case .on(let coefficient) = self { coefficient } else { 0 } }
}

/// The squared norms of the channels of a run's layers, step by step.
public struct NormRecord: Hashable, Sendable {
    /// [step][layer][channel] ‖w‖².
    public private(set) var squares: [[[Double]]] = []

    /// Nothing recorded yet.
    public init() {}

    /// [step][layer][channel] ‖g̃‖² = ‖g‖² ‖w‖², of the gradient at unit norm.
    public private(set) var unitGradientSquares: [[[Double]]] = []

    /// Adds the norms before a step, of weights and of their gradients.
    mutating func append(_ norms: [[Double]], gradients: [[Double]]) {
        squares.append(norms)
        unitGradientSquares.append(zip(norms, gradients).map { zip($0, $1).map { $0 * $1 } })
    }
}

/// cos x.
func cosine(of angle: Double) -> Double { cos(angle) }

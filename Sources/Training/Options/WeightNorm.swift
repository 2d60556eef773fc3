/// How the weights w that a layer uses come from the weights v that are stepped, channel by channel.
///
/// Source: Salimans, Kingma 2016 (weight normalization); Hoffer et al. 2018, section 4 (bounded); docs/training.md.
public enum WeightNorm: Hashable, Sendable {
    /// w = v
    case none
    /// w = g v / ‖v‖₂ with a g that is trained, at first ‖v‖₂.
    case trained
    /// w = ρ v / ‖v‖ with ρ fixed: the mean of the channels' first norms.
    case bounded(Norm)

    /// The norm that bounds a channel.
    public enum Norm: String, Hashable, Sendable, CaseIterable {
        case l2
        case l1
        case lInfinity = "linf"

        /// ‖v‖.
        func callAsFunction(_ v: ArraySlice<Float>) -> Double {
            switch self {
            case .l2: v.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            case .l1: v.reduce(0) { $0 + Double(abs($1)) }
            case .lInfinity: Double(v.reduce(0) { max($0, abs($1)) })
            }
        }

        /// ∂‖v‖ / ∂v; the first of equal maxima counts.
        func derivative(_ v: ArraySlice<Float>, norm: Double) -> [Double] {
            func sign(_ x: Float) -> Double { x > 0 ? 1 : x < 0 ? -1 : 0 }
            switch self {
            case .l2: return v.map { Double($0) / norm }
            case .l1: return v.map(sign)
            case .lInfinity:
                let first = v.firstIndex { Double(abs($0)) == norm }
                return v.indices.map { $0 == first ? sign(v[$0]) : 0 }
            }
        }
    }

    /// The norm that weights are divided by; `nil` for none.
    var norm: Norm? {
        switch self {
        case .none: nil
        case .trained: .l2
        case .bounded(let norm): norm
        }
    }

    /// The factors g of weights as they start.
    func gains(of weights: [Float], channels: Int) -> [Float] {
        guard let norm else { return [] }
        let size = weights.count / channels
        let norms = (0..<channels).map { norm(weights[$0 * size..<($0 + 1) * size]) }
        let mean = Float(norms.reduce(0, +) / Double(channels))
        return self == .trained ? norms.map { Float($0) } : norms.map { _ in mean }
    }

    /// w from v; a channel of zeros stays one.
    func used(_ v: [Float], gains: [Float]) -> [Float] {
        guard let norm else { return v }
        let size = v.count / gains.count
        var result = v
        for (channel, gain) in gains.enumerated() {
            let range = channel * size..<(channel + 1) * size
            let length = norm(v[range])
            guard length > 0 else { continue }
            let factor = Float(Double(gain) / length)
            for index in range { result[index] *= factor }
        }
        return result
    }

    /// ∂L/∂v and ∂L/∂g from ∂L/∂w:  ∂L/∂g = ⟨∂L/∂w, v⟩ / N,  ∂L/∂v = g / N (∂L/∂w − ⟨∂L/∂w, v⟩ / N ∇N), N = ‖v‖.
    func gradients(
        of weights: [Float], v: [Float], gains: [Float]
    ) -> (v: [Float], gains: [Float]) {
        guard let norm else { return (weights, []) }
        let size = v.count / gains.count
        var (result, gainGradients) = (weights, [Float](repeating: 0, count: gains.count))
        for (channel, gain) in gains.enumerated() {
            let range = channel * size..<(channel + 1) * size
            let length = norm(v[range])
            guard length > 0 else { continue }
            let product = range.reduce(0.0) { $0 + Double(weights[$1]) * Double(v[$1]) } / length
            let derivative = norm.derivative(v[range], norm: length)
            for (place, index) in range.enumerated() {
                result[index] = Float(
                    Double(gain) / length * (Double(weights[index]) - product * derivative[place]))
            }
            gainGradients[channel] = self == .trained ? Float(product) : 0
        }
        return (result, gainGradients)
    }
}

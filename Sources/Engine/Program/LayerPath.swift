internal import Net
public import Quant

/// How one layer computes its sums.
public enum LayerPath: String, Sendable {
    /// Real inputs and real weights.
    case float
    /// Float arithmetic on values on the grid.
    case simulated
    /// 8-bit codes of inputs and weights, in 32-bit integers.
    case integer
}

/// Which kernels a program uses where several compute the same.
public enum Arithmetic: Hashable, Sendable {
    /// Floats everywhere: the reference for every setting.
    case simulated
    /// The fastest that is exact, layer by layer, on this instruction set. An input with one scale and quantized weights
    /// run on integers; the others as simulated, between two conversions.
    case fastest(InstructionSet)
}

extension LayerPath {
    /// The path of every layer of a net under a plan; without a plan it is the float net.
    public static func paths(of net: LayerGraph, plan: QuantizationPlan?, _ arithmetic: Arithmetic) -> [LayerPath] {
        net.layers.enumerated().map { index, layer in LayerPath(layer, plan?.layers[index], arithmetic) }
    }

    /// How many layers run where: "20 integer, 2 simulated".
    public static func summary(_ paths: [LayerPath]) -> String {
        [LayerPath.integer, .simulated, .float].compactMap { path in
            let count = paths.count { $0 == path }
            return count > 0 ? "\(count) \(path.rawValue)" : nil
        }.joined(separator: ", ")
    }

    init(_ layer: Layer, _ plan: LayerPlan?, _ arithmetic: Arithmetic) {
        guard let plan else {
            self = .float
            return
        }
        guard plan.input.commonQuantizer != nil, case .quantized = plan.weights else {
            if case .float = plan.weights, plan.input == .real { self = .float } else { self = .simulated }
            return
        }
        if case .fastest = arithmetic {
            self = Self.fastest(for: layer)
        } else {
            self = .simulated
        }
    }

    /// The fastest exact path of a layer whose weights are quantized and whose input has one range.
    public static func fastest(for layer: Layer) -> LayerPath {
        let terms = layer.outputChannels > 0 ? layer.weights.values.count / layer.outputChannels : 0
        return terms <= PackedCodes.maximumTerms ? .integer : .simulated
    }
}

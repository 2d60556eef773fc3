public import Engine
public import Quant

/// One layer quantized alone: everything else stays float.
public struct SensitivityKey: Hashable, Sendable {
    /// The layer's index.
    public let layer: Int
    /// How it is quantized.
    public let settings: LayerSettings

    /// A key from its parts.
    public init(layer: Int, settings: LayerSettings) {
        self.layer = layer
        self.settings = settings
    }

    /// The layer with so many bits for its weights and what it reads, by its own methods, nothing set by hand.
    public init(layer: Int, settings: LayerSettings, bits: Int) {
        var settings = settings
        settings.weights = .bits(bits)
        settings.activations = .bits(bits)
        settings.threshold = nil
        settings.weightChannelBits = [:]
        settings.activationChannelBits = [:]
        self.init(layer: layer, settings: settings)
    }
}

/// What each layer alone costs, as far as it was measured.
public struct Sensitivity: Sendable {
    /// The widths that a pass tries.
    public static let widths = 2...8
    /// The images that a pass looks at, at most.
    public static let images = 1000

    /// The measured differences to the float net.
    public internal(set) var results: [SensitivityKey: PairedDifference] = [:]
    /// The measurements of the pass under way: those done, and all; `nil` without one.
    public internal(set) var progress: (done: Int, total: Int)?

    /// Every layer at 4 bits, then at 3, 5, 2, 6, 7 and 8: the most asked for first.
    public static func allWidths(of configuration: Configuration) -> [SensitivityKey] {
        [4, 3, 5, 2, 6, 7, 8].flatMap { bits in
            configuration.layers.enumerated().map { SensitivityKey(layer: $0, settings: $1, bits: bits) }
        }
    }

    /// What is still to be measured for a configuration: every layer's own choices first, then all widths.
    public func missing(for configuration: Configuration) -> [SensitivityKey] {
        let layers = configuration.layers.enumerated()
        let own = layers.filter { $1.weights != .float || $1.activations != .float }.map { index, settings in
            SensitivityKey(layer: index, settings: settings)
        }
        let keys = own + Sensitivity.allWidths(of: configuration)
        var seen = Set(results.keys)
        return keys.filter { seen.insert($0).inserted }
    }
}

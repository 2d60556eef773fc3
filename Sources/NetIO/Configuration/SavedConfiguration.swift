public import Net
public import Quant

/// A configuration as a file holds it: every choice, what it belongs to, and what followed from it.
///
/// A plan is derived from the choices again; the resolved thresholds and bits are for readers of the file. Fields that
/// this version does not know are kept and written back.
public struct SavedConfiguration: Hashable, Sendable {
    /// The version of the file's structure that this nibble writes, and the newest that it reads.
    public static let schema = 1

    /// How stored images become the net's input.
    public struct Input: Hashable, Sendable {
        /// Scale, mean, standard deviation and order of the channels.
        public let preprocessing: Preprocessing
        /// The length of the shorter side that images were resized to.
        public let resize: Int?
        /// The side of the square cut from the centre.
        public let crop: Int?

        /// An input from its parts.
        public init(_ preprocessing: Preprocessing, resize: Int? = nil, crop: Int? = nil) {
            self.preprocessing = preprocessing
            self.resize = resize
            self.crop = crop
        }
    }

    /// The net's name, for readers.
    public let model: String
    /// The SHA-256 of the net's ONNX file.
    public let sha256: String
    /// How images become the net's input.
    public let input: Input
    /// The calibration behind the resolved values.
    public let calibration: CalibrationDigest
    /// The choices.
    public let configuration: Configuration
    /// The layers' names, in the order of the configuration.
    public let layerNames: [String]
    /// The name of the output that was judged; `nil` for the first.
    public let output: String?
    /// What followed from the choices, one object per layer.
    let resolved: [JSON]
    /// The document read, whose unknown fields are written back.
    var origin: JSON?

    /// A configuration to be written.
    ///
    /// - Parameters:
    ///   - output: the name of the judged output.
    ///   - previous: the file it was loaded from, whose unknown fields are kept.
    public init(
        model: String, sha256: String, input: Input, output: String? = nil, net: LayerGraph,
        calibration: Calibration, configuration: Configuration, plan: QuantizationPlan,
        keeping previous: SavedConfiguration? = nil
    ) {
        self.model = model
        self.sha256 = sha256
        self.input = input
        self.output = output
        self.calibration = CalibrationDigest(calibration, of: net)
        self.configuration = configuration
        layerNames = net.layers.map(\.name)
        resolved = plan.layers.map(SavedConfiguration.resolve)
        origin = previous?.origin
    }

    /// A configuration as it was read.
    init(
        model: String, sha256: String, input: Input, output: String?, calibration: CalibrationDigest,
        configuration: Configuration, layerNames: [String], resolved: [JSON]
    ) {
        self.model = model
        self.sha256 = sha256
        self.input = input
        self.output = output
        self.calibration = calibration
        self.configuration = configuration
        self.layerNames = layerNames
        self.resolved = resolved
    }

    /// Replaces the file at `path` in one step: there is always the old file or the new one.
    public func write(to path: String) throws(SavingError) { try AtomicFile.write(json.indented + "\n", to: path) }

    /// The choices in the order of a net's layers.
    ///
    /// - Parameter path: the file's name, for errors.
    public func configuration(
        for net: LayerGraph, sha256: String, path: String
    ) throws(ConfigurationFileError) -> Configuration {
        guard sha256.lowercased() == self.sha256.lowercased() else {
            throw .otherNet(path: path, model: model, expected: sha256, found: self.sha256)
        }
        let names = net.layers.map(\.name)
        let missing = names.filter { !layerNames.contains($0) }
        let unknown = layerNames.filter { !names.contains($0) }
        guard missing.isEmpty, unknown.isEmpty else {
            throw .layers(path: path, missing: missing, unknown: unknown)
        }
        var result = configuration
        result.layers = []
        for (layer, name) in zip(net.layers, names) {
            guard let index = layerNames.firstIndex(of: name) else { continue }
            let settings = configuration.layers[index]
            if settings.granularity == .tensor,
                settings.allocation.coversActivations || !settings.activationChannelBits.isEmpty
            {
                throw .field(
                    path: path, field: "layers[\(index)].granularity",
                    problem: "is 'tensor', and bits per channel of the activations need 'channel'")
            }
            let inputShape = net.graph[layer.input].shape
            let inputs = inputShape.rank > 1 ? inputShape[1] : 1
            for (field, bits, count) in [
                ("weightChannelBits", settings.weightChannelBits, layer.outputChannels),
                ("activationChannelBits", settings.activationChannelBits, inputs),
            ] {
                guard let wrong = bits.keys.first(where: { !(0..<count).contains($0) }) else { continue }
                throw .field(
                    path: path, field: "layers[\(index)].\(field)",
                    problem: "names channel \(wrong), and layer '\(name)' has 0 to \(count - 1)")
            }
            result.layers.append(settings)
        }
        return result
    }

    /// The file's document.
    var json: JSON {
        func precision(_ precision: Precision) -> JSON {
            switch precision {
            case .float: .string("float")
            case .bits(let bits): .int(bits)
            }
        }
        func channels(_ bits: [Int: Int]) -> JSON {
            .object(bits.sorted { $0.key < $1.key }.map { ("\($0.key)", .int($0.value)) })
        }
        let preprocessing = input.preprocessing
        let layersRead = layersRead
        let layers: [JSON] = configuration.layers.indices.map { index in
            let settings = configuration.layers[index]
            let known: [(String, JSON)] = [
                ("name", .string(layerNames[index])), ("weights", precision(settings.weights)),
                ("activations", precision(settings.activations)), ("clip", .string("\(settings.clipping)")),
                ("clipWeights", .string("\(settings.weightClipping)")),
                ("threshold", .optional(settings.threshold)),
                ("granularity", .string(settings.granularity.rawValue)),
                ("allocate", .string(settings.allocation.rawValue)),
                ("correct", .string(settings.correction.rawValue)),
                ("weightChannelBits", channels(settings.weightChannelBits)),
                ("activationChannelBits", channels(settings.activationChannelBits)),
                ("resolved", resolved[index]),
            ]
            return JSON.object(known).keepingMembers(of: layersRead[layerNames[index]], in: ["resolved"])
        }
        let known: [(String, JSON)] = [
            ("schema", .int(SavedConfiguration.schema)), ("model", .string(model)), ("sha256", .string(sha256)),
            ("output", output.map { .string($0) } ?? .null),
            (
                "preprocessing",
                .object([
                    ("scale", .number(Double(preprocessing.scale))),
                    ("mean", .array(preprocessing.mean.map { .number(Double($0)) })),
                    ("std", .array(preprocessing.standardDeviation.map { .number(Double($0)) })),
                    ("channels", .string(preprocessing.channelOrder.rawValue)),
                    ("resize", input.resize.map { .int($0) } ?? .null),
                    ("crop", input.crop.map { .int($0) } ?? .null),
                ])
            ),
            (
                "calibration",
                .object([("images", .int(calibration.images)), ("digest", .string(calibration.digest))])
            ),
            ("budget", .string(configuration.policy.budget.rawValue)),
            ("rule", .string(configuration.policy.rule.rawValue)),
            ("measure", .string(configuration.policy.measure.rawValue)),
            ("residual", .string(configuration.residual.rawValue)), ("layers", .array(layers)),
        ]
        return JSON.object(known).keepingMembers(of: origin, in: ["preprocessing", "calibration"])
    }

    /// The layers of the document read, by name.
    private var layersRead: [String: JSON] {
        guard case .array(let layers)? = origin?["layers"] else { return [:] }
        var result: [String: JSON] = [:]
        for layer in layers {
            if case .string(let name)? = layer["name"] { result[name] = layer }
        }
        return result
    }

    private static func resolve(_ planned: LayerPlan) -> JSON {
        let channels = planned.input.channelQuantizers.map { JSON.array($0.map { .int($0?.bits ?? 0) }) }
        let inputBits = channels ?? planned.input.commonQuantizer.map { .int($0.bits) } ?? .null
        return .object([
            ("thresholds", .array(planned.ranges.map { .number($0.threshold) })),
            ("ranges", .array(planned.ranges.map { .array([.number($0.lo), .number($0.hi)]) })),
            ("weightBits", planned.weightChannelBits.map { .array($0.map { .int($0) }) } ?? .null),
            ("activationBits", inputBits),
        ])
    }
}

extension SavedConfiguration {
    /// What a reader should know if a plan derived from the choices is not the one that was saved, or `nil`.
    ///
    /// An equal digest means equal statistics. With another one the plan may still be the same, for example from the
    /// kernels of another processor, whose sums differ in their last bits: resolved bits must then be equal, and ranges
    /// equal within a thousandth.
    public func mismatch(
        with plan: QuantizationPlan, of net: LayerGraph, calibration: Calibration
    ) -> String? {
        let own = CalibrationDigest(calibration, of: net)
        guard own != self.calibration else { return nil }
        for (layer, planned) in zip(net.layers, plan.layers) {
            guard let index = layerNames.firstIndex(of: layer.name) else { continue }
            let now = SavedConfiguration.resolve(planned)
            guard !resolved[index].isNear(now) else { continue }
            return
                "calibration differs from the saved one (\(own.images) images, saved with \(self.calibration.images)): "
                + "'\(layer.name)' and perhaps others get other ranges or bits"
        }
        return nil
    }
}

extension JSON {
    /// Whether numbers are equal within a thousandth and everything else is the same; unknown members are passed over.
    fileprivate func isNear(_ other: JSON) -> Bool {
        switch (self, other) {
        case (.array(let own), .array(let others)):
            return own.count == others.count && zip(own, others).allSatisfy { $0.isNear($1) }
        case (.object, .object(let others)):
            return others.allSatisfy { member in self[member.name].map { $0.isNear(member.value) } ?? false }
        default:
            guard let own = real, let others = other.real else { return self == other }
            return abs(own - others) <= 1e-3 * max(abs(own), abs(others))
        }
    }

    private var real: Double? {
        switch self {
        case .int(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }
}

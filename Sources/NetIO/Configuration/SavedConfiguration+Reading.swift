internal import Net
internal import Quant

extension SavedConfiguration {
    /// Reads a file that `write` made, of this schema or an older one.
    public init(path: String) throws(ConfigurationFileError) {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        guard file.count <= 64 << 20 else { throw .unreadable(path: path, reason: "it is larger than 64 MiB") }
        let document: JSON
        do throws(JSON.ParsingError) {
            document = try JSON(parsing: file.withBytes { Array($0) })
        } catch {
            throw .notJSON(path: path, error)
        }
        try self.init(Fields(value: document, name: "", path: path), path: path)
        origin = document
    }

    private init(_ file: Fields, path: String) throws(ConfigurationFileError) {
        let schema = try file.integer("schema", in: 1...Int.max)
        guard schema <= SavedConfiguration.schema else { throw .newerSchema(path: path, schema: schema) }
        let preprocessing = try file.object("preprocessing")
        let calibration = try file.object("calibration")
        var names: [String] = []
        var known: Set<String> = []
        var settings: [LayerSettings] = []
        var resolved: [JSON] = []
        for layer in try file.objects("layers") {
            let name = try layer.text("name")
            guard known.insert(name).inserted else { throw layer.problem("name", "'\(name)' stands there twice") }
            names.append(name)
            settings.append(try LayerSettings(layer))
            resolved.append(layer.value["resolved"] ?? .null)
        }
        self.init(
            model: try file.text("model"), sha256: try file.text("sha256"),
            input: Input(
                Preprocessing(
                    scale: try preprocessing.factor("scale"), mean: try preprocessing.floats("mean"),
                    standardDeviation: try preprocessing.floats("std", isDivisor: true),
                    channelOrder: try preprocessing.choice("channels")),
                resize: try preprocessing.size("resize"), crop: try preprocessing.size("crop")),
            output: try file.optionalText("output"),
            calibration: CalibrationDigest(
                images: try calibration.integer("images", in: 0...Int.max), digest: try calibration.text("digest")),
            configuration: Configuration(
                layers: settings,
                policy: AllocationPolicy(
                    budget: try file.choice("budget"), rule: try file.choice("rule"),
                    measure: try file.optionalChoice("measure") ?? .range),
                residual: try file.choice("residual")), layerNames: names, resolved: resolved)
    }
}

extension LayerSettings {
    fileprivate init(_ layer: Fields) throws(ConfigurationFileError) {
        var threshold: Double?
        if let value = layer.value["threshold"], value != .null {
            threshold = try layer.number("threshold")
            guard let threshold, threshold > 0 else { throw layer.problem("threshold", "is not positive") }
        }
        self.init(
            weights: try layer.precision("weights"), activations: try layer.precision("activations"),
            clipping: try layer.clipping("clip"),
            weightClipping: layer.value["clipWeights"] == nil ? .minMax : try layer.clipping("clipWeights"),
            threshold: threshold, granularity: try layer.choice("granularity"),
            allocation: try layer.choice("allocate"), correction: try layer.choice("correct"),
            weightChannelBits: try layer.channelBits("weightChannelBits"),
            activationChannelBits: try layer.channelBits("activationChannelBits"))
    }
}

/// An object of a file, read field by field; errors name the field's place.
private struct Fields {
    let value: JSON
    let name: String
    let path: String

    func problem(_ field: String, _ text: String) -> ConfigurationFileError {
        .field(path: path, field: name.isEmpty ? field : "\(name).\(field)", problem: text)
    }

    private func required(_ field: String) throws(ConfigurationFileError) -> JSON {
        guard let found = value[field] else { throw problem(field, "is missing") }
        return found
    }

    func object(_ field: String) throws(ConfigurationFileError) -> Fields {
        let found = try required(field)
        guard case .object = found else { throw problem(field, "is not an object") }
        return Fields(value: found, name: name.isEmpty ? field : "\(name).\(field)", path: path)
    }

    func objects(_ field: String) throws(ConfigurationFileError) -> [Fields] {
        guard case .array(let values) = try required(field) else { throw problem(field, "is not a list") }
        return values.enumerated().map { Fields(value: $1, name: "\(field)[\($0)]", path: path) }
    }

    func text(_ field: String) throws(ConfigurationFileError) -> String {
        guard case .string(let text) = try required(field) else { throw problem(field, "is not a text") }
        return text
    }

    func optionalText(_ field: String) throws(ConfigurationFileError) -> String? {
        guard let found = value[field], found != .null else { return nil }
        return try text(field)
    }

    /// What images are multiplied by: neither 0 nor too large for a 32-bit float.
    func factor(_ field: String) throws(ConfigurationFileError) -> Float {
        let factor = Float(try number(field))
        guard factor.isFinite, factor != 0 else {
            throw problem(field, factor == 0 ? "is 0, which would erase every image" : "is too large")
        }
        return factor
    }

    func number(_ field: String) throws(ConfigurationFileError) -> Double {
        switch try required(field) {
        case .int(let number): return Double(number)
        case .number(let number) where number.isFinite: return number
        default: throw problem(field, "is not a number")
        }
    }

    func integer(_ field: String, in range: ClosedRange<Int>) throws(ConfigurationFileError) -> Int {
        guard case .int(let number) = try required(field), range.contains(number) else {
            throw problem(field, "is not a whole number from \(range.lowerBound)")
        }
        return number
    }

    /// A number of pixels, or nothing.
    func size(_ field: String) throws(ConfigurationFileError) -> Int? {
        guard let found = value[field], found != .null else { return nil }
        return try integer(field, in: 1...65_536)
    }

    func floats(_ field: String, isDivisor: Bool = false) throws(ConfigurationFileError) -> [Float] {
        guard case .array(let values) = try required(field), !values.isEmpty else {
            throw problem(field, "is not a list of numbers")
        }
        var floats: [Float] = []
        for value in values {
            switch value {
            case .int(let number): floats.append(Float(number))
            case .number(let number): floats.append(Float(number))
            default: throw problem(field, "is not a list of numbers")
            }
        }
        guard floats.allSatisfy(\.isFinite) else { throw problem(field, "holds a number that is too large") }
        if isDivisor, floats.contains(0) { throw problem(field, "holds 0, by which images are divided") }
        return floats
    }

    func choice<Choice: RawRepresentable & CaseIterable>(
        _ field: String
    ) throws(ConfigurationFileError) -> Choice where Choice.RawValue == String {
        let text = try text(field)
        guard let choice = Choice(rawValue: text) else {
            let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw problem(field, "is '\(text)', not one of \(choices)")
        }
        return choice
    }

    /// A choice that older files do not hold.
    func optionalChoice<Choice: RawRepresentable & CaseIterable>(
        _ field: String
    ) throws(ConfigurationFileError) -> Choice? where Choice.RawValue == String {
        value[field] == nil ? nil : try choice(field)
    }

    func clipping(_ field: String) throws(ConfigurationFileError) -> ClippingMethod {
        let text = try text(field)
        guard let method = ClippingMethod(argument: text) else {
            throw problem(field, "is '\(text)', not a clipping method")
        }
        return method
    }

    func precision(_ field: String) throws(ConfigurationFileError) -> Precision {
        switch try required(field) {
        case .string("float"): return .float
        case .int(let bits) where (0...8).contains(bits): return .bits(bits)
        default: throw problem(field, "is neither 0 to 8 nor \"float\"")
        }
    }

    func channelBits(_ field: String) throws(ConfigurationFileError) -> [Int: Int] {
        guard case .object(let members) = try required(field) else { throw problem(field, "is not an object") }
        var bits: [Int: Int] = [:]
        for member in members {
            guard let channel = Int(member.name), channel >= 0, "\(channel)" == member.name,
                case .int(let width) = member.value, (0...8).contains(width)
            else { throw problem("\(field).\(member.name)", "is not a channel with 0 to 8 bits") }
            bits[channel] = width
        }
        return bits
    }
}

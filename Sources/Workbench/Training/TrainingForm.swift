public import Training

/// A line of the training view's form.
public enum TrainingField: String, Hashable, Sendable, CaseIterable {
    case net
    case width
    case data
    case images
    case epochs
    case batch
    case rate
    case schedule
    case norm
    case precision
    case weightNorm = "weight norm"
    case decay
    case seed

    /// The words that arrows go through; others can be typed.
    public var suggestions: [String] {
        switch self {
        case .net: ["resnet8", "resnet20", "mobilenet", "vgg", "mlp"]
        case .width: ["standard", "4", "8", "16", "32", "64", "128"]
        case .data: [TrainingForm.session, TrainingForm.fashion]
        case .images: ["all", "1000", "2000", "5000", "10000"]
        case .epochs: ["1", "2", "3", "5", "10", "20", "30"]
        case .batch: ["32", "64", "128", "256"]
        case .rate: ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5"]
        case .schedule: ["triangle", "cosine", "steps", "constant"]
        case .norm: ["standard", "l2", "l1", "linf", "top-10", "range", "none"]
        case .precision: ["float", "8,8,8,16", "8,8,8,8", "4,4,8,16", "4,4,4,8"]
        case .weightNorm: ["none", "trained", "bounded", "bounded-l1", "bounded-linf"]
        case .decay: ["0.0005", "0.0001", "off", "norm-schedule"]
        case .seed: ["1", "2", "3", "4", "5"]
        }
    }
}

/// What a run is to be, in the words of `nibble train`: every line holds a word that stands for something.
public struct TrainingForm: Hashable, Sendable {
    /// The word for the session's own images.
    public static let session = "session"
    /// The word for Fashion-MNIST, of Debian's package or of the images that come with nibble.
    public static let fashion = "fashion-mnist"

    private var words: [TrainingField: String]

    /// The first words: a small net on the session's images if those have labels, for two epochs.
    public init(hasLabels: Bool) {
        words = [
            .net: "resnet8", .width: "standard", .data: hasLabels ? Self.session : Self.fashion, .images: "all",
            .epochs: "2", .batch: "64", .rate: "0.1", .schedule: "triangle", .norm: "standard", .precision: "float",
            .weightNorm: "none", .decay: "0.0005", .seed: "1",
        ]
    }

    /// The word of a line.
    public subscript(field: TrainingField) -> String { words[field] ?? "" }

    /// Why a word stands for nothing.
    public struct Problem: Error, Hashable, Sendable {
        /// What the line takes, in one line.
        public let text: String
    }

    /// The form with another word in a line.
    ///
    /// - Throws: `Problem` if the word stands for nothing there.
    public func setting(_ field: TrainingField, to word: String) throws(Problem) -> TrainingForm {
        func require(_ isRight: Bool, _ words: String) throws(Problem) {
            guard isRight else { throw Problem(text: "\(field.rawValue) is \(words), not '\(word)'") }
        }
        func isNumber(_ range: ClosedRange<Int>) -> Bool { Int(word).map(range.contains) ?? false }
        switch field {
        case .net: try require(Architecture(word) != nil, "resnetN (N = 6n + 2), mobilenet, vgg or mlp")
        case .width: try require(word == "standard" || isNumber(1...4096), "standard or 1 to 4096")
        case .data: try require(!word.isEmpty, "\(Self.session), \(Self.fashion) or a file or folder of images")
        case .images: try require(word == "all" || isNumber(1...100_000_000), "all or a number")
        case .epochs, .batch: try require(isNumber(1...1_000_000), "1 to 1000000")
        case .rate: try require(Double(word).map { $0 > 0 && $0.isFinite } ?? false, "a number above 0")
        case .schedule: try require(Schedule.Shape(word) != nil, Schedule.Shape.words)
        case .norm:
            try require(
                ["standard", "none"].contains(word) || NormScheme(word) != nil, "standard, \(NormScheme.words)")
        case .precision: try require(word == "float" || TrainingPrecision(word) != nil, TrainingPrecision.words)
        case .weightNorm: try require(WeightNorm(word) != nil, WeightNorm.words)
        case .decay: try require(WeightDecay(word) != nil, WeightDecay.words)
        case .seed: try require(UInt64(word) != nil, "a whole number from 0")
        }
        var next = self
        next.words[field] = word
        return next
    }

    /// The form with the suggestion so many places further in a line, the first after the last.
    public func stepping(_ field: TrainingField, by step: Int) -> TrainingForm {
        let suggestions = field.suggestions
        // A word of one's own stands before the first.
        let place = suggestions.firstIndex(of: self[field]) ?? (step > 0 ? -1 : 0)
        let next = ((place + step) % suggestions.count + suggestions.count) % suggestions.count
        return (try? setting(field, to: suggestions[next])) ?? self
    }

    // MARK: What the words stand for

    /// The net.
    public var architecture: Architecture { Architecture(self[.net]) ?? .resnet(depth: 8) }

    /// The options of the run.
    public var options: TrainingOptions {
        var options = TrainingOptions()
        options.norm = NormScheme(self[.norm]) ?? .l2
        options.weightNorm = WeightNorm(self[.weightNorm]) ?? .none
        options.precision = TrainingPrecision(self[.precision])
        options.decay = WeightDecay(self[.decay]) ?? options.decay
        options.epochs = Int(self[.epochs]) ?? options.epochs
        options.batch = Int(self[.batch]) ?? options.batch
        options.seed = UInt64(self[.seed]) ?? options.seed
        options.schedule = Schedule(
            peak: Double(self[.rate]) ?? options.schedule.peak,
            shape: Schedule.Shape(self[.schedule]) ?? options.schedule.shape)
        return options
    }

    /// The net for images of a size.
    func blueprint(input: MapSize, classes: Int) -> Blueprint {
        let architecture = architecture
        let isNormalized = self[.norm] == "standard" ? architecture.isNormalized : self[.norm] != "none"
        return architecture.blueprint(
            width: Int(self[.width]) ?? architecture.standardWidth, end: isNormalized ? .normalized : .biased,
            input: input, classes: classes)
    }

    /// The most images to train on.
    var limit: Int? { Int(self[.images]) }

    /// What tells the run from one of the standard form, in a few words.
    public var summary: String {
        let standard = TrainingForm(hasLabels: self[.data] == Self.session)
        let told: [TrainingField] = [
            .width, .data, .images, .batch, .rate, .schedule, .norm, .precision, .weightNorm, .decay, .seed,
        ]
        let parts = told.filter { self[$0] != standard[$0] }.map { field in
            switch field {
            case .data, .norm, .precision, .schedule: self[field]
            default: "\(field.rawValue) \(self[field])"
            }
        }
        return ([self[.net]] + parts).joined(separator: " · ")
    }
}

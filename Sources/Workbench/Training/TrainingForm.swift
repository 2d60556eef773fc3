internal import Net
public import Training

/// What a run is to be, in the words of `nibble train`: every line holds a word that stands for something.
///
/// The training view fills one in, and so does the command line; files of runs hold it, as options and as a command.
public struct TrainingForm: Hashable, Sendable {
    /// The word for the session's own images, which the view has and the command line has not.
    public static let session = "session"
    /// The word for Fashion-MNIST, of Debian's package or of the images that come with nibble.
    public static let fashion = "fashion-mnist"
    /// The share of images that is kept for tests where the view trains on images that have none.
    static let standardHoldOut = "0.2"

    private var words: [TrainingField: String] = [:]

    /// What `nibble train NET` does without options.
    public init() {}

    /// The view's first words: a small net on the session's images if those have labels, for two epochs.
    public init(hasLabels: Bool) {
        words = [.data: hasLabels ? Self.session : Self.fashion, .epochs: "2", .batch: "64"]
    }

    /// The word of a line.
    public subscript(field: TrainingField) -> String { words[field] ?? field.standard }

    /// The word of a line; `nil` for an option that is not given.
    func given(_ field: TrainingField) -> String? { self[field] == TrainingField.auto ? nil : self[field] }

    /// Why a word stands for nothing.
    public struct Problem: Error, Hashable, Sendable {
        /// The line.
        public let field: TrainingField
        /// The word.
        public let word: String

        /// What the line takes, in one line.
        public var text: String { "\(field.rawValue) is \(field.takes), not '\(word)'" }
    }

    /// The form with another word in a line.
    ///
    /// - Throws: `Problem` if the word stands for nothing there.
    public func setting(_ field: TrainingField, to word: String) throws(Problem) -> TrainingForm {
        guard let kept = field.canonical(word) else { throw Problem(field: field, word: word) }
        var next = self
        next.words[field] = kept
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

    /// The view's form in words that the command line takes as well.
    ///
    /// - Parameter images: where a session's images come from, by the options that name them; a line of the form goes before it.
    /// - Throws: `TrainingDataError.noImages` if the form wants the session's images and nothing names them.
    func resolved(for images: [TrainingField: String]) throws(TrainingDataError) -> TrainingForm {
        var next = self
        if self[.data] == Self.session {
            guard let data = images[.data] else { throw .noImages }
            for (field, word) in images where self[field] == field.standard { next.words[field] = word }
            next.words[.data] = data
        }
        if self[.holdOut] == TrainingField.auto {
            let hasTests = next[.data] == Self.fashion || self[.test] != TrainingField.auto
            next.words[.holdOut] = hasTests ? "none" : Self.standardHoldOut
        }
        return next
    }

    // MARK: What the words stand for

    /// The net.
    public var architecture: Architecture { Architecture(self[.net]) ?? .resnet(depth: 8) }

    /// The options of the run.
    public var options: TrainingOptions {
        var options = TrainingOptions()
        options.norm = NormScheme(self[.norm]) ?? .l2
        options.normPrecision = NormPrecision(rawValue: self[.normPrecision]) ?? options.normPrecision
        options.weightNorm = WeightNorm(self[.weightNorm]) ?? .none
        options.precision = TrainingPrecision(
            self[.precision], rounding: Rounding(rawValue: self[.rounding]) ?? .stochastic)
        options.decay = WeightDecay(self[.decay]) ?? options.decay
        options.epochs = Int(self[.epochs]) ?? options.epochs
        options.batch = Int(self[.batch]) ?? options.batch
        options.seed = UInt64(self[.seed]) ?? options.seed
        options.schedule = Schedule(
            peak: Double(self[.rate]) ?? options.schedule.peak,
            shape: Schedule.Shape(self[.schedule]) ?? options.schedule.shape, warmUp: Double(self[.warmUp]) ?? 0)
        options.momentum = Float(self[.momentum]) ?? options.momentum
        options.isNesterov = options.momentum > 0
        options.clipping = Double(self[.clip])
        options.augmentation = Augmentation(
            shift: Int(self[.shift]) ?? options.augmentation.shift, flips: self[.flip] == "on")
        return options
    }

    /// Channels of the first layer.
    var width: Int { Int(self[.width]) ?? architecture.standardWidth }

    /// The normalization by name, none included.
    var norm: String {
        self[.norm] == TrainingField.auto ? (architecture.isNormalized ? "l2" : "none") : self[.norm]
    }

    /// The net for images of a size.
    ///
    /// - Throws: `TrainingDataError.tooSmall` for images that leave no pixel in the last stage.
    public func blueprint(for data: TrainingData) throws(TrainingDataError) -> Blueprint {
        let (architecture, size) = (architecture, data.train.size)
        guard min(size.height, size.width) >= architecture.leastSize else {
            throw .tooSmall(net: architecture.name, least: architecture.leastSize)
        }
        return architecture.blueprint(
            width: width, end: norm == "none" ? .biased : .normalized, input: size, classes: data.classes)
    }

    /// Where images come from and how they become the net's input.
    public var request: TrainingData.Request {
        var request = TrainingData.Request()
        request.data = self[.data] == Self.fashion ? nil : self[.data]
        request.labels = given(.labels)
        request.test = given(.test)
        request.testLabels = given(.testLabels)
        request.holdOut = Double(self[.holdOut])
        request.layout = LabeledImages.Layout(rawValue: self[.layout])
        request.channelOrder = Preprocessing.ChannelOrder(rawValue: self[.channels])
        request.scale = Float(self[.scale])
        request.means = TrainingField.floats(self[.mean])
        request.deviations = TrainingField.floats(self[.std])
        request.resize = Int(self[.resize])
        request.crop = Int(self[.crop])
        request.limit = Int(self[.limit])
        return request
    }

    /// What tells the run from one of the standard form, in a few words.
    public var summary: String {
        let standard = TrainingForm(hasLabels: self[.data] == Self.session)
        let told = TrainingField.allCases.filter { ![.net, .output].contains($0) && self[$0] != standard[$0] }
        let parts = told.map { field in
            switch field {
            case .data, .norm, .precision, .schedule: self[field]
            default: "\(field.rawValue) \(self[field])"
            }
        }
        return ([self[.net]] + parts).joined(separator: " · ")
    }
}

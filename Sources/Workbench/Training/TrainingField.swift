internal import Net
internal import Training

/// A line of the training view's form, named like the option of `nibble train` that takes the same words; `net` is its argument.
public enum TrainingField: String, Hashable, Sendable, CaseIterable {
    case net
    case width
    case data
    case limit
    case epochs
    case batch
    case rate
    case schedule
    case norm
    case precision
    case weightNorm = "weight-norm"
    case decay
    case seed
    case output

    case labels
    case test
    case testLabels = "test-labels"
    case holdOut = "hold-out"
    case layout
    case channels
    case scale
    case mean
    case std
    case resize
    case crop

    case warmUp = "warm-up"
    case momentum
    case clip
    case shift
    case flip
    case normPrecision = "norm-precision"
    case rounding

    /// The word for an option that is not given.
    public static let auto = "auto"

    /// The parts of the form.
    public enum Section: String, Hashable, Sendable, CaseIterable {
        /// What is changed most.
        case run
        case images
        case steps

        /// Its lines.
        public var fields: [TrainingField] { TrainingField.allCases.filter { $0.section == self } }
    }

    /// The part it stands in.
    public var section: Section {
        switch self {
        case .net, .width, .data, .limit, .epochs, .batch, .rate, .schedule, .norm, .precision, .weightNorm, .decay,
            .seed, .output:
            .run
        case .labels, .test, .testLabels, .holdOut, .layout, .channels, .scale, .mean, .std, .resize, .crop: .images
        case .warmUp, .momentum, .clip, .shift, .flip, .normPrecision, .rounding: .steps
        }
    }

    /// The words that arrows go through; others can be typed.
    public var suggestions: [String] {
        switch self {
        case .net: ["resnet8", "resnet20", "mobilenet", "vgg", "mlp"]
        case .width: [Self.auto, "4", "8", "16", "32", "64", "128"]
        case .data: [TrainingForm.session, TrainingForm.fashion]
        case .limit: [Self.auto, "1000", "2000", "5000", "10000"]
        case .epochs: ["1", "2", "3", "5", "10", "20", "30"]
        case .batch: ["32", "64", "128", "256"]
        case .rate: ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5"]
        case .schedule: ["triangle", "cosine", "steps", "constant"]
        case .norm: [Self.auto, "l2", "l1", "linf", "top-10", "range", "none"]
        case .precision: ["float", "8,8,8,16", "8,8,8,8", "4,4,8,16", "4,4,4,8"]
        case .weightNorm: ["none", "trained", "bounded", "bounded-l1", "bounded-linf"]
        case .decay: ["0.0005", "0.0001", "off", "norm-schedule"]
        case .seed: ["1", "2", "3", "4", "5"]
        case .output, .labels, .test, .testLabels: [Self.auto]
        case .holdOut: [Self.auto, "0.1", "0.2", "0.3", "none"]
        case .layout: [Self.auto, "nchw", "nhwc"]
        case .channels: [Self.auto, "rgb", "bgr"]
        case .scale: [Self.auto, "1"]
        case .mean: [Self.auto, "0"]
        case .std: [Self.auto, "1"]
        case .resize, .crop: [Self.auto, "28", "32", "64"]
        case .warmUp: ["0", "0.05", "0.1", "0.2"]
        case .momentum: ["0.9", "0.95", "0.5", "0"]
        case .clip: ["5", "1", "off"]
        case .shift: ["2", "0", "1", "4"]
        case .flip: ["on", "off"]
        case .normPrecision: ["float", "half"]
        case .rounding: ["stochastic", "nearest"]
        }
    }

    /// The word that stands for what `nibble train` does without the option.
    var standard: String {
        switch self {
        case .net: "resnet8"
        case .data: TrainingForm.fashion
        case .epochs: "10"
        case .batch: "128"
        case .rate: "0.1"
        case .schedule: "triangle"
        case .precision, .normPrecision: "float"
        case .weightNorm: "none"
        case .decay: "0.0005"
        case .seed: "1"
        case .warmUp: "0"
        case .momentum: "0.9"
        case .clip: "5"
        case .shift: "2"
        case .flip: "on"
        case .rounding: "stochastic"
        case .width, .limit, .norm, .output, .labels, .test, .testLabels, .holdOut, .layout, .channels, .scale,
            .mean,
            .std, .resize, .crop:
            Self.auto
        }
    }

    /// What it takes, in a few words.
    public var takes: String {
        switch self {
        case .net: "resnetN (N = 6n + 2), mobilenet, vgg or mlp"
        case .width: "auto (16; mlp: 128) or channels of the first layer, 1 to 4096"
        case .data: "\(TrainingForm.session), \(TrainingForm.fashion), or a file or folder of images"
        case .limit: "auto (all images) or how many are read, from 1"
        case .epochs: "passes over the images, 1 to 1000000"
        case .batch: "images of a step, 1 to 1000000"
        case .rate: "the highest learning rate, a number above 0"
        case .schedule: Schedule.Shape.words
        case .norm: "auto (l2; vgg: none), \(NormScheme.words)"
        case .precision: TrainingPrecision.words
        case .weightNorm: WeightNorm.words
        case .decay: WeightDecay.words
        case .seed: "a whole number from 0"
        case .output: "auto (a folder in runs) or the folder of the run's net, checkpoint and figures"
        case .labels: "auto (those beside the images) or a file of labels"
        case .test: "auto (none) or images to test on"
        case .testLabels: "auto (those beside the test images) or a file of labels"
        case .holdOut: "auto, none, or the share of the images that is kept for tests, between 0 and 1"
        case .layout: "auto, nchw or nhwc: the order of stored pixels"
        case .channels: "auto (rgb), rgb or bgr: the order in which the net reads colours"
        case .scale: "auto (1/255 for whole numbers) or a factor of stored values, not 0"
        case .mean: "auto or what is subtracted after scaling: one number, or one for each channel (0.1,0.2)"
        case .std: "auto or what divides last, not 0: one number, or one for each channel (0.1,0.2)"
        case .resize: "auto (none) or pixels of the shorter side"
        case .crop: "auto (none) or pixels of the square cut from the centre"
        case .warmUp: "the share of the run over which the rate first rises from 0, 0 to below 1"
        case .momentum: "the momentum of steps, 0 to below 1"
        case .clip: "the largest norm of all gradients together, a number above 0, or off"
        case .shift: "pixels that images are shifted by at most, 0 to 1000000"
        case .flip: "on or off: mirror half of the images"
        case .normPrecision: "float or half: the arithmetic of normalization, forward"
        case .rounding: "stochastic or nearest: how gradients are rounded to few bits"
        }
    }

    /// A word as it is kept, numbers in their shortest form; `nil` if it stands for nothing here.
    func canonical(_ word: String) -> String? {
        switch self {
        case .net: Architecture(word)?.name
        case .width: whole(word, 1...4096, or: [Self.auto])
        case .data, .output, .labels, .test, .testLabels: word.isEmpty ? nil : word
        case .limit, .resize, .crop: whole(word, 1...100_000_000, or: [Self.auto])
        case .epochs, .batch: whole(word, 1...1_000_000)
        case .shift: whole(word, 0...1_000_000)
        case .seed: UInt64(word).map { "\($0)" }
        case .rate: number(word) { $0 > 0 }
        case .warmUp: number(word) { $0 >= 0 && $0 < 1 }
        case .clip: word == "off" ? word : number(word) { $0 > 0 }
        case .holdOut: [Self.auto, "none"].contains(word) ? word : number(word) { $0 > 0 && $0 < 1 }
        case .momentum:
            Self.floats(word).flatMap { $0.count == 1 && (0..<1).contains($0[0]) ? Self.short($0[0]) : nil }
        case .scale: word == Self.auto ? word : list(word) { $0.count == 1 && $0[0] != 0 }
        case .mean: word == Self.auto ? word : list(word) { _ in true }
        case .std: word == Self.auto ? word : list(word) { !$0.contains(0) }
        case .schedule: Schedule.Shape(word).map { _ in word }
        case .norm: [Self.auto, "none"].contains(word) ? word : NormScheme(word).map { "\($0)" }
        case .precision: word == "float" ? word : TrainingPrecision(word).map { _ in word }
        case .weightNorm: WeightNorm(word).map { _ in word }
        case .decay: WeightDecay(word).map { _ in Double(word).map(Self.short) ?? word }
        case .layout: word == Self.auto ? word : LabeledImages.Layout(rawValue: word).map { _ in word }
        case .channels: word == Self.auto ? word : Preprocessing.ChannelOrder(rawValue: word).map { _ in word }
        case .flip: ["on", "off"].contains(word) ? word : nil
        case .normPrecision: NormPrecision(rawValue: word).map { _ in word }
        case .rounding: Rounding(rawValue: word).map { _ in word }
        }
    }

    /// Numbers separated by commas; `nil` for anything else.
    static func floats(_ list: String) -> [Float]? {
        let parts = list.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) }
        let numbers = parts.compactMap { $0 }.filter(\.isFinite)
        return numbers.count == parts.count && !numbers.isEmpty ? numbers : nil
    }

    /// A number as it is typed, whole ones without a fraction.
    private static func short(_ number: some BinaryFloatingPoint & LosslessStringConvertible) -> String {
        let text = "\(number)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private func whole(_ word: String, _ range: ClosedRange<Int>, or names: [String] = []) -> String? {
        names.contains(word) ? word : Int(word).flatMap { range.contains($0) ? "\($0)" : nil }
    }

    private func number(_ word: String, _ isRight: (Double) -> Bool) -> String? {
        Double(word).flatMap { $0.isFinite && isRight($0) ? Self.short($0) : nil }
    }

    private func list(_ word: String, _ isRight: ([Float]) -> Bool) -> String? {
        Self.floats(word).flatMap { isRight($0) ? $0.map(Self.short).joined(separator: ",") : nil }
    }
}

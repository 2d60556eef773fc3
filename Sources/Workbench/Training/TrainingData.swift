internal import Glibc
public import Net
internal import NetIO
public import Training

/// The images of a run: what it trains on and what it is tested on.
public struct TrainingData: Sendable {
    /// Images to train on.
    public let train: TrainingImages
    /// Images to test on, if there are any.
    public let test: LabeledImages?
    /// What a user should know about them.
    public let notes: [String]

    /// Where images come from and how they become a net's input; what is not named follows from the images.
    public struct Request: Sendable {
        /// Images to train on; `nil` for Fashion-MNIST.
        public var data: String?
        /// Their labels; `nil` for those beside the images.
        public var labels: String?
        /// Images to test on.
        public var test: String?
        /// Their labels.
        public var testLabels: String?
        /// The share of the images to train on that is kept for tests instead, drawn by a fixed seed.
        public var holdOut: Double?
        /// The order of stored pixels.
        public var layout: LabeledImages.Layout?
        /// The order in which the net reads colours.
        public var channelOrder: Preprocessing.ChannelOrder?
        /// The factor of stored values.
        public var scale: Float?
        /// One mean for all channels, or one each.
        public var means: [Float]?
        /// One deviation for all channels, or one each.
        public var deviations: [Float]?
        /// The shorter side after resizing.
        public var resize: Int?
        /// The side of the square cut from the centre.
        public var crop: Int?
        /// Read the first images only, of those to train on.
        public var limit: Int?

        /// A request for Fashion-MNIST.
        public init() {}
    }

    private static let debian = "/usr/share/datasets/fashion-mnist"
    /// The mean and deviation of Fashion-MNIST's pixels, on a scale from 0 to 1.
    private static let fashion = (mean: Float(0.2860), deviation: Float(0.3530))
    /// Of the 10,000 images that come with nibble these are trained on where there are no others.
    private static let bundled = 8000

    /// Reads images.
    public init(_ request: Request) throws {
        self =
            if request.data != nil { try TrainingData(named: request) } else { try TrainingData(fashion: request) }
    }

    private init(named request: Request) throws {
        guard let path = request.data else { throw TrainingDataError.noImages }
        let read = try Self.read(path, request.labels, request, limit: request.limit)
        let (scale, notes) = (read.defaultScale, read.notes.map(\.description))
        guard let share = request.holdOut else {
            let test = try request.test.map { try Self.read($0, request.testLabels, request, limit: nil) }
            try self.init(read.images, test?.images, request, standard: (scale, [0], [1]), notes: notes)
            return
        }
        guard request.test == nil else { throw TrainingDataError.twoTests }
        let (train, test) = Self.divide(read.images, holdingOut: share)
        try self.init(
            train, test, request, standard: (scale, [0], [1]),
            notes: notes + [
                "trains on \(train.count) of \(read.images.count) images drawn at random and tests on \(test.count) others"
            ])
    }

    /// Images to train on and a share of all to test on, both drawn by a fixed seed.
    private static func divide(_ images: LabeledImages, holdingOut share: Double) -> (LabeledImages, LabeledImages)
    {
        var random = SeededGenerator(seed: 1)
        let order = Array(0..<images.count).shuffled(using: &random)
        let place = Int(Double(order.count) * (1 - share))
        return (images.selecting(Array(order[..<place])), images.selecting(Array(order[place...])))
    }

    private init(fashion request: Request) throws {
        // These have images to test on.
        guard request.holdOut == nil else { throw TrainingDataError.twoTests }
        let standard = (Float(1) / 255, [Self.fashion.mean], [Self.fashion.deviation])
        let test = try request.test.map { try Self.read($0, request.testLabels, request, limit: nil).images }
        guard Self.hasFashion else {
            guard let sample = try SampleNets().nets.first else { throw TrainingDataError.noImages }
            let all = try Self.read(sample.images, sample.labels, request, limit: nil)
            let (train, rest) = all.images.divided(at: Self.bundled)
            try self.init(
                train.prefix(request.limit ?? train.count), test ?? rest, request, standard: standard,
                notes: [
                    "trains on \(Self.bundled) of the images that come with nibble and tests on the others; Debian's package "
                        + "dataset-fashion-mnist has 60,000"
                ])
            return
        }
        let train = try Self.read(
            "\(Self.debian)/train-images-idx3-ubyte.gz", "\(Self.debian)/train-labels-idx1-ubyte.gz", request,
            limit: request.limit)
        let rest =
            try test
            ?? Self.read(
                "\(Self.debian)/t10k-images-idx3-ubyte.gz", "\(Self.debian)/t10k-labels-idx1-ubyte.gz", request,
                limit: nil
            ).images
        try self.init(train.images, rest, request, standard: standard, notes: [])
    }

    private init(
        _ train: LabeledImages, _ test: LabeledImages?, _ request: Request,
        standard: (scale: Float, mean: [Float], std: [Float]), notes: [String]
    ) throws {
        let preprocessing = Preprocessing(
            scale: request.scale ?? standard.scale, mean: request.means ?? standard.mean,
            standardDeviation: request.deviations ?? standard.std, channelOrder: request.channelOrder ?? .rgb)
        for (name, values) in [("mean", preprocessing.mean), ("std", preprocessing.standardDeviation)]
        where values.count != 1 && values.count != train.channels {
            throw TrainingDataError.wrongCount(name: name, found: values.count, channels: train.channels)
        }
        guard let images = TrainingImages(train, preprocessing) else {
            throw train.count == 0 ? TrainingDataError.noImages : .noLabels
        }
        if let test {
            guard test.labels != nil else { throw TrainingDataError.noTestLabels }
            guard MapSize(test.channels, test.height, test.width) == images.size else {
                throw TrainingDataError.otherSize
            }
        }
        self.train = images
        self.test = test
        self.notes = notes
    }

    /// Whether Debian's Fashion-MNIST is installed.
    public static var hasFashion: Bool { access("\(debian)/train-images-idx3-ubyte.gz", R_OK) == 0 }

    private static func read(_ path: String, _ labels: String?, _ request: Request, limit: Int?) throws
        -> LoadedImages
    {
        try DataReader.images(
            at: path, layout: request.layout, labelsAt: labels, resize: request.resize, crop: request.crop,
            limit: limit)
    }

    /// The classes: one more than the largest label, two at least.
    public var classes: Int { max(train.classes, (test?.labels?.max() ?? 0) + 1, 2) }
}

/// Why images are not fit for a run.
public enum TrainingDataError: Error, Equatable, CustomStringConvertible {
    /// No images at all.
    case noImages
    /// Images without labels.
    case noLabels
    /// Images to test on without labels.
    case noTestLabels
    /// Images to test on of another size.
    case otherSize
    /// Images to test on, and a share that is held back for tests.
    case twoTests
    /// Images that leave no pixel in the last stage of a net.
    case tooSmall(net: String, least: Int)
    /// Neither one value nor one for each channel.
    case wrongCount(name: String, found: Int, channels: Int)

    /// What is wrong and what to do about it, in one line.
    public var description: String {
        switch self {
        case .noImages: "there are no images to train on: name them with --data PATH"
        case .noLabels: "the images have no labels: name them with --labels PATH"
        case .noTestLabels: "the test images have no labels: name them with --test-labels PATH"
        case .otherSize: "the test images are not of the size of those to train on"
        case .twoTests: "there are images to test on already, so none are held out: leave out --hold-out"
        case .tooSmall(let net, let least): "\(net) needs images of at least \(least) x \(least)"
        case .wrongCount(let name, let found, let channels):
            "--\(name) has \(found) values and the images have \(channels) channels"
        }
    }
}

import ArgumentParser
import Engine
import Glibc
import Net
import NetIO
import Training

/// Where the images of a run come from.
struct TrainingDataOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Images to train on: .npy, .npz, idx, CIFAR-10's binary files, or a folder of class folders; default: Fashion-MNIST "
                + "of Debian's package dataset-fashion-mnist, or the images that come with nibble."))
    var data: String?

    @Option(help: "Their labels; default: those beside the images.")
    var labels: String?

    @Option(help: "Images to test on after each epoch.")
    var test: String?

    @Option(help: "Labels of the test images; default: those beside the images.")
    var testLabels: String?

    @OptionGroup var pixels: PreprocessingOptions

    @Option(help: "Train on the first N images only.")
    var limit: Int?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        if data == nil, labels != nil { throw ValidationError("--labels needs --data") }
        if test == nil, testLabels != nil { throw ValidationError("--test-labels needs --test") }
    }

    /// What a run reads.
    struct Loaded {
        let train: TrainingImages
        let test: LabeledImages?
        let notes: [String]
    }

    private static let debian = "/usr/share/datasets/fashion-mnist"
    /// The mean and deviation of Fashion-MNIST's pixels, on a scale from 0 to 1.
    private static let fashion = (mean: Float(0.2860), deviation: Float(0.3530))
    /// Of the 10,000 images that come with nibble these are trained on where there are no others.
    private static let bundled = 8000

    /// Reads the images.
    func load() throws -> Loaded {
        guard let data else { return try fashion() }
        let train = try read(data, labels)
        let test = try test.map { try read($0, testLabels) }
        return try loaded(
            train.images, test?.images, standard: (train.defaultScale, [0], [1]),
            notes: train.notes.map(\.description))
    }

    private func fashion() throws -> Loaded {
        let standard = (Float(1) / 255, [Self.fashion.mean], [Self.fashion.deviation])
        let isThere = access("\(Self.debian)/train-images-idx3-ubyte.gz", R_OK) == 0
        guard isThere else {
            guard let sample = try SampleNets().nets.first else {
                throw Failure("no images: name them with --data PATH")
            }
            let all = try read(sample.images, sample.labels, isLimited: false)
            let (train, test) = all.images.divided(at: Self.bundled)
            return try loaded(
                train.prefix(limit ?? train.count),
                try self.test.map { try read($0, testLabels, isLimited: false).images } ?? test, standard: standard,
                notes: [
                    "trains on \(Self.bundled) of the images that come with nibble and tests on the others; Debian's package "
                        + "dataset-fashion-mnist has 60,000"
                ])
        }
        let train = try read(
            "\(Self.debian)/train-images-idx3-ubyte.gz", "\(Self.debian)/train-labels-idx1-ubyte.gz")
        let test =
            if let path = self.test {
                try read(path, testLabels, isLimited: false)
            } else {
                try read(
                    "\(Self.debian)/t10k-images-idx3-ubyte.gz", "\(Self.debian)/t10k-labels-idx1-ubyte.gz",
                    isLimited: false)
            }
        return try loaded(train.images, test.images, standard: standard, notes: [])
    }

    private func read(_ path: String, _ labels: String?, isLimited: Bool = true) throws -> LoadedImages {
        try DataReader.images(
            at: path, labelsAt: labels, resize: pixels.resize, crop: pixels.crop, limit: isLimited ? limit : nil)
    }

    private func loaded(
        _ train: LabeledImages, _ test: LabeledImages?, standard: (scale: Float, mean: [Float], std: [Float]),
        notes: [String]
    ) throws -> Loaded {
        let preprocessing = Preprocessing(
            scale: pixels.scale ?? standard.scale, mean: pixels.means ?? standard.mean,
            standardDeviation: pixels.deviations ?? standard.std)
        for (name, values) in [("mean", preprocessing.mean), ("std", preprocessing.standardDeviation)]
        where values.count != 1 && values.count != train.channels {
            throw Failure("--\(name) has \(values.count) values and the images have \(train.channels) channels")
        }
        guard let images = TrainingImages(train, preprocessing) else {
            throw Failure(
                train.count == 0
                    ? "there are no images to train on" : "the images have no labels: name them with --labels PATH")
        }
        if let test {
            guard test.labels != nil else {
                throw Failure("the test images have no labels: name them with --test-labels PATH")
            }
            guard MapSize(test.channels, test.height, test.width) == images.size else {
                throw Failure("the test images are not of the size of those to train on")
            }
        }
        return Loaded(train: images, test: test, notes: notes)
    }
}

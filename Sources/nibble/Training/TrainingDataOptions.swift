import ArgumentParser
import Workbench

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

    /// Reads the images.
    func load() throws -> TrainingData {
        var request = TrainingData.Request()
        request.data = data
        request.labels = labels
        request.test = test
        request.testLabels = testLabels
        request.scale = pixels.scale
        request.means = pixels.means
        request.deviations = pixels.deviations
        request.resize = pixels.resize
        request.crop = pixels.crop
        request.limit = limit
        return try TrainingData(request)
    }
}

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

    @Option(
        help: ArgumentHelp(
            "Test on this share of the images of --data instead, such as 0.2, drawn at random by a fixed seed, and train on the others.",
            valueName: "share"))
    var holdOut: Double?

    @Option(help: "Order of the stored pixels: nchw or nhwc; default: from the shape.")
    var layout: String?

    @Option(help: "Order of the colour channels in the net: rgb or bgr; default rgb.")
    var channels: String?

    @OptionGroup var pixels: PreprocessingOptions

    @Option(help: "Read the first N images of --data only.")
    var limit: Int?

    func validate() throws {
        if data == nil, labels != nil { throw ValidationError("--labels needs --data") }
        if holdOut != nil, data == nil || test != nil {
            throw ValidationError("--hold-out needs --data, and goes without --test")
        }
        if test == nil, testLabels != nil { throw ValidationError("--test-labels needs --test") }
        _ = try form(TrainingForm())
    }

    /// A form with these options.
    func form(_ form: TrainingForm) throws -> TrainingForm {
        try form.setting([
            (.data, data), (.labels, labels), (.test, test), (.testLabels, testLabels),
            (.holdOut, holdOut.map { "\($0)" }), (.layout, layout), (.channels, channels),
            (.scale, pixels.scale.map { "\($0)" }), (.mean, pixels.mean), (.std, pixels.std),
            (.resize, pixels.resize.map { "\($0)" }), (.crop, pixels.crop.map { "\($0)" }),
            (.limit, limit.map { "\($0)" }),
        ])
    }

    /// Reads the images and says what is to be known about them.
    func load() throws -> TrainingData {
        let loaded = try TrainingData(try form(TrainingForm()).request)
        for note in loaded.notes { printToStandardError("note: \(note)") }
        return loaded
    }
}

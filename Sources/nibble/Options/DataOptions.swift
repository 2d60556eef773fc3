import ArgumentParser
import Engine
import Net
import NetIO
import Quant

/// Where images and labels come from and how they become the net's input.
struct DataOptions: ParsableArguments {
    @Option(help: "Images: .npy, .npz, idx, idx.gz, or a folder of class folders with PNG or JPEG files.")
    var data: String?

    @Option(help: "Labels: .npy, .npz, idx, CSV or text; default: those beside the images.")
    var labels: String?

    @Option(help: "Order of the stored pixels: nchw or nhwc; default: from the shape.")
    var layout: String?

    @Option(help: "Factor of the stored values; default 1/255 for integers, 1 for floats.")
    var scale: Float?

    @Option(help: "Subtracted after scaling: one value, or one per channel, separated by commas.")
    var mean: String?

    @Option(help: "Divided by last: one value, or one per channel, separated by commas.")
    var std: String?

    @Option(help: "Resize images so that their shorter side has this many pixels.")
    var resize: Int?

    @Option(help: "Cut this many pixels square from the centre.")
    var crop: Int?

    @Option(help: "Order of the colour channels in the net: rgb or bgr; default rgb.")
    var channels: String?

    @Option(help: "Use the first N images only.")
    var limit: Int?

    @Option(help: "Images to calibrate on; default: the first images of --data.")
    var calibration: String?

    @Option(help: "How many images to calibrate on.")
    var calibrate = 512

    func validate() throws {
        for (name, value) in [
            ("--limit", limit), ("--resize", resize), ("--crop", crop), ("--calibrate", calibrate),
        ] {
            if let value, value < 1 { throw ValidationError("\(name) must be at least 1") }
        }
        if let layout, LabeledImages.Layout(rawValue: layout) == nil {
            throw ValidationError("--layout is nchw or nhwc, not '\(layout)'")
        }
        if let channels, Preprocessing.ChannelOrder(rawValue: channels) == nil {
            throw ValidationError("--channels is rgb or bgr, not '\(channels)'")
        }
        for (name, list) in [("--mean", mean), ("--std", std)] {
            if let list, DataOptions.numbers(list) == nil {
                throw ValidationError("\(name) takes numbers separated by commas, not '\(list)'")
            }
        }
        if let std, DataOptions.numbers(std)?.contains(0) ?? false { throw ValidationError("--std must not be 0") }
    }

    /// Images to measure and images to calibrate on, ready for `net`.
    ///
    /// A sample net brings its own images and preprocessing; an option named on the command line wins over them.
    ///
    /// - Parameter saved: the input of a saved configuration; an option that says otherwise is an error.
    func load(
        for net: LayerGraph, sample: SampleNet?, saved: SavedConfiguration.Input? = nil
    ) throws -> (measured: ImageSource, calibration: ImageSource, notes: [String]) {
        let resize = resize ?? saved?.resize
        let crop = crop ?? saved?.crop
        guard let data = data ?? sample?.images else {
            throw Failure("no images: name them with --data PATH (.npy, .npz, idx, or a folder)")
        }
        var notes: [String] = []
        let loaded = try read(
            data, labels: labels ?? (self.data == nil ? sample?.labels : nil), limit: limit, resize: resize,
            crop: crop)
        let images = loaded.images
        notes += loaded.notes.map(\.description)
        let preprocessing = Preprocessing(
            scale: scale ?? saved?.preprocessing.scale ?? sample?.scale ?? loaded.defaultScale,
            mean: mean.flatMap(DataOptions.numbers) ?? saved?.preprocessing.mean ?? sample?.mean ?? [0],
            standardDeviation: std.flatMap(DataOptions.numbers) ?? saved?.preprocessing.standardDeviation
                ?? sample?.std ?? [1],
            channelOrder: channels.flatMap(Preprocessing.ChannelOrder.init(rawValue:))
                ?? saved?.preprocessing.channelOrder ?? .rgb)
        if let saved, saved != SavedConfiguration.Input(preprocessing, resize: resize, crop: crop) {
            throw ValidationError(
                "--config carries the preprocessing: leave out --scale, --mean, --std, --channels, --resize and --crop"
            )
        }
        for (name, values) in [("--mean", preprocessing.mean), ("--std", preprocessing.standardDeviation)]
        where values.count != 1 && values.count != images.channels {
            throw Failure("\(name) has \(values.count) values and the images have \(images.channels) channels")
        }
        let observed: LabeledImages
        if let calibration = calibration ?? (self.data == nil ? sample?.calibrationImages : nil) {
            observed = try read(calibration, labels: nil, limit: calibrate, resize: resize, crop: crop).images
        } else {
            observed = images.prefix(calibrate)
            notes.append(
                "the first \(observed.count) images calibrate and are also measured: name others with --calibration"
            )
        }
        let sources = (ImageSource(images, preprocessing), ImageSource(observed, preprocessing))
        for source in [sources.0, sources.1] {
            if let mismatch = source.mismatch(with: net) {
                throw Failure("\(mismatch): use --layout, --resize or --crop, or other images")
            }
        }
        return (sources.0, sources.1, notes)
    }

    private func read(
        _ path: String, labels: String?, limit: Int?, resize: Int?, crop: Int?
    ) throws -> LoadedImages {
        try DataReader.images(
            at: path, layout: layout.flatMap(LabeledImages.Layout.init(rawValue:)), labelsAt: labels,
            resize: resize, crop: crop, limit: limit)
    }

    private static func numbers(_ list: String) -> [Float]? {
        let parts = list.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) }
        let numbers = parts.compactMap { $0 }.filter(\.isFinite)
        return numbers.count == parts.count && !numbers.isEmpty ? numbers : nil
    }
}

import ArgumentParser
import Engine
import Net
import NetIO
import Quant
import Workbench

/// Where images and labels come from and how they become the net's input.
struct DataOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Images: .npy, .npz, idx, idx.gz, CIFAR-10's binary files or a folder of them, .pb, or a folder of class folders "
                + "with PNG or JPEG files."))
    var data: String?

    @Option(help: "Labels: .npy, .npz, idx, .pb, CSV or text; default: those beside the images.")
    var labels: String?

    @Option(help: "Order of the stored pixels: nchw or nhwc; default: from the shape.")
    var layout: String?

    @OptionGroup var pixels: PreprocessingOptions

    @Option(help: "Order of the colour channels in the net: rgb or bgr; default rgb.")
    var channels: String?

    @Option(help: "The net's input that images go to, of a net with one input.")
    var input: String?

    @Option(help: "The output that is judged; default: the first.")
    var output: String?

    @Option(help: "Use the first N images only.")
    var limit: Int?

    @Option(help: "Images to calibrate on; default: the first images of --data.")
    var calibration: String?

    @Option(help: "How many images to calibrate on; default 512, or as many as --config was saved with.")
    var calibrate: Int?

    func validate() throws {
        for (name, value) in [
            ("--limit", limit), ("--calibrate", calibrate),
        ] {
            if let value, value < 1 { throw ValidationError("\(name) must be at least 1") }
        }
        if let layout, LabeledImages.Layout(rawValue: layout) == nil {
            throw ValidationError("--layout is nchw or nhwc, not '\(layout)'")
        }
        if let channels, Preprocessing.ChannelOrder(rawValue: channels) == nil {
            throw ValidationError("--channels is rgb or bgr, not '\(channels)'")
        }
    }

    /// What `load` reads.
    struct Loaded {
        let measured: ImageSource
        let observed: ImageSource
        let input: SavedConfiguration.Input
        /// Where the measured images come from and how they become the net's input, by the options that say it.
        let words: [TrainingField: String]
        /// What the reader decided, for the user to see.
        let notes: [String]
    }

    /// The index of the output that is judged: named here, in the saved configuration, or the first.
    func judgedOutput(of net: LayerGraph, saved: SavedConfiguration?) throws -> Int {
        let names = net.graph.outputs.map { net.graph[$0].name }
        if let output, let own = saved?.output, own != output {
            throw ValidationError("--config judges the output '\(own)': leave out --output")
        }
        guard let wanted = output ?? saved?.output else {
            guard names.isEmpty else { return 0 }
            throw Failure("the net has no output, so there is nothing to judge")
        }
        guard let index = names.firstIndex(of: wanted) else {
            throw Failure("the net has no output '\(wanted)': --output is one of \(DataOptions.list(names))")
        }
        return index
    }

    /// Refuses an output that is the same for every image.
    private func checkOutput(_ output: Int, of net: LayerGraph) throws {
        let names = net.graph.outputs.map { net.graph[$0].name }
        guard net.graph.constants[net.logits[output]] == nil else {
            throw Failure(
                "the output '\(names[output])' does not depend on the images: --output is one of "
                    + DataOptions.list(names))
        }
    }

    /// Images to measure and images to calibrate on, ready for `net`.
    ///
    /// A sample net brings its own images and preprocessing; an option named on the command line wins over them.
    ///
    /// - Parameters:
    ///   - output: the judged output, whose classes labels are checked against.
    ///   - saved: a saved configuration, whose preprocessing holds; an option that says otherwise is an error.
    func load(
        for net: LayerGraph, output: Int, sample: SampleNet?, saved: SavedConfiguration? = nil
    ) throws -> Loaded {
        try checkInput(of: net)
        try checkOutput(output, of: net)
        try checkAgainst(saved?.input)
        let resize = pixels.resize ?? saved?.input.resize
        let crop = pixels.crop ?? saved?.input.crop
        guard let data = data ?? sample?.images else {
            throw Failure("no images: name them with --data PATH (.npy, .npz, idx, or a folder)")
        }
        var notes: [String] = []
        let judgement = Judgement(net.graph[net.logits[output]].shape)
        let classes = if case .classes(let count) = judgement { count } else { Int?.none }
        let labels = labels ?? (self.data == nil ? sample?.labels : nil)
        let loaded = try read(
            data, labels: labels, limit: limit, resize: resize,
            crop: crop, classes: classes)
        let images = loaded.images
        notes += loaded.notes.map(\.description)
        let preprocessing =
            saved?.input.preprocessing
            ?? Preprocessing(
                scale: pixels.scale ?? sample?.scale ?? loaded.defaultScale,
                mean: pixels.means ?? sample?.mean ?? [0],
                standardDeviation: pixels.deviations ?? sample?.std ?? [1],
                channelOrder: channels.flatMap(Preprocessing.ChannelOrder.init(rawValue:)) ?? .rgb)
        for (name, values) in [("mean", preprocessing.mean), ("std", preprocessing.standardDeviation)]
        where values.count != 1 && values.count != images.channels {
            let place = saved == nil ? "--\(name)" : "--config: preprocessing.\(name)"
            throw Failure("\(place) has \(values.count) values and the images have \(images.channels) channels")
        }
        let observed: LabeledImages
        let count = calibrate ?? saved?.calibration.images ?? DataOptions.standardCalibration
        if let calibration = calibration ?? (self.data == nil ? sample?.calibrationImages : nil) {
            observed = try read(
                calibration, labels: nil, limit: max(1, count), resize: resize, crop: crop, classes: nil
            ).images
        } else {
            observed = images.prefix(max(1, count))
            notes.append(
                "the first \(observed.count) images calibrate and are also measured: name others with --calibration"
            )
        }
        let (measured, calibrating) = (
            try source(images, preprocessing, for: net), try source(observed, preprocessing, for: net)
        )
        return Loaded(
            measured: measured, observed: calibrating,
            input: SavedConfiguration.Input(preprocessing, resize: resize, crop: crop),
            words: words(data, labels, preprocessing, resize: resize, crop: crop), notes: notes)
    }

    /// The options that read the same images again.
    private func words(
        _ data: String, _ labels: String?, _ preprocessing: Preprocessing, resize: Int?, crop: Int?
    ) -> [TrainingField: String] {
        func list(_ values: [Float]) -> String { values.map { "\($0)" }.joined(separator: ",") }
        let words: [TrainingField: String?] = [
            .data: data, .labels: labels, .layout: layout, .channels: preprocessing.channelOrder.rawValue,
            .scale: list([preprocessing.scale]), .mean: list(preprocessing.mean),
            .std: list(preprocessing.standardDeviation), .resize: resize.map { "\($0)" },
            .crop: crop.map { "\($0)" }, .limit: limit.map { "\($0)" },
        ]
        return words.compactMapValues(\.self)
    }

    private static let standardCalibration = 512

    private func source(
        _ images: LabeledImages, _ preprocessing: Preprocessing, for net: LayerGraph
    ) throws -> ImageSource {
        do {
            return ImageSource(images, preprocessing, layout: try ImageSource.layout(of: images, for: net))
        } catch {
            throw Failure("\(error): use --layout, --resize, --crop or --shape, or other images")
        }
    }

    private func checkInput(of net: LayerGraph) throws {
        let names = net.graph.inputs.map { net.graph[$0].name }
        guard names.count == 1 else {
            throw Failure(
                "the net has \(names.count) inputs (\(DataOptions.list(names))), and images feed one: "
                    + "fix the others with --value NAME:NUMBER")
        }
        if let input, !names.contains(input) {
            throw Failure("the net has no input '\(input)': its input is \(DataOptions.list(names))")
        }
    }

    /// Refuses options that say otherwise than a saved configuration, before anything is read.
    private func checkAgainst(_ saved: SavedConfiguration.Input?) throws {
        guard let saved else { return }
        let own = saved.preprocessing
        let differing: [(name: String, differs: Bool)] = [
            ("--scale", pixels.scale.map { $0 != own.scale } ?? false),
            ("--mean", pixels.means.map { $0 != own.mean } ?? false),
            ("--std", pixels.deviations.map { $0 != own.standardDeviation } ?? false),
            ("--channels", channels.map { $0 != own.channelOrder.rawValue } ?? false),
            ("--resize", pixels.resize.map { $0 != saved.resize } ?? false),
            ("--crop", pixels.crop.map { $0 != saved.crop } ?? false),
        ]
        if let wrong = differing.first(where: \.differs) {
            throw ValidationError("--config carries the preprocessing, and it differs: leave out \(wrong.name)")
        }
    }

    /// Names in quotes, the first dozen of them.
    private static func list(_ names: [String]) -> String {
        names.prefix(12).map { "'\($0)'" }.joined(separator: ", ") + (names.count > 12 ? ", …" : "")
    }

    private func read(
        _ path: String, labels: String?, limit: Int?, resize: Int?, crop: Int?, classes: Int?
    ) throws -> LoadedImages {
        let line = ProgressLine("looking at pictures", total: limit ?? 0)
        defer { line.finish() }
        return try DataReader.images(
            at: path, layout: layout.flatMap(LabeledImages.Layout.init(rawValue:)), labelsAt: labels,
            resize: resize, crop: crop, limit: limit, classes: classes,
            progress: { done, total in line.show(images: done, of: total) })
    }
}

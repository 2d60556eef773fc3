public import Net

/// Images as read, with what the reader found out about them.
public struct LoadedImages: Sendable {
    /// The images, with their labels if there are any.
    public let images: LabeledImages
    /// The scale that suits the stored type: 1/255 for integers, 1 for reals.
    public let defaultScale: Float
    /// What the reader decided or passed over, for the user to see.
    public let notes: [DataNote]
}

/// Reads images and their labels from any of the supported forms.
public struct DataReader: Sendable {
    /// The names under which archives usually hold images.
    public static let imageNames = ["images", "image", "x", "x_test", "data", "input", "inputs", "in_input"]
    /// The names under which archives usually hold labels.
    public static let labelNames = ["labels", "label", "y", "y_test", "targets"]

    let limits: DataLimits

    /// A reader that uses at most half of the machine's memory.
    public init() { self.init(limits: .standard) }

    init(limits: DataLimits) { self.limits = limits }

    /// Reads images with `DataReader()`; see the instance method.
    public static func images(
        at path: String, layout: LabeledImages.Layout? = nil, labelsAt labelsPath: String? = nil,
        resize: Int? = nil, crop: Int? = nil, limit: Int? = nil, classes: Int? = nil,
        progress: (Int, Int) -> Void = { _, _ in }
    ) throws(DataError) -> LoadedImages {
        try DataReader().images(
            at: path, layout: layout, labelsAt: labelsPath, resize: resize, crop: crop, limit: limit,
            classes: classes, progress: progress)
    }

    /// Reads images and labels.
    ///
    /// The form is told by the content: `.npy`, `.npz`, idx (each also gzipped), CIFAR-10's binary files or a folder of them,
    /// or a folder of PNG and JPEG pictures; a tensor of ONNX by its name, `.pb`. Pixels stay where they are stored, and a
    /// damaged picture is found when it is read.
    /// Labels come from `labelsPath`, else from the same archive, else from the folders' names, else there are none. From
    /// class folders without `labelsPath` the classes take turns, so that a prefix is a fair sample.
    /// - Parameters:
    ///   - path: the file or folder.
    ///   - layout: the order of an array's axes; told from the shape without it.
    ///   - labelsPath: a file of labels, one per image.
    ///   - resize: the length of the shorter side; bilinear with antialiasing.
    ///   - crop: the side of the square cut from the centre, after resizing.
    ///   - limit: how many images to read at most.
    ///   - classes: how many classes the net tells apart: labels are checked against it, and shifted if they count a
    ///     background class that the net does not have, or the other way round.
    ///   - progress: told of how many of how many pictures of a folder the headers are read.
    public func images(
        at path: String, layout: LabeledImages.Layout? = nil, labelsAt labelsPath: String? = nil,
        resize: Int? = nil, crop: Int? = nil, limit: Int? = nil, classes: Int? = nil,
        progress: (Int, Int) -> Void = { _, _ in }
    ) throws(DataError) -> LoadedImages {
        // A side beyond 2²⁴ is refused below by the limit on pixels; held there, its products cannot overflow.
        let framing = Framing(resize: resize.map { min(max(1, $0), 1 << 24) }, crop: crop.map { max(1, $0) })
        let labels: Labels? =
            if let labelsPath { try Labels(path: labelsPath, limits: limits) } else { nil }
        let loaded =
            ImageFolder.isDirectory(path)
            ? try folder(path, labels, framing, limit, progress)
            : try array(path, layout, labels, framing, limit)
        let all = loaded.images.prefix(max(0, limit ?? loaded.images.count))
        var (images, notes) = (all, loaded.notes)
        if let classes, let found = all.labels {
            let aligned = try LabelAlignment(found, classes: classes)
            images = all.with(labels: aligned.labels) ?? all
            if let note = aligned.note { notes.append(note) }
        }
        return LoadedImages(images: images, defaultScale: loaded.defaultScale, notes: notes)
    }

    private func folder(
        _ path: String, _ given: Labels?, _ framing: Framing, _ limit: Int?, _ progress: (Int, Int) -> Void
    ) throws(DataError) -> LoadedImages {
        if let files = try CifarFiles(ImageFolder.binaries(in: path)) { return try cifar(files, given, framing) }
        let folder = try ImageFolder(path: path)
        if let given { try given.check(count: folder.entries.count) }
        let order = given == nil ? folder.interleaved : folder.entries
        let chosen = Array(order.prefix(max(0, limit ?? order.count)))
        let (pixels, size, channels) = try ImageFolder.pixels(of: chosen, framing, limits: limits, progress)
        let own = chosen.compactMap(\.label)
        let labels =
            given.map { Array($0.values.prefix(chosen.count)) } ?? (own.count == chosen.count ? own : nil)
        guard
            let images = LabeledImages(
                pixels: pixels, layout: .nhwc, channels: channels, height: size.height, width: size.width,
                labels: chosen.isEmpty ? nil : labels, classNames: given == nil ? folder.classNames : nil)
        else { throw .noImages(path: path) }
        return LoadedImages(
            images: images, defaultScale: 1 / 255,
            notes: folder.skipped > 0 ? [.skippedFiles(count: folder.skipped, folder: path)] : [])
    }
}

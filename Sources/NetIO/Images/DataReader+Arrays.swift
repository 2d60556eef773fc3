import Net

extension DataReader {
    /// Images from an array file or an archive.
    func array(
        _ path: String, _ layout: LabeledImages.Layout?, _ given: Labels?, _ framing: Framing, _ limit: Int?
    ) throws(DataError) -> LoadedImages {
        let rows = limit.map { max(0, $0) }
        if StoredArray.isTensorFile(path) {
            let stored = try StoredArray(tensorFile: path, limits: limits)
            let form = try ArrayForm(stored.shape, layout, file: path)
            try given?.check(count: form.count)
            return try images(in: stored, form, given, framing)
        }
        if try FileKind(path: path) == .text, let files = try CifarFiles([path]) {
            return try cifar(files, given, framing)
        }
        let (source, own) = try sources(path, wantsLabels: given == nil)
        let form = try ArrayForm(source.header.shape, layout, file: source.name)
        var labels = given
        if labels == nil, let own { labels = try Labels(own) }
        try labels?.check(count: form.count)
        return try images(in: StoredArray(source, rows: rows), form, labels, framing)
    }

    /// The images of CIFAR-10's binary files.
    func cifar(_ files: CifarFiles, _ given: Labels?, _ framing: Framing) throws(DataError) -> LoadedImages {
        LoadedImages(images: try files.images(given, framing), defaultScale: 1 / 255, notes: [])
    }

    /// Images understood as `form`, of which the array may hold the first ones only.
    private func images(
        in array: StoredArray, _ form: ArrayForm, _ labels: Labels?, _ framing: Framing
    ) throws(DataError) -> LoadedImages {
        let count = array.shape[0]
        guard limits.allows(form.size), limits.allows(framing.resized(form.size)) else {
            throw .undecodable(
                file: array.name, reason: "its images, \(form.size), are or become larger than nibble takes them")
        }
        let size = try framing.framed(form.size, file: array.name)
        let pixels = ArrayPixels(
            [ArrayPixels.Records(bytes: array.bytes, count: count, name: array.name)], type: array.type,
            order: array.order, form: form, framing: framing.prepared(for: form.size), framed: size)
        guard
            let images = LabeledImages(
                pixels: pixels, layout: form.layout, channels: form.channels, height: size.height,
                width: size.width, labels: labels.map { Array($0.values.prefix(count)) })
        else { throw .shape(file: array.name, expected: "\(count) images of \(size)", found: array.shape) }
        var notes: [DataNote] = form.note.map { [$0] } ?? []
        if !array.type.isReal, try pixels.startsWide() { notes.append(.wideIntegers(file: array.name)) }
        return LoadedImages(images: images, defaultScale: array.type.isReal ? 1 : 1 / 255, notes: notes)
    }

    /// The images' array in a file, and the labels' if it is an archive that has them.
    private func sources(
        _ path: String, wantsLabels: Bool
    ) throws(DataError) -> (images: ArraySource, labels: ArraySource?) {
        guard try FileKind(path: path) == .zip else {
            return (try ArraySource(path: path, limits: limits), nil)
        }
        let archive = try NpzArchive(path: path, limits: limits)
        var name = archive.name(among: DataReader.imageNames)
        if name == nil { name = try archive.onlyImages() }
        guard let name else {
            throw .missingArray(file: path, wanted: DataReader.imageNames, found: archive.names)
        }
        var labels: ArraySource?
        if wantsLabels, let found = archive.name(among: DataReader.labelNames) {
            labels = try archive.source(found)
        }
        return (try archive.source(name), labels)
    }
}

extension NpzArchive {
    /// The only array with three or four axes, which must be the images; `nil` if there are several or none.
    fileprivate func onlyImages() throws(DataError) -> String? {
        var found: [String] = []
        for name in names where [3, 4].contains(try source(name).header.shape.rank) { found.append(name) }
        return found.count == 1 ? found.first : nil
    }
}

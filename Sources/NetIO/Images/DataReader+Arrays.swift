import Net

extension DataReader {
    /// Images from an array file or an archive.
    func array(
        _ path: String, _ layout: LabeledImages.Layout?, _ given: Labels?, _ framing: Framing, _ limit: Int?
    ) throws(DataError) -> LoadedImages {
        let (source, own) = try sources(path, wantsLabels: given == nil)
        let form = try ArrayForm(source.header.shape, layout, file: source.name)
        var labels = given
        if labels == nil, let own { labels = try Labels(own) }
        try labels?.check(count: form.count)

        let stored = try source.array(rows: limit)
        let count = min(max(0, limit ?? form.count), form.count)
        let size = try framing.framed(form.size, file: source.name)
        var notes: [DataNote] = form.note.map { [$0] } ?? []
        let pixels: LabeledImages.Pixels
        switch stored.values {
        case .bytes(let bytes):
            pixels = .bytes(try frame(bytes, form, framing, count, source.name))
        case .ints(let values) where values.allSatisfy { (0...255).contains($0) }:
            pixels = .bytes(
                try frame(values.map { UInt8(truncatingIfNeeded: $0) }, form, framing, count, source.name))
        case .ints(let values):
            notes.append(.wideIntegers(file: source.name))
            pixels = .floats(try frame(values.map(Float.init), form, framing, count, source.name))
        case .floats(let values):
            if let bad = values.firstIndex(where: { !$0.isFinite }) {
                throw .notFinite(file: source.name, element: bad)
            }
            pixels = .floats(try frame(values, form, framing, count, source.name))
        }
        guard
            let images = LabeledImages(
                pixels: pixels, layout: form.layout, count: count, channels: form.channels, height: size.height,
                width: size.width, labels: labels.map { Array($0.values.prefix(count)) })
        else { throw .shape(file: source.name, expected: "\(count) images of \(size)", found: stored.shape) }
        let isReal = if case .floats = stored.values { true } else { false }
        return LoadedImages(images: images, defaultScale: isReal ? 1 : 1 / 255, notes: notes)
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

    /// Brings each image to its frame.
    private func frame(
        _ values: [UInt8], _ form: ArrayForm, _ framing: Framing, _ count: Int, _ file: String
    ) throws(DataError) -> [UInt8] {
        guard try framing.framed(form.size, file: file) != form.size else { return values }
        let size = try checkedElements(form, framing, count, file, bytesPerElement: 1)
        var result: [UInt8] = []
        result.reserveCapacity(size)
        for image in 0..<count {
            let part = Array(values[image * form.elements..<(image + 1) * form.elements])
            result += framing.apply(part, form.size, planes: form.planes, depth: form.depth)
        }
        return result
    }

    private func frame(
        _ values: [Float], _ form: ArrayForm, _ framing: Framing, _ count: Int, _ file: String
    ) throws(DataError) -> [Float] {
        guard try framing.framed(form.size, file: file) != form.size else { return values }
        let size = try checkedElements(form, framing, count, file, bytesPerElement: 4)
        var result: [Float] = []
        result.reserveCapacity(size)
        for image in 0..<count {
            let part = Array(values[image * form.elements..<(image + 1) * form.elements])
            result += framing.apply(part, form.size, planes: form.planes, depth: form.depth)
        }
        return result
    }

    /// The number of elements after framing, if they and one resized image fit the limits.
    private func checkedElements(
        _ form: ArrayForm, _ framing: Framing, _ count: Int, _ file: String, bytesPerElement: Int
    ) throws(DataError) -> Int {
        let resized = framing.resized(form.size)
        let framed = try framing.framed(form.size, file: file)
        guard let one = Shape(validating: [form.channels, resized.height, resized.width]),
            let all = Shape(validating: [count, form.channels, framed.height, framed.width, bytesPerElement]),
            one.count / max(1, form.channels) <= limits.pixelsPerImage, all.count <= limits.bytes
        else { throw .tooLarge(file: file, bytes: Int.max, limit: limits.bytes) }
        return all.count / bytesPerElement
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

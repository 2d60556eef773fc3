import Glibc
import Net

/// A folder of pictures, or of one folder of pictures per class.
struct ImageFolder {
    /// A picture's file and its class.
    struct Entry: Hashable {
        let path: String
        let label: Int?
    }

    let path: String
    /// The pictures by class and name.
    let entries: [Entry]
    /// The classes by number, if the folders are named otherwise than by numbers.
    let classNames: [String]?
    /// Files passed over because they are not called .png, .jpg or .jpeg.
    let skipped: Int

    /// Lists the folder.
    ///
    /// Class folders are numbered in the order of their names, as torchvision's ImageFolder does, unless all names are
    /// whole numbers: those are the classes themselves.
    init(path: String) throws(DataError) {
        let names = try ImageFolder.list(path)
        let folders = names.filter { ImageFolder.isDirectory("\(path)/\($0)") }
        var entries: [Entry] = []
        var skipped = 0
        func add(_ names: [String], in folder: String, label: Int?) {
            let pictures = names.filter(ImageFolder.isPicture)
            skipped += names.count - pictures.count
            entries += pictures.map { Entry(path: "\(folder)/\($0)", label: label) }
        }
        let numbers = folders.compactMap { Int($0) }
        let areNumbered =
            !folders.isEmpty && numbers.count == folders.count && numbers.allSatisfy { $0 >= 0 }
            && Set(numbers).count == numbers.count
        if folders.isEmpty {
            add(names, in: path, label: nil)
        } else {
            skipped += names.count - folders.count
            for (index, folder) in folders.enumerated() {
                let inside = try ImageFolder.list("\(path)/\(folder)")
                add(inside, in: "\(path)/\(folder)", label: areNumbered ? numbers[index] : index)
            }
        }
        guard !entries.isEmpty else { throw .noImages(path: path) }
        self.path = path
        self.entries = entries
        self.skipped = skipped
        classNames = folders.isEmpty || areNumbered ? nil : folders
    }

    /// The pictures with the classes taking turns, so that the first ones are a fair sample of all.
    var interleaved: [Entry] {
        let classes = Dictionary(grouping: entries, by: \.label).sorted { ($0.key ?? 0) < ($1.key ?? 0) }.map(
            \.value)
        let longest = classes.map(\.count).max() ?? 0
        return (0..<longest).flatMap { turn in classes.compactMap { turn < $0.count ? $0[turn] : nil } }
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    fileprivate static func isPicture(_ name: String) -> Bool {
        let lower = name.lowercased()
        return [".png", ".jpg", ".jpeg"].contains { lower.hasSuffix($0) }
    }

    /// The names in a directory, sorted by their bytes, without hidden ones.
    fileprivate static func list(_ path: String) throws(DataError) -> [String] {
        guard let directory = opendir(path) else {
            throw .unreadable(file: path, reason: String(cString: strerror(errno)))
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

extension ImageFolder {
    /// The files of CIFAR-10's binary form in a folder that holds no pictures and no folders.
    static func binaries(in path: String) throws(DataError) -> [String] {
        let names = try list(path)
        guard !names.contains(where: { isPicture($0) || isDirectory("\(path)/\($0)") }) else { return [] }
        return names.filter { $0.hasSuffix(".bin") }.map { "\(path)/\($0)" }
    }

    /// The pictures of `chosen`, to be decoded when they are asked for; grey only if all of them are.
    ///
    /// Their headers are read first, so that pictures which do not fit are named at once.
    static func pixels(
        of chosen: [Entry], _ framing: Framing, limits: DataLimits,
        _ progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(DataError) -> (pixels: FolderPixels, size: ImageSize, channels: Int) {
        var channels = 1
        var common: ImageSize?
        for (index, entry) in chosen.enumerated() {
            progress(index, chosen.count)
            let header = try PictureFile(path: entry.path, limits: limits).header()
            channels = max(channels, header.channels)
            let framed = try framing.framed(header.size, file: entry.path)
            if let common, common != framed {
                throw .unequalSizes(file: entry.path, expected: common, found: framed)
            }
            common = framed
            let resized = framing.resized(header.size)
            guard limits.allows(resized) else {
                throw .undecodable(file: entry.path, reason: "resized it would be \(resized), too large")
            }
        }
        let size = common ?? ImageSize(width: 0, height: 0)
        return (FolderPixels(chosen, framing, size: size, channels: channels, limits: limits), size, channels)
    }
}

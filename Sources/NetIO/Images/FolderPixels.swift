import Net
import Synchronization

/// The pictures of a folder, each decoded when it is asked for.
///
/// Small pictures are kept after that, as long as there is room for them: what is then read again costs no decoding, and
/// memory stays bounded whatever their number. The first ones stay, because runs pass all pictures in turn: a store that
/// dropped the oldest would drop each just before it is needed again.
final class FolderPixels: PixelStore {
    /// The bytes that decoded pictures may take together.
    static let room = 64 << 20

    private struct Kept {
        var pictures: [Int: [UInt8]] = [:]
        var bytes = 0
    }

    let elementsPerImage: Int
    private let entries: [ImageFolder.Entry]
    private let framing: Framing
    private let size: ImageSize
    private let channels: Int
    private let limits: DataLimits
    private let kept = Mutex(Kept())

    var count: Int { entries.count }

    /// Pictures that `framing` brings to one size.
    init(
        _ entries: [ImageFolder.Entry], _ framing: Framing, size: ImageSize, channels: Int, limits: DataLimits
    ) {
        self.entries = entries
        self.framing = framing
        self.size = size
        self.channels = channels
        self.limits = limits
        elementsPerImage = channels * size.width * size.height
    }

    func withPixels(of index: Int, _ body: (StoredPixels) -> Void) throws {
        try pixels(of: index).withUnsafeBufferPointer { body(.bytes($0)) }
    }

    private func pixels(of index: Int) throws(DataError) -> [UInt8] {
        if let known = kept.withLock({ $0.pictures[index] }) { return known }
        let path = entries[index].path
        let picture = try PictureFile(path: path, limits: limits).picture(channels: channels)
        // A file replaced since its header was read could have another size.
        guard try framing.framed(picture.size, file: path) == size else {
            throw .unreadable(file: path, reason: "the picture changed while it was read")
        }
        let pixels = framing.prepared(for: picture.size).apply(picture.pixels, planes: 1, depth: channels)
        kept.withLock { kept in
            guard kept.pictures[index] == nil, kept.bytes + pixels.count <= FolderPixels.room else { return }
            kept.pictures[index] = pixels
            kept.bytes += pixels.count
        }
        return pixels
    }
}

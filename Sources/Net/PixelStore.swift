/// Where the pixels of images are, handed out one image at a time: in memory, in a mapped file, in a folder of pictures.
///
/// Any thread may ask for any image. What a store keeps in memory does not grow with the number of images, except where the
/// data itself is memory.
public protocol PixelStore: Sendable {
    /// The number of images.
    var count: Int { get }
    /// The elements of one image, channels × height × width.
    var elementsPerImage: Int { get }
    /// Calls `body` with the elements of one image, which are valid inside it only.
    ///
    /// - Throws: why that image cannot be read; the error describes itself in one line.
    func withPixels(of index: Int, _ body: (StoredPixels) -> Void) throws
}

/// Some images of a store.
struct PixelRange: PixelStore {
    let store: any PixelStore
    let range: Range<Int>

    var count: Int { range.count }
    var elementsPerImage: Int { store.elementsPerImage }

    func withPixels(of index: Int, _ body: (StoredPixels) -> Void) throws {
        precondition((0..<count).contains(index), "one of the images")
        try store.withPixels(of: range.lowerBound + index, body)
    }
}

/// Images of a store in another order.
struct PixelSelection: PixelStore {
    let store: any PixelStore
    let places: [Int]

    var count: Int { places.count }
    var elementsPerImage: Int { store.elementsPerImage }

    func withPixels(of index: Int, _ body: (StoredPixels) -> Void) throws {
        try store.withPixels(of: places[index], body)
    }
}

/// One image's elements, in the type in which they are stored or the nearest to it.
public enum StoredPixels {
    case bytes(UnsafeBufferPointer<UInt8>)
    case floats(UnsafeBufferPointer<Float>)
}

/// Pixels in memory, image after image.
public struct MemoryPixels: PixelStore {
    /// All images' elements.
    public enum Elements: Sendable {
        case bytes([UInt8])
        case floats([Float])

        /// The number of elements.
        var count: Int {
            switch self {
            case .bytes(let bytes): bytes.count
            case .floats(let floats): floats.count
            }
        }
    }

    private let elements: Elements
    /// The number of images.
    public let count: Int
    /// The elements of one image.
    public let elementsPerImage: Int

    /// Pixels of `count` images; `nil` if the elements cannot be divided among them.
    public init?(_ elements: Elements, count: Int) {
        guard count >= 0, count == 0 ? elements.count == 0 : elements.count % count == 0 else { return nil }
        self.elements = elements
        self.count = count
        elementsPerImage = count == 0 ? 0 : elements.count / count
    }

    /// Calls `body` with the elements of one image.
    public func withPixels(of index: Int, _ body: (StoredPixels) -> Void) {
        let range = index * elementsPerImage..<(index + 1) * elementsPerImage
        switch elements {
        case .bytes(let bytes):
            bytes.withUnsafeBufferPointer { body(.bytes(UnsafeBufferPointer(rebasing: $0[range]))) }
        case .floats(let floats):
            floats.withUnsafeBufferPointer { body(.floats(UnsafeBufferPointer(rebasing: $0[range]))) }
        }
    }
}

public import Net

/// Why images, labels or arrays could not be read from a file.
public enum DataError: Error, Hashable, Sendable {
    /// The file could not be opened or read, or its compressed stream is damaged.
    case unreadable(file: String, reason: String)
    /// The first bytes belong to no format that nibble reads.
    case unknownFormat(file: String)
    /// The file ends before the data that its header promises; offset and counts in bytes.
    case truncated(file: String, offset: Int, expected: Int, found: Int)
    /// The bytes at an offset contradict the format.
    case malformed(file: String, offset: Int, expected: String, found: String)
    /// Elements of a type that nibble does not read.
    case unsupportedType(file: String, type: String)
    /// The array is stored column by column.
    case columnMajor(file: String)
    /// Reading would need more memory than the limit, or the promised size cannot be in a file of this length.
    case tooLarge(file: String, bytes: Int, limit: Int)
    /// None of the wanted arrays is in the archive.
    case missingArray(file: String, wanted: [String], found: [String])
    /// The array's shape does not suit its use.
    case shape(file: String, expected: String, found: Shape)
    /// The images' shape fits no layout, or both.
    case unknownLayout(file: String, shape: Shape)
    /// A pixel that is not a number, or infinite.
    case notFinite(file: String, element: Int)
    /// The labels do not number as many as the images.
    case labelCount(file: String, expected: Int, found: Int)
    /// A label that is not a class number.
    case label(file: String, line: Int, found: String)
    /// A label outside the net's classes.
    case labelOutOfRange(image: Int, label: Int, classes: Int)
    /// A picture that its decoder refuses.
    case undecodable(file: String, reason: String)
    /// A picture whose size differs from the first one's; sizes are width and height.
    case unequalSizes(file: String, expected: ImageSize, found: ImageSize)
    /// A picture smaller than the crop.
    case cropTooLarge(file: String, crop: Int, found: ImageSize)
    /// No image at all.
    case noImages(path: String)
}

/// The width and height of a picture in pixels.
public struct ImageSize: Hashable, Sendable, CustomStringConvertible {
    /// Columns.
    public let width: Int
    /// Rows.
    public let height: Int

    /// A size from its parts.
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// Width and height joined by `×`.
    public var description: String { "\(width)×\(height)" }
}

extension DataError: CustomStringConvertible {
    /// What is wrong, where, and what to do about it, in one line.
    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "cannot read \(file): \(reason)"
        case .unknownFormat(let file):
            "\(file) is in no known format: give .npy, .npz, idx, idx.gz, CIFAR-10's .bin, .pb, or a folder of class folders "
                + "with PNG or JPEG"
        case .truncated(let file, let offset, let expected, let found):
            "\(file) is cut short: \(expected) bytes expected at offset \(offset), \(found) found; copy it again"
        case .malformed(let file, let offset, let expected, let found):
            "\(file) is damaged at offset \(offset): expected \(expected), found \(found); write or copy it again"
        case .unsupportedType(let file, let type):
            "\(file) holds elements of type \(type): store it as uint8 or float32 (numpy: array.astype)"
        case .columnMajor(let file):
            "\(file) is stored in Fortran order: save it with numpy.ascontiguousarray(array)"
        case .tooLarge(let file, let bytes, let limit):
            "\(file) asks for \(bytes) bytes, more than the limit of \(limit): use --limit N to read fewer images, "
                + "or check that the file is undamaged"
        case .missingArray(let file, let wanted, let found):
            "\(file) holds no array named \(wanted.joined(separator: ", ")) (it holds: "
                + "\(found.isEmpty ? "none" : found.joined(separator: ", "))); rename it when saving with numpy.savez"
        case .shape(let file, let expected, let found):
            "\(file) has shape \(found), expected \(expected): reshape the array"
        case .unknownLayout(let file, let shape):
            "\(file) has shape \(shape), which does not tell channels from rows: add --layout nchw or --layout nhwc"
        case .notFinite(let file, let element):
            "\(file): element \(element) is not a finite number; remove that image"
        case .labelCount(let file, let expected, let found):
            "\(file) has \(found) labels for \(expected) images: give the labels of these images with --labels"
        case .label(let file, let line, let found):
            "\(file): label \(line) is '\(found)', not a class number; write one whole number a line, counted from 0"
        case .labelOutOfRange(let image, let label, let classes):
            "image \(image) has label \(label), but the net has \(classes) classes: check --labels and --output"
        case .undecodable(let file, let reason): "cannot decode \(file): \(reason); replace or remove it"
        case .unequalSizes(let file, let expected, let found):
            "\(file) is \(found), others are \(expected): add --resize N and --crop N to give all images one size"
        case .cropTooLarge(let file, let crop, let found):
            "\(file) is \(found), smaller than the crop of \(crop)×\(crop): lower --crop or add --resize \(crop)"
        case .noImages(let path): "\(path) holds no images: give PNG or JPEG files in one folder per class"
        }
    }
}

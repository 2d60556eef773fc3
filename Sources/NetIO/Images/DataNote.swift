public import Net

/// Something a reader decided or passed over, which the user should know.
public enum DataNote: Hashable, Sendable {
    /// Every label was shifted, because the file and the net disagree on a background class.
    case shiftedLabels(by: Int, classes: Int)
    /// The integers exceed 0...255, so that the default scale of 1/255 is a guess.
    case wideIntegers(file: String)
    /// The shape fits both layouts.
    case ambiguousLayout(file: String, taken: LabeledImages.Layout)
    /// Files in a folder of pictures that are none.
    case skippedFiles(count: Int, folder: String)
}

extension DataNote: CustomStringConvertible {
    /// What was decided and how to decide otherwise, in one line.
    public var description: String {
        switch self {
        case .shiftedLabels(let offset, let classes):
            "labels shifted by \(offset > 0 ? "+" : "")\(offset) to match the net's \(classes) classes"
        case .wideIntegers(let file): "\(file) holds integers outside 0 to 255: set --scale"
        case .ambiguousLayout(let file, let taken):
            "\(file) fits both layouts, read as \(taken.rawValue): set --layout if that is wrong"
        case .skippedFiles(let count, let folder):
            "\(count) file\(count == 1 ? "" : "s") in \(folder) passed over: not PNG or JPEG"
        }
    }
}

/// A net that comes with nibble, with its data and the figures its author measured.
public struct SampleNet: Hashable, Sendable, Decodable {
    /// The name that the command line knows it by.
    public let name: String
    /// The ONNX file.
    public let file: String
    /// The SHA-256 of the ONNX file, in lower-case hexadecimal.
    public let sha256: String
    /// What kind of net it is, such as "ResNet-20".
    public let architecture: String
    /// The number of trained parameters.
    public let parameters: Int
    /// The share of `images` that the float net classifies rightly, 0 to 1.
    public let accuracy: Double
    /// Subtracted from the scaled pixels, per channel.
    public let mean: [Float]
    /// Divides last, per channel.
    public let std: [Float]
    /// Multiplies the stored pixels first.
    public let scale: Float
    /// The images to measure on.
    public let images: String
    /// Their labels.
    public let labels: String
    /// The images to calibrate on.
    public let calibrationImages: String
    /// The labels of the calibration images.
    public let calibrationLabels: String?
    /// The names of the classes.
    public let classes: [String]
    /// An archive of inputs and the outputs expected for them.
    public let expected: String?
    /// The command that trained the net.
    public let command: String?
    /// The seed of its training.
    public let seed: Int?
}

extension SampleNet {
    /// The same net with its files' paths below `directory`; `nil` if one leaves it.
    func located(in directory: String) -> SampleNet? {
        let paths = [file, images, labels, calibrationImages] + [calibrationLabels, expected].compactMap(\.self)
        let stays = paths.allSatisfy { path in
            !path.isEmpty && !path.hasPrefix("/") && !path.split(separator: "/").contains("..")
        }
        guard stays else { return nil }
        func place(_ path: String) -> String { "\(directory)/\(path)" }
        return SampleNet(
            name: name, file: place(file), sha256: sha256, architecture: architecture, parameters: parameters,
            accuracy: accuracy, mean: mean, std: std, scale: scale, images: place(images), labels: place(labels),
            calibrationImages: place(calibrationImages), calibrationLabels: calibrationLabels.map(place),
            classes: classes, expected: expected.map(place), command: command, seed: seed)
    }
}

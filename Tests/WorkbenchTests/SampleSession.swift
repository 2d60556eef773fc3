import Engine
import Net
import NetIO
import Quant
import Workbench

/// A bundled net with a few of its images.
enum Sample {
    static let directory = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/sample-nets"

    static func subject(_ name: String = "fashion-vgg", images: Int = 64) throws -> Subject {
        let file = try OnnxFile(path: "\(directory)/\(name).onnx")
        let loaded = try DataReader.images(
            at: "\(directory)/fashion-test-images.idx.gz", layout: nil,
            labelsAt: "\(directory)/fashion-test-labels.idx.gz", resize: nil, crop: nil, limit: images
        ).images
        let preprocessing = Preprocessing(scale: 1 / 255, mean: [0.286], standardDeviation: [0.353])
        return Subject(
            name: name, sha256: file.sha256, net: LayerGraph(file.graph),
            measured: ImageSource(loaded, preprocessing, isShuffled: true),
            observed: ImageSource(loaded, preprocessing), input: SavedConfiguration.Input(preprocessing),
            imageWords: [
                .data: "\(directory)/fashion-test-images.idx.gz",
                .labels: "\(directory)/fashion-test-labels.idx.gz",
                .scale: "0.003921569", .mean: "0.286", .std: "0.353", .limit: "\(images)",
            ],
            options: RunOptions(threads: 2, isa: InstructionSet.available[0]))
    }

    static func calibration(of subject: Subject) async throws -> Calibration {
        try await CalibrationRun(subject.net, on: subject.observed, options: subject.options).run()
    }

    /// A calibrated session, and its first measurement's generation.
    static func session() async throws -> Session {
        let subject = try subject()
        var session = Session(subject, configuration: Configuration(.standard, for: subject.net))
        _ = session.receive(.calibrated(try await calibration(of: subject)))
        return session
    }
}

import Engine
import Net
import NetIO
import Quant
import Workbench

@testable import TUI

extension ScreenState {
    /// The explorer on a sample net and its first test images, before calibration.
    static func sample(_ name: String, images count: Int, threads: Int = 2) throws -> ScreenState {
        let directory = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/sample-nets"
        let file = try OnnxFile(path: "\(directory)/\(name).onnx")
        let images = try DataReader.images(
            at: "\(directory)/fashion-test-images.idx.gz", labelsAt: "\(directory)/fashion-test-labels.idx.gz",
            limit: count
        ).images
        let preprocessing = Preprocessing(scale: 1 / 255, mean: [0.286], standardDeviation: [0.353])
        let net = LayerGraph(file.graph)
        let source = ImageSource(images, preprocessing)
        let subject = Subject(
            name: name, sha256: file.sha256, net: net, measured: source, observed: source,
            input: SavedConfiguration.Input(preprocessing), imageWords: [.data: "pictures/images.idx.gz"],
            options: RunOptions(threads: threads, isa: InstructionSet.available[0]))
        return ScreenState(Session(subject, configuration: Configuration(.standard, for: net)))
    }
}

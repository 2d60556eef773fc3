import Foundation
import NetIO
import Training

/// What each layer did in every so many steps of a run, as a file of comma-separated values.
struct LayerRecords {
    /// From one recorded step to the next.
    let interval: Int
    private let path: String
    private var table = ResultTable(
        title: "layers",
        columns: [
            "step", "layer", "weight norm", "gradient norm", "effective step", "weights' angle",
            "activations' angle",
            "gradients' angle",
        ])
    /// The rows of the steps before this run was resumed, as they stand in the file.
    private var earlier = ""

    /// Records that begin, or go on after those of a file about steps that are done.
    init(interval: Int, path: String, stepsDone: Int) throws {
        self.interval = interval
        self.path = path
        guard stepsDone > 0, access(path, F_OK) == 0 else { return }
        let text = try String(contentsOfFile: path, encoding: .utf8)
        for line in text.split(separator: "\n").dropFirst() {
            guard let step = line.split(separator: ",").first.flatMap({ Int($0) }) else {
                throw Failure("\(path) is not a file of layers' records: move it away to go on")
            }
            if step < stepsDone { earlier += line + "\n" }
        }
    }

    /// Whether a step is to be recorded.
    func includes(_ step: Int) -> Bool { step % interval == 0 }

    /// Adds what a step did.
    mutating func add(_ telemetry: StepTelemetry) {
        for layer in telemetry.layers {
            let angles = [layer.weights, layer.activations, layer.gradients].map(\.degrees)
            let figures = [layer.weightNorm, layer.gradientNorm, layer.effectiveStep] + angles
            table.add(
                [.text("\(telemetry.step)"), .text(layer.name)] + figures.map { ResultTable.Cell.number($0) })
        }
    }

    /// Writes the file, whole or not at all.
    func write() throws {
        let rows = table.csv
        let header = rows.prefix { $0 != "\n" }
        try AtomicFile.write(header + "\n" + earlier + rows.dropFirst(header.count + 1), to: path)
    }
}

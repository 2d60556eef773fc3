public import Engine
internal import Quant

extension Trainer {
    /// The share of labelled images that the net gets right as it would be exported: the engine's float pass.
    public func accuracy(on images: ImageSource, _ options: RunOptions) async throws -> Double {
        try await Trainer.accuracy(
            of: Program(LayerGraph(try graph())), on: images, classes: net.classes, options)
    }

    /// The share of labelled images that a program gets right; 0 without labels.
    static func accuracy(
        of program: Program, on images: ImageSource, classes: Int, _ options: RunOptions
    ) async throws -> Double {
        guard let labels = images.images.labels, !labels.isEmpty else { return 0 }
        let logits = try await Evaluation(program, on: images, options: options).values()
        let correct = labels.indices.count { position in
            let row = logits[position * classes..<(position + 1) * classes]
            return row.max().flatMap { row.firstIndex(of: $0) } == row.startIndex + labels[images.order[position]]
        }
        return Double(correct) / Double(labels.count)
    }
}

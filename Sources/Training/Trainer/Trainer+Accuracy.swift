public import Engine
internal import Quant

extension Trainer {
    /// The share of labelled images that the net gets right as it would be exported: the engine's float pass.
    public func accuracy(on images: ImageSource, _ options: RunOptions) async throws -> Double {
        try await Trainer.accuracy(
            of: Program(LayerGraph(try graph())), on: images, classes: net.classes, options)
    }

    /// The share of labelled images that a program gets right; 0 without labels.
    ///
    /// Images are run in pieces, between which other tasks get their turn.
    /// - Throws: `Cancelled` soon after `cancelled` returns true, or why an image cannot be read.
    public static func accuracy(
        of program: Program, on images: ImageSource, classes: Int, _ options: RunOptions,
        cancelled: @escaping @Sendable () -> Bool = { false }
    ) async throws -> Double {
        guard let labels = images.images.labels, !labels.isEmpty else { return 0 }
        let evaluation = Evaluation(program, on: images, options: options)
        var correct = 0
        for start in stride(from: 0, to: labels.count, by: pieceSize) {
            let positions = start..<min(start + pieceSize, labels.count)
            let logits = try await evaluation.values(of: positions, cancelled: cancelled)
            correct += positions.count { position in
                let first = (position - start) * classes
                let row = logits[first..<first + classes]
                return row.max().flatMap { row.firstIndex(of: $0) } == first + labels[images.order[position]]
            }
        }
        return Double(correct) / Double(labels.count)
    }

    private static let pieceSize = 2000
}

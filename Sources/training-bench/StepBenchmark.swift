import Engine
import Net
import Training

/// A trainer on random bytes, which costs what one on real images does.
struct StepBenchmark {
    private let trainer: Trainer

    init(_ arguments: [String]) throws {
        guard arguments.count >= 3, let architecture = Architecture(arguments[0]), let batch = Int(arguments[1]),
            let threads = Int(arguments[2])
        else { throw UsageError() }
        let count = 10 * batch
        var random = SeededGenerator(seed: 1)
        let bytes = (0..<count * 784).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let labels = (0..<count).map { _ in Int(random.next() % 10) }
        guard
            let stored = LabeledImages(
                pixels: Bytes(bytes: bytes), layout: .nchw, channels: 1, height: 28, width: 28, labels: labels),
            let images = TrainingImages(
                stored, Preprocessing(scale: 1 / 255, mean: [0.286], standardDeviation: [0.353]))
        else { throw UsageError() }
        var options = TrainingOptions()
        options.batch = batch
        options.epochs = 1_000_000
        options.schedule = Schedule(peak: 0.01, shape: .constant)
        if arguments.count > 3, arguments[3] != "float" {
            options.norm = .range(.standard)
            options.precision = TrainingPrecision()
        }
        let net = architecture.blueprint(
            width: architecture.standardWidth, end: architecture.isNormalized ? .normalized : .biased,
            input: images.size, classes: 10)
        trainer = try Trainer(net, options: options, images: images, threads: threads, isa: .best)
    }

    mutating func seconds(steps: Int) throws -> Double {
        let clock = ContinuousClock()
        let time = try clock.measure { for _ in 0..<steps { _ = try trainer.step() } }
        return Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
    }
}

/// Images of 784 bytes in memory.
private struct Bytes: PixelStore {
    let bytes: [UInt8]
    let elementsPerImage = 784
    var count: Int { bytes.count / elementsPerImage }

    func withPixels(of index: Int, _ body: (StoredPixels) -> Void) {
        bytes[index * elementsPerImage..<(index + 1) * elementsPerImage].withUnsafeBufferPointer {
            body(.bytes($0))
        }
    }
}

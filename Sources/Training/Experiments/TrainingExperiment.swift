public import Engine
internal import Net

/// An experiment that trains the same net in several ways, on the same images and from the same seed, and compares.
public struct TrainingExperiment: Sendable {
    /// What is asked.
    public enum Question: String, Hashable, Sendable, CaseIterable {
        /// Do all schemes of normalization train as well?
        case norms
        /// Does training in 8 bits end where training in floats does, and what does that take?
        case eightBit = "eight-bit"
        /// Is weight decay more than a step size?
        case decay
        /// Can bounded weights take the place of batch normalization, or of decay?
        case bounded
        /// Which training makes nets that survive quantization to 4 bits?
        case quantizability
    }

    /// How much is trained.
    public struct Extent: Hashable, Sendable {
        /// A ResNet-8 on up to 10,000 images, 6 epochs.
        public static let short = Extent(depth: 8, width: 16, images: 10_000, epochs: 6)
        /// A ResNet-20 on all images, 20 epochs.
        public static let full = Extent(depth: 20, width: 16, images: .max, epochs: 20)

        let depth: Int
        let width: Int
        let images: Int
        let epochs: Int
    }

    /// What is asked.
    public let question: Question
    let extent: Extent
    let train: TrainingImages
    let test: ImageSource
    let seed: UInt64
    let run: RunOptions

    /// An experiment on labelled images.
    public init(
        _ question: Question, extent: Extent, train: TrainingImages, test: ImageSource, seed: UInt64,
        run: RunOptions
    ) {
        self.question = question
        self.extent = extent
        self.train = train.prefix(extent.images)
        self.test = test
        self.seed = seed
        self.run = run
    }

    /// One way of training.
    struct Variant: Sendable {
        let name: String
        var end = ConvolutionBlueprint.End.normalized
        var options: TrainingOptions
        var recordsNorms = false
        /// What images are multiplied by after their preprocessing.
        var imageScale: Float = 1
    }

    /// What one way of training came to.
    struct Outcome {
        let name: String
        let trainer: Trainer

        var epochs: [EpochResult] { trainer.state.epochs }
        /// Of the test images, after the last epoch.
        var accuracy: Double { epochs.last?.testAccuracy ?? 0 }
    }

    /// Trains all variants, one after the other.
    ///
    /// - Parameters:
    ///   - progress: told which variant is trained, the share of the whole that is done, and a step's loss.
    ///   - cancelled: asked before each step.
    /// - Throws: `Cancelled`, or why a variant cannot be trained. A loss that is not a number ends its variant only.
    public func run(
        progress: @escaping (_ variant: String, _ share: Double, _ loss: Double) -> Void = { _, _, _ in },
        cancelled: @escaping () -> Bool = { false }
    ) async throws -> ExperimentReport {
        switch question {
        case .norms: try await norms(progress, cancelled)
        case .eightBit: try await eightBit(progress, cancelled)
        case .decay: try await decay(progress, cancelled)
        case .bounded: try await bounded(progress, cancelled)
        case .quantizability: try await quantizability(progress, cancelled)
        }
    }

    /// The options that all variants start from.
    var standard: TrainingOptions {
        var options = TrainingOptions()
        options.epochs = extent.epochs
        options.seed = seed
        options.schedule = Schedule(peak: 0.1, shape: .triangle(rise: 0.2))
        options.batch = min(128, train.images.count)
        return options
    }

    /// The standard options with a change.
    func options(_ change: (inout TrainingOptions) -> Void) -> TrainingOptions {
        var options = standard
        change(&options)
        return options
    }

    func blueprint(_ end: ConvolutionBlueprint.End) -> Blueprint {
        Architecture.resnet(depth: extent.depth).blueprint(
            width: extent.width, end: end, input: train.size,
            classes: max(train.classes, (test.images.labels?.max() ?? 0) + 1, 2))
    }

    /// Trains one variant; one that diverges keeps the epochs it has.
    func outcome(
        of variant: Variant, share: ClosedRange<Double>, _ progress: (String, Double, Double) -> Void,
        _ cancelled: () -> Bool
    ) async throws -> Outcome {
        let trainer = try Trainer(
            blueprint(variant.end), options: variant.options, images: train.scaled(by: variant.imageScale),
            threads: run.threads, isa: run.isa, recordsNorms: variant.recordsNorms)
        let test = ImageSource(
            test.images, test.preprocessing.scaled(by: variant.imageScale), layout: test.layout)
        while !trainer.isDone {
            if cancelled() { throw Cancelled() }
            do {
                let result = try trainer.step()
                let done = Double(trainer.state.step) / Double(trainer.stepCount)
                progress(variant.name, share.lowerBound + done * (share.upperBound - share.lowerBound), result.loss)
            } catch TrainingError.notFinite {
                break
            }
            if trainer.isEpochDone { trainer.endEpoch(testAccuracy: try await trainer.accuracy(on: test, run)) }
        }
        return Outcome(name: variant.name, trainer: trainer)
    }

    /// Trains variants one after the other.
    func outcomes(
        of variants: [Variant], _ progress: (String, Double, Double) -> Void, _ cancelled: () -> Bool
    ) async throws -> [Outcome] {
        var outcomes: [Outcome] = []
        for (index, variant) in variants.enumerated() {
            let (first, last) = (Double(index) / Double(variants.count), Double(index + 1) / Double(variants.count))
            outcomes.append(try await outcome(of: variant, share: first...last, progress, cancelled))
        }
        return outcomes
    }

    /// What was trained, in a sentence.
    var setting: String {
        "\(blueprint(.normalized).name) on \(train.images.count) images, \(standard.epochs) epochs of batches of "
            + "\(standard.batch), seed \(seed); tested on \(test.images.count) others"
    }

    /// Loss and accuracies of each outcome, and its figures epoch by epoch.
    func tables(_ outcomes: [Outcome]) -> [ResultTable] {
        var ends = ResultTable(
            title: "After the last epoch",
            columns: ["run", "loss", "training accuracy", "test accuracy", "best test accuracy"])
        var courses = ResultTable(
            title: "Epoch by epoch",
            columns: ["run", "epoch", "loss", "training accuracy", "test accuracy", "rate"])
        for outcome in outcomes {
            let best = outcome.epochs.compactMap(\.testAccuracy).max()
            let last = outcome.epochs.last
            ends.add(
                [.text(outcome.trainer.isDone ? outcome.name : "\(outcome.name): diverged")]
                    + [last?.loss, last?.trainAccuracy, last?.testAccuracy, best].map {
                        $0.map { .number($0) } ?? .none
                    })
            for epoch in outcome.epochs {
                courses.add([
                    .text(outcome.name), .number(Double(epoch.epoch)), .number(epoch.loss),
                    .number(epoch.trainAccuracy), epoch.testAccuracy.map { .number($0) } ?? .none,
                    .number(epoch.rate),
                ])
            }
        }
        return [ends, courses]
    }

    /// Accuracy and loss against epochs.
    func plots(_ outcomes: [Outcome], title: String) -> [LinePlot] {
        func series(_ value: (EpochResult) -> Double?) -> [LinePlot.Series] {
            outcomes.map { outcome in
                LinePlot.Series(
                    outcome.name,
                    outcome.epochs.compactMap { epoch in value(epoch).map { SIMD2(Double(epoch.epoch), $0) } })
            }
        }
        return [
            LinePlot(
                title: "\(title): test accuracy", x: "epoch", y: "share right", series: series { $0.testAccuracy }),
            LinePlot(title: "\(title): training loss", x: "epoch", y: "loss", series: series { $0.loss }),
        ]
    }
}

/// 87.65 for 0.8765: points with two digits.
func points(_ share: Double) -> String { "\((share * 10_000).rounded() / 100)" }

public import Engine
public import Quant

/// Quantizes one layer at a time and measures what that costs; runs start at the float net's checkpoints.
public struct SensitivityPass: Sendable {
    let subject: Subject
    let float: Program
    /// Filled by the float net; layers alone leave nothing in it.
    let cache: CheckpointCache

    init(subject: Subject, float: Program, cache: CheckpointCache) {
        self.subject = subject
        self.float = float
        self.cache = cache
    }

    /// A pass of its own over a subject, within the memory that the subject grants for checkpoints.
    public init(_ subject: Subject) {
        self.init(
            subject: subject, float: Program(subject.net, output: subject.output),
            cache: CheckpointCache(budget: subject.cacheBudget))
    }

    /// The images looked at: the first of the visiting order.
    public var imageCount: Int { min(Sensitivity.images, subject.measured.order.count) }

    /// Measures the keys one after the other.
    ///
    /// - Parameter report: told the difference to the float net of every key that is done.
    /// - Throws: `Cancelled` once the flag is set, or why an image cannot be read.
    public func run(
        _ keys: [SensitivityKey], _ calibration: Calibration, cancelled: CancellationFlag,
        report: (SensitivityKey, PairedDifference) -> Void
    ) async throws {
        let positions = 0..<imageCount
        let labels = subject.measured.images.labels.map { labels in
            positions.map { labels[subject.measured.order[$0]] }
        }
        let before = try await values(of: float, positions, isFollowed: true, cancelled)
        for key in keys {
            let plan = QuantizationPlan(
                net: subject.net, calibration: calibration, configuration: configuration(for: key))
            let program = Program(
                subject.net, plan: plan, output: subject.output, arithmetic: subject.arithmetic, reusing: float)
            let after = try await values(of: program, positions, isFollowed: false, cancelled)
            var comparison = Comparison(subject.judgement, isLabelled: subject.isLabelled)
            comparison.add(float: before[...], quantized: after[...], labels: labels)
            if let change = comparison.change { report(key, change) }
        }
    }

    private func values(
        of program: Program, _ positions: Range<Int>, isFollowed: Bool, _ cancelled: CancellationFlag
    ) async throws -> [Float] {
        try await Evaluation(
            program, on: subject.measured, options: subject.options, cache: cache, images: positions.count,
            isFollowed: isFollowed
        ).values(of: positions, cancelled: { cancelled.isCancelled })
    }

    /// All layers float but one.
    private func configuration(for key: SensitivityKey) -> Configuration {
        var configuration = Configuration(.standard, for: subject.net)
        for index in configuration.layers.indices {
            configuration.layers[index].weights = .float
            configuration.layers[index].activations = .float
            configuration.layers[index].allocation = .none
        }
        configuration.layers[key.layer] = key.settings
        configuration.residual = .float
        return configuration
    }
}

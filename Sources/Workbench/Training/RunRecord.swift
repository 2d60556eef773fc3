public import Training

/// A run as the session knows it: what it was started with, and what it has reported.
public struct RunRecord: Sendable {
    /// Where a run is.
    public enum Phase: Hashable, Sendable {
        /// Its images are being read.
        case loading
        case running
        case paused
        /// It was asked to end.
        case ending
        /// All its steps are done.
        case completed
        /// It was ended before, and its net kept.
        case stopped
        /// It was ended and nothing kept.
        case dropped
        /// It could not begin or go on; why, in one line.
        case failed(String)
    }

    /// Counts the session's runs.
    public let id: Int
    /// Its place in plots, 0 or 1, as long as it is shown.
    public let slot: Int
    /// What it was started with.
    public let form: TrainingForm
    /// Where its files are.
    public let folder: String
    /// Where it is.
    public internal(set) var phase = Phase.loading
    /// Its net; `nil` until images are read.
    public internal(set) var outline: RunOutline?
    /// The steps done.
    public internal(set) var step = 0
    /// Loss and accuracy on the images trained on.
    public internal(set) var curve = LearningCurve()
    /// What each epoch ended with.
    public internal(set) var epochs: [EpochResult] = []
    /// Figures of each layer over the run, one entry for each recorded step.
    public internal(set) var history: [LayerFigures] = []
    /// The last step that was recorded.
    public internal(set) var telemetry: StepTelemetry?
    /// Images of all threads a second.
    public internal(set) var imagesPerSecond = 0.0
    /// The file that its net was written to.
    public internal(set) var file: String?

    /// Its letter in plots: A or B.
    public var letter: Character { slot == 0 ? "A" : "B" }

    /// Whether it takes time of processors, now or later.
    public var isUnderWay: Bool {
        switch phase {
        case .loading, .running, .paused, .ending: true
        case .completed, .stopped, .dropped, .failed: false
        }
    }

    /// Whether leaving loses its net.
    public var isUnsaved: Bool { isUnderWay || phase == .completed && file == nil }

    /// The share of its steps that is done.
    public var fraction: Double { outline.map { Double(step) / Double(max(1, $0.steps)) } ?? 0 }

    /// The seconds that are left at the present speed, while it runs.
    public var secondsLeft: Double? {
        guard let outline, phase == .running, imagesPerSecond > 0 else { return nil }
        return Double((outline.steps - step) * outline.batch) / imagesPerSecond
    }

    /// The last step's loss and accuracy, as the curve has them.
    public var latest: LearningCurve.Point? { course.last }

    /// Loss and accuracy on the images trained on, over the whole run: of the steps before it went on only the epochs' means are known.
    public var course: [LearningCurve.Point] {
        guard let outline, outline.firstStep > 0 else { return curve.points }
        let earlier = epochs.map { epoch in
            LearningCurve.Point(
                step: epoch.epoch * outline.stepsPerEpoch, loss: epoch.loss, accuracy: epoch.trainAccuracy)
        }
        return earlier.filter { $0.step <= outline.firstStep } + curve.points
    }
}

/// What a run's net and length are.
public struct RunOutline: Hashable, Sendable {
    /// Its convolutions and dense layers by name, in order.
    public let layers: [String]
    /// The steps of the whole run.
    public let steps: Int
    /// The steps of an epoch.
    public let stepsPerEpoch: Int
    /// Images of a step.
    public let batch: Int
    /// Images it trains on.
    public let trainImages: Int
    /// Images it is tested on.
    public let testImages: Int
    /// The file of its net.
    public let file: String
    /// The steps that were done when it went on from a checkpoint.
    public let firstStep: Int
}

/// The figures of all layers in one step.
public struct LayerFigures: Hashable, Sendable {
    /// The steps done before.
    public let step: Int
    /// For each layer the figures of `LayerQuantity`, in its order.
    public let values: [[Double]]

    /// What a step did, without its histograms.
    init(_ telemetry: StepTelemetry) {
        step = telemetry.step
        values = telemetry.layers.map { layer in LayerQuantity.allCases.map { $0.value(of: layer) } }
    }
}

/// A figure that each layer has in each recorded step.
public enum LayerQuantity: String, Hashable, Sendable, CaseIterable {
    case weightNorm = "weight norm"
    case gradientNorm = "gradient norm"
    case effectiveStep = "effective step"
    case weightAngle = "weights' angle"
    case activationAngle = "activations' angle"
    case gradientAngle = "gradients' angle"

    /// The figure of a layer.
    public func value(of layer: LayerTelemetry) -> Double {
        switch self {
        case .weightNorm: layer.weightNorm
        case .gradientNorm: layer.gradientNorm
        case .effectiveStep: layer.effectiveStep
        case .weightAngle: layer.weights.degrees
        case .activationAngle: layer.activations.degrees
        case .gradientAngle: layer.gradients.degrees
        }
    }

    /// Its place in `LayerFigures.values`.
    public var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// Loss and accuracy of a run's steps, as means over so many of them that the points stay few.
public struct LearningCurve: Hashable, Sendable {
    /// The mean over some steps.
    public struct Point: Hashable, Sendable {
        /// The steps done at its end.
        public let step: Int
        /// The mean loss.
        public let loss: Double
        /// The share of images that was right.
        public let accuracy: Double
    }

    /// The most points that are kept: more would show the noise of batches rather than the course.
    static let limit = 96

    /// The points, oldest first; the last one may stand for fewer steps than the others.
    public private(set) var points: [Point] = []
    /// The steps of a point.
    public private(set) var stepsPerPoint = 1
    /// The steps of the last point.
    private var filled = 0

    /// A curve without points.
    public init() {}

    /// Adds a step; they come in order.
    ///
    /// - Parameter step: the steps done, this one included.
    mutating func add(loss: Double, accuracy: Double, step: Int) {
        if filled == 0 || filled == stepsPerPoint {
            if points.count == Self.limit { halve() }
            points.append(Point(step: step, loss: loss, accuracy: accuracy))
            filled = 1
            return
        }
        let last = points[points.count - 1]
        filled += 1
        let share = 1 / Double(filled)
        points[points.count - 1] = Point(
            step: step, loss: last.loss + (loss - last.loss) * share,
            accuracy: last.accuracy + (accuracy - last.accuracy) * share)
    }

    /// Makes one point of two; all are full.
    private mutating func halve() {
        points = stride(from: 0, to: points.count - 1, by: 2).map { place in
            let (a, b) = (points[place], points[place + 1])
            return Point(step: b.step, loss: (a.loss + b.loss) / 2, accuracy: (a.accuracy + b.accuracy) / 2)
        }
        stepsPerPoint *= 2
    }
}

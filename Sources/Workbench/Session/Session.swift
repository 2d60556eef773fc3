public import Engine
public import Quant

/// The state of an exploration: choices, what follows from them, what is selected, and the history of edits.
///
/// `update` and `receive` are pure: they change the state and answer with effects to run elsewhere. The plan always
/// belongs to the configuration, and an estimate to the plan: results of an older generation are dropped.
public struct Session: Sendable {
    /// What is explored.
    public let subject: Subject
    /// The user's choices.
    public internal(set) var configuration: Configuration
    /// What calibration showed; `nil` until it is done.
    public internal(set) var calibration: Calibration?
    /// The share of the calibration that is done.
    public internal(set) var calibrationProgress = 0.0
    /// What follows from the choices; `nil` until calibration is done.
    public internal(set) var plan: QuantizationPlan?
    /// The plan's size.
    public internal(set) var size: PlanSize?
    /// The running measurement of the plan; `nil` until its first images are done.
    public internal(set) var estimate: Estimate?
    /// The complete or last estimate of the configuration before the last edit.
    public internal(set) var previousEstimate: Estimate?
    /// Why the last run ended before its end, if it did: what is shown will not go on by itself.
    public internal(set) var stopped: String?
    /// Counts the plans; an estimate carries the number of its plan.
    public internal(set) var generation = 0

    /// What layers alone cost, as far as it was measured.
    public internal(set) var sensitivity = Sensitivity()
    /// What the theory view shows.
    public internal(set) var theory = Theory()
    /// What the training view shows; it outlives the net that is explored.
    public internal(set) var training: TrainingLab

    /// The selected layer.
    public internal(set) var selection = 0
    /// The selected channel of the selected layer's target.
    public internal(set) var channel: Int?
    /// Whether edits of bits act on weights or activations.
    public internal(set) var target = Target.activations
    /// The marked layers, on which edits act together.
    public internal(set) var marks: Set<Int> = []
    /// Only layers whose name contains this are listed.
    public internal(set) var filter = ""
    /// The order of the list.
    public internal(set) var order = LayerOrder.network
    /// The last message for the user.
    public internal(set) var notice: Notice?

    /// The file the configuration was saved to or loaded from.
    public internal(set) var file: String?
    var savedConfiguration: Configuration
    /// Counts the nets that were gone to: what an effect for the one before still answers is dropped by it.
    public internal(set) var number = 0
    /// The other nets that are open, each as it was left; the one that the user came from is the last.
    var others: [Session] = []
    var past: [Edit] = []
    var future: [Edit] = []

    /// A session that starts from a configuration; ask `start` for its first effects.
    ///
    /// - Parameter file: the file the configuration was read from, if any.
    public init(_ subject: Subject, configuration: Configuration, file: String? = nil) {
        precondition(configuration.layers.count == subject.net.layers.count, "one setting per layer")
        self.subject = subject
        self.configuration = configuration
        self.file = file
        training = TrainingLab(images: subject.imageWords, hasLabels: subject.isLabelled)
        savedConfiguration = configuration
        selection = subject.net.layers.indices.first { !subject.net.firstLayers.contains($0) } ?? 0
    }

    /// What has to be done first.
    public var start: [Effect] { [.calibrate] }

    /// Whether choices would be lost by leaving.
    public var isUnsaved: Bool { configuration != savedConfiguration }
    /// The names of the other nets that are open; the one that the user came from is the last.
    public var otherNets: [String] { others.map(\.subject.name) }
    /// Those of them whose choices would be lost by leaving.
    public var unsavedNets: [String] { others.filter(\.isUnsaved).map(\.subject.name) }
    /// Whether an edit can be taken back.
    public var canUndo: Bool { !past.isEmpty }
    /// Whether an edit can be done again.
    public var canRedo: Bool { !future.isEmpty }

    /// The layers that are listed, in their order.
    public var visibleLayers: [Int] {
        let layers = subject.net.layers
        let shown = layers.indices.filter {
            filter.isEmpty || layers[$0].name.lowercased().contains(filter.lowercased())
        }
        switch order {
        case .network: return shown
        case .worstFirst:
            let noise = shown.map { ($0, plan?.layers[$0].inputSQNR ?? .infinity) }
            return noise.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
        case .largestFirst:
            return shown.sorted {
                (-layers[$0].weights.shape.count, $0) < (-layers[$1].weights.shape.count, $1)
            }
        }
    }

    /// The difference to the float net when a layer alone is quantized as it is now; `nil` until measured.
    public func cost(of layer: Int) -> PairedDifference? {
        sensitivity.results[SensitivityKey(layer: layer, settings: configuration.layers[layer])]
    }

    /// The same at a number of bits.
    public func cost(of layer: Int, bits: Int) -> PairedDifference? {
        sensitivity.results[SensitivityKey(layer: layer, settings: configuration.layers[layer], bits: bits)]
    }

    /// The layers an edit acts on: the marked ones, or the selected one.
    public var edited: [Int] {
        guard marks.isEmpty else { return marks.sorted() }
        return configuration.layers.indices.contains(selection) ? [selection] : []
    }

    /// The number of channels of the selected layer's target.
    public var channelCount: Int {
        guard subject.net.layers.indices.contains(selection) else { return 0 }
        let layer = subject.net.layers[selection]
        switch target {
        case .weights: return layer.outputChannels
        case .activations: return calibration?.observations[layer.input]?.channels.count ?? 0
        }
    }

    /// The bits of each channel of a layer's target; `nil` where it has one width for all.
    public func channelBits(of index: Int, _ target: Target) -> [Int]? {
        guard let layer = plan?.layers[index] else { return nil }
        switch target {
        case .weights: return layer.weightChannelBits
        case .activations:
            guard let quantizers = layer.input.channelQuantizers, quantizers.count > 1 else { return nil }
            return quantizers.map { $0?.bits ?? 0 }
        }
    }
}

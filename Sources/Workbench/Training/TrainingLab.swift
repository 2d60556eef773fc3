/// The panels of the training view.
public enum TrainingPanel: String, Hashable, Sendable, CaseIterable {
    /// The form, and where the runs are.
    case setup
    /// Loss and accuracy.
    case curves
    /// Norms, steps and angles of each layer.
    case layers
    /// Histograms of a layer's gradients.
    case gradients
}

/// One change of the training view.
public enum TrainingChange: Hashable, Sendable {
    /// Chooses a panel.
    case panel(TrainingPanel)
    /// Selects a line of the form.
    case field(TrainingField)
    /// Puts a word into a line of the form.
    case word(TrainingField, String)
    /// Goes through the suggestions of a line of the form.
    case step(TrainingField, Int)
    /// Starts a run as the form has it.
    case start
    /// Goes on with the run in a folder: the form becomes that of the run.
    case resume(String)
    /// Pauses the selected run, or goes on with it.
    case pause
    /// Ends the selected run, if it goes on, and writes its net, also to a file that does not exist if one is named.
    case keep(String?)
    /// Ends the selected run with a checkpoint, without its net, or forgets one that has ended.
    case drop
    /// Selects a run by its place.
    case select(Int)
    /// Selects the other run.
    case other
    /// Selects a layer of the selected run by its place; beyond the ends the nearest.
    case layer(Int)
    /// Chooses the figure whose course is shown.
    case quantity(LayerQuantity)
    /// Opens the selected run's net in the explorer, in place of the net there.
    case open
    /// Ends all runs and writes their nets.
    case keepAll
}

/// The state of the training view: the form, and up to two runs.
public struct TrainingLab: Sendable {
    /// The most runs that are shown side by side.
    public static let limit = 2

    /// The panel chosen.
    public internal(set) var panel = TrainingPanel.setup
    /// Where the images of the first net that was explored come from, by the options of the command line.
    public let images: [TrainingField: String]
    /// The form as it was first.
    public let standard: TrainingForm
    /// What the next run is to be.
    public internal(set) var form: TrainingForm
    /// The line of the form that is selected.
    public internal(set) var field = TrainingField.net
    /// The runs, in the order of their plots.
    public internal(set) var runs: [RunRecord] = []
    /// The place of the selected run.
    public internal(set) var selection = 0
    /// The selected layer.
    public internal(set) var layer = 0
    /// The figure whose course is shown.
    public internal(set) var quantity = LayerQuantity.weightNorm
    /// The runs started so far.
    var started = 0

    /// A view without runs.
    public init(images: [TrainingField: String], hasLabels: Bool) {
        self.images = images
        standard = TrainingForm(hasLabels: hasLabels && images[.data] != nil)
        form = standard
    }

    /// Where the files of the next run go.
    public var folder: String { form.folder(for: images) }

    /// The selected run.
    public var run: RunRecord? { runs.indices.contains(selection) ? runs[selection] : nil }

    /// Whether leaving loses a net.
    public var isUnsaved: Bool { runs.contains(where: \.isUnsaved) }

    /// The threads of each run that goes on: two share the processors.
    func threads(of total: Int) -> Int {
        max(1, total / max(1, runs.count { $0.phase == .running || $0.phase == .loading }))
    }
}

import Quant
import Terminal
import Workbench

/// Everything a frame is drawn from: the session and what only the screen knows.
struct ScreenState {
    /// A question that the next keys answer.
    enum Mode: Hashable {
        case browsing
        /// The next key is a width.
        case bits
        case filter(LineEditor)
        case save(LineEditor)
        case load(LineEditor)
        case command(LineEditor)
        /// Something is unsaved: save, leave, or stay.
        case leaving
        /// The word of a line of the training form.
        case word(TrainingField, LineEditor)
        /// The file of a run's net.
        case keep(LineEditor)
        /// Runs are under way or their nets are not written: keep them, leave, or stay.
        case leavingRuns
        /// Another net that is open has choices that are unsaved: go there, leave, or stay.
        case leavingNet(String)
        /// The help, scrolled so far.
        case help(Int)
    }

    /// The pane that the arrows act on.
    enum Focus: Hashable {
        case layers, channels
    }

    var session: Session
    var view = ViewKind.explorer
    var focus = Focus.layers
    var mode = Mode.browsing
    /// The slider that keys of the theory view act on.
    var slider = 0
    /// How long the last edit took to recompute everything but accuracy.
    var recompute: Duration?
    /// What the selected layer shows.
    var details: Details?
    /// Whether the program ends once the configuration is written.
    var isLeavingAfterSave = false
    /// Whether the program ends once the nets of all runs are written.
    var isLeavingAfterRuns = false

    /// What keys do in the view shown.
    var keys: KeyTable<Action> {
        switch view {
        case .theory: theoryKeys
        case .training: trainingKeys
        case .explorer, .weights, .channels, .sensitivity: explorerKeys
        }
    }

    /// The key line: what leads to another net that is open comes first.
    func hints(_ glyphs: Glyphs) -> [KeyHint] {
        guard let name = session.otherNets.last, let back = keys.bindings.first(where: { $0.command == .back }),
            let key = back.keys.first
        else { return keys.hints(glyphs) }
        return [KeyHint(key: key.label(glyphs), text: "to \(name.shortened(to: 18))")] + keys.hints(glyphs)
    }

    /// The first frame's state.
    init(_ session: Session) { self.session = session }
}

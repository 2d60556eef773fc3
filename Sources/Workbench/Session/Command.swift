import Quant

/// What a user asks a session to do.
public enum Command: Hashable, Sendable {
    /// Selects a layer by its index in the net.
    case select(Int)
    /// Moves the selection by so many visible layers.
    case move(Int)
    /// Selects a channel of the selected layer's target; `nil` selects none.
    case selectChannel(Int?)
    /// Moves the selected channel.
    case moveChannel(Int)
    /// Chooses whether edits act on weights or activations.
    case target(Target)
    /// Marks or unmarks the selected layer.
    case mark
    /// Removes all marks.
    case clearMarks
    /// Shows only the layers whose name contains the text.
    case filter(String)
    /// Chooses the order in which layers are listed.
    case order(LayerOrder)
    /// Selects the layer with the lowest SQNR of what it reads.
    case worst
    /// Changes the selected layer, or all marked ones; or the selected channel where the change is one of its bits.
    case edit(Change)
    /// Changes every layer.
    case editAll(Change)
    /// Gives every other layer that is neither first nor last the choices of the selected one.
    case applyToAll
    /// Changes the net's choices.
    case editNet(NetChange)
    /// Takes the last edit back.
    case undo
    /// Does the edit that was taken back again.
    case redo
    /// Measures what each layer alone costs, at its choices and at 2 to 8 bits.
    case sense
    /// Ends that.
    case stopSensing
    /// Changes what the theory view shows.
    case theory(TheoryChange)
    /// Changes the training view, or one of its runs.
    case train(TrainingChange)
    /// Goes back to the net that was explored before; once more goes on to the next, and so to all that are open.
    case back
    /// Writes the configuration to a file.
    case save(String)
    /// Reads a configuration from a file.
    case load(String)
}

/// The orders in which layers are listed.
public enum LayerOrder: Hashable, Sendable, CaseIterable {
    /// As they run.
    case network
    /// The lowest SQNR of the layer's input first.
    case worstFirst
    /// The most weights first.
    case largestFirst
}

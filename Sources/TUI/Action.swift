import Workbench

/// What a key asks the explorer to do.
enum Action: Hashable, Sendable {
    /// Moves the selection of the focused pane up or down.
    case move(Int)
    /// Moves by a page.
    case page(Int)
    /// The first or the last row.
    case end(Int)
    /// Chooses the column on the left or right, or the neighbouring channel.
    case sideways(Int)
    /// Moves the focus between the layers and the channels.
    case focus
    /// Chooses a view.
    case view(ViewKind)
    /// Waits for a width to be typed.
    case bits
    /// Adds bits.
    case step(Int)
    /// Real values.
    case float
    /// Multiplies the threshold.
    case threshold(percent: Int)
    /// Gives threshold and channel bits back to the method.
    case release
    /// The next way to find the threshold.
    case prior
    /// The next choice of bits per channel.
    case allocate
    /// The next correction of quantized weights.
    case correct
    /// One range per tensor, or one per channel.
    case granularity
    /// Gives all other layers the choices of this one.
    case applyToAll
    /// Marks the layer.
    case mark
    /// Removes marks and filter.
    case clear
    /// Asks for a filter.
    case filter
    /// The next layer that the filter shows.
    case match(Int)
    /// The next order of the list.
    case sort
    /// The layer with the lowest SQNR.
    case worst
    case undo, redo
    /// Saves, asking for a name the first time.
    case save
    /// Asks for a name, then saves.
    case saveAs
    /// Asks for a file to load.
    case load
    /// Goes back to the net that was explored before.
    case back
    /// Asks for a command.
    case command
    /// Something in the theory view.
    case theory(TheoryAction)
    /// Something in the training view.
    case training(TrainingAction)
    case help, suspend, quit
}

/// What a key asks the training view to do.
enum TrainingAction: Hashable, Sendable {
    /// The next panel or the one before.
    case panel(Int)
    /// The next line of the form or layer, or the one before.
    case move(Int)
    /// The next word of the form's line or the next figure of layers, or the one before.
    case sideways(Int)
    /// Asks for the word of the form's line.
    case type
    /// Starts a run.
    case start
    /// Pauses the selected run, or goes on.
    case pause
    /// Asks for a file, ends the selected run, and writes its net.
    case keep
    /// Ends the selected run without its net, or forgets one that has ended.
    case drop
    /// Selects the other run.
    case other
    /// Opens the selected run's net in the explorer.
    case open
}

/// What a key asks the theory view to do.
enum TheoryAction: Hashable, Sendable {
    /// The next panel or the one before.
    case panel(Int)
    /// The next slider or the one before.
    case slider(Int)
    /// Moves the selected slider by so many places.
    case slide(Int)
    /// Moves a slider of the panel by so many places.
    case move(TheoryParameter, Int)
    /// The next place of a slider of the panel, the first after the last.
    case cycle(TheoryParameter)
    /// Multiplies the threshold.
    case threshold(percent: Int)
    /// Has the threshold follow the formula's optimum again.
    case release
}

/// The views of the explorer.
enum ViewKind: Hashable, Sendable, CaseIterable {
    /// Histogram, curves and bits per channel of what a layer reads.
    case explorer
    /// Histogram, grid and corrections of a layer's weights.
    case weights
    /// All figures of each channel.
    case channels
    /// What each layer alone costs, at 2 to 8 bits.
    case sensitivity
    /// Formulas beside simulations.
    case theory
    /// Runs of the training lab.
    case training
}

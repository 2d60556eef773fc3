import Terminal

/// The explorer's keys: dispatch, footer and help all come from here.
let explorerKeys = KeyTable<Action>([
    KeyBinding([.up, "k"], .move(-1), group: "Moving", hint: "layer", "previous layer or channel"),
    KeyBinding([.down, "j"], .move(1), group: "Moving", hint: "layer", "next layer or channel"),
    KeyBinding([.left, "h"], .sideways(-1), group: "Moving", hint: "column", "weights column, previous channel"),
    KeyBinding([.right, "l"], .sideways(1), group: "Moving", hint: "column", "activations column, next channel"),
    KeyBinding([.pageUp], .page(-1), group: "Moving", "a page up"),
    KeyBinding([.pageDown], .page(1), group: "Moving", "a page down"),
    KeyBinding([.home, "g"], .end(-1), group: "Moving", "first"),
    KeyBinding([.end, "G"], .end(1), group: "Moving", "last"),
    KeyBinding([.tab, .backTab], .focus, group: "Moving", "between layers and channels"),
    KeyBinding(["w"], .worst, group: "Moving", "the layer with the lowest SQNR"),
    KeyBinding(["/"], .filter, group: "Moving", "show only layers whose name contains a text"),
    KeyBinding(["n"], .match(1), group: "Moving", "next layer shown"),
    KeyBinding(["N"], .match(-1), group: "Moving", "previous layer shown"),
    KeyBinding(["S"], .sort, group: "Moving", "order: as they run, lowest SQNR first, largest first"),

    KeyBinding(["+", "="], .step(1), group: "Editing", hint: "bits", "one bit more; above 8 comes float"),
    KeyBinding(["-", "_"], .step(-1), group: "Editing", hint: "bits", "one bit less"),
    KeyBinding(["b"], .bits, group: "Editing", "then 0 to 8, or f: set the bits"),
    KeyBinding(["f"], .float, group: "Editing", "keep as float"),
    KeyBinding(["["], .threshold(percent: -5), group: "Editing", hint: "threshold", "threshold 5 % lower"),
    KeyBinding(["]"], .threshold(percent: 5), group: "Editing", hint: "threshold", "threshold 5 % higher"),
    KeyBinding(["{"], .threshold(percent: -1), group: "Editing", "threshold 1 % lower"),
    KeyBinding(["}"], .threshold(percent: 1), group: "Editing", "threshold 1 % higher"),
    KeyBinding(
        ["p"], .prior, group: "Editing", hint: "prior",
        "clipping of the chosen column: auto, laplace, gauss, mse, kl, minmax"),
    KeyBinding(
        ["a"], .allocate, group: "Editing", hint: "allocate", "bits per channel: none, weights, activations, both"),
    KeyBinding(["c"], .correct, group: "Editing", hint: "correct", "bias correction: none, mean, both"),
    KeyBinding(["r"], .granularity, group: "Editing", "ranges: per tensor, per channel, power-of-two steps"),
    KeyBinding(["x"], .release, group: "Editing", "give back what was set by hand: threshold, channel bits"),
    KeyBinding(["A"], .applyToAll, group: "Editing", "all layers as this one, but the first and last"),
    KeyBinding([" "], .mark, group: "Editing", "mark: edits act on all marked layers"),
    KeyBinding([.escape], .clear, group: "Editing", "remove marks, filter and message"),
    KeyBinding(["u"], .undo, group: "Editing", hint: "undo", "undo"),
    KeyBinding(["U", .control("r")], .redo, group: "Editing", "redo"),

    KeyBinding(["1"], .view(.explorer), group: "Views", "explorer: histogram, curves, bits per channel"),
    KeyBinding(["2"], .view(.weights), group: "Views", "weights: histogram, grid, corrections"),
    KeyBinding(["3"], .view(.channels), group: "Views", "channels: b, sigma, range, bits, threshold, error"),
    KeyBinding(["5"], .view(.sensitivity), group: "Views", "sensitivity: what each layer alone costs; Esc ends it"),
    KeyBinding(["6"], .view(.theory), group: "Views", "theory: formulas beside simulations"),
    KeyBinding(["O"], .back, group: "Views", "back to the net explored before, as it was left; once more: on"),
    KeyBinding(["7"], .view(.training), group: "Views", "training: train nets, watch them, open them here"),

    KeyBinding(["s"], .save, group: "Files", hint: "save", "save the configuration"),
    KeyBinding(["W"], .saveAs, group: "Files", "save under another name"),
    KeyBinding(["o"], .load, group: "Files", "open a saved configuration"),

    KeyBinding([":"], .command, group: "General", "command line, with completion"),
    KeyBinding([.control("z")], .suspend, group: "General", "suspend; fg comes back"),
    KeyBinding(["q", .control("c")], .quit, group: "General", hint: "quit", "quit; asks if something is unsaved"),
    KeyBinding(["?", .function(1)], .help, group: "General", hint: "all keys", "this help"),
])

/// The keys of the theory view: its own, then those of every view.
let theoryKeys = KeyTable<Action>([
    KeyBinding(
        [.tab], .theory(.panel(1)), group: "Theory", hint: "panel", "next panel: clipping, bins, angle, sigma"),
    KeyBinding([.backTab], .theory(.panel(-1)), group: "Theory", "previous panel"),
    KeyBinding([.up, "k"], .theory(.slider(-1)), group: "Theory", hint: "slider", "previous slider"),
    KeyBinding([.down, "j"], .theory(.slider(1)), group: "Theory", hint: "slider", "next slider"),
    KeyBinding([.left, "h"], .theory(.slide(-1)), group: "Theory", hint: "value", "the slider's value lower"),
    KeyBinding([.right, "l"], .theory(.slide(1)), group: "Theory", hint: "value", "the slider's value higher"),
    KeyBinding([.pageDown], .theory(.slide(-10)), group: "Theory", "ten places lower"),
    KeyBinding([.pageUp], .theory(.slide(10)), group: "Theory", "ten places higher"),
    KeyBinding([.home, "g"], .theory(.slide(-1000)), group: "Theory", "the lowest value"),
    KeyBinding([.end, "G"], .theory(.slide(1000)), group: "Theory", "the highest value"),
    KeyBinding(["p"], .theory(.cycle(.distribution)), group: "Theory", hint: "prior", "next distribution"),
    KeyBinding(["+", "="], .theory(.move(.bits, 1)), group: "Theory", hint: "bits", "one bit more"),
    KeyBinding(["-", "_"], .theory(.move(.bits, -1)), group: "Theory", hint: "bits", "one bit less"),
    KeyBinding(
        ["["], .theory(.threshold(percent: -5)), group: "Theory", hint: "threshold", "threshold 5 % lower"),
    KeyBinding(
        ["]"], .theory(.threshold(percent: 5)), group: "Theory", hint: "threshold", "threshold 5 % higher"),
    KeyBinding(
        ["r"], .theory(.cycle(.range)), group: "Theory", hint: "range", "values of both signs, or rectified"),
    KeyBinding(["{"], .theory(.threshold(percent: -1)), group: "Theory", "threshold 1 % lower"),
    KeyBinding(["}"], .theory(.threshold(percent: 1)), group: "Theory", "threshold 1 % higher"),
    KeyBinding(["x"], .theory(.release), group: "Theory", "threshold back to the formula's best"),
]).followed(by: KeyTable(explorerKeys.bindings.filter { ["Views", "Files", "General"].contains($0.group) }))

/// The keys of the training view: its own, then those of every view that it leaves free.
let trainingKeys = KeyTable<Action>([
    KeyBinding(
        ["t"], .training(.start), group: "Training", hint: "train",
        "start a run as the form says, or go on with it; two go side by side"),
    KeyBinding([" "], .training(.pause), group: "Training", hint: "pause", "pause the selected run, or go on"),
    KeyBinding(
        ["e"], .training(.keep), group: "Training", hint: "keep", "end the selected run and write its net"),
    KeyBinding(["o"], .training(.open), group: "Training", hint: "open", "open the run's net in the explorer"),
    KeyBinding(
        [.tab], .training(.panel(1)), group: "Training", hint: "panel",
        "next panel: setup, curves, layers, gradients"),
    KeyBinding([.backTab], .training(.panel(-1)), group: "Training", "previous panel"),
    KeyBinding(
        [.up, "k"], .training(.move(-1)), group: "Training", hint: "line", "previous line of the form, or layer"),
    KeyBinding(
        [.down, "j"], .training(.move(1)), group: "Training", hint: "line", "next line of the form, or layer"),
    KeyBinding(
        [.left, "h"], .training(.sideways(-1)), group: "Training", hint: "word",
        "previous word of the line, or figure of layers"),
    KeyBinding(
        [.right, "l"], .training(.sideways(1)), group: "Training", hint: "word",
        "next word of the line, or figure of layers"),
    KeyBinding([.enter], .training(.type), group: "Training", "type the word of the form's line"),
    KeyBinding(
        ["x"], .training(.drop), group: "Training", hint: "drop",
        "end the selected run with a checkpoint only; then take it away"),
    KeyBinding(["r"], .training(.other), group: "Training", hint: "other run", "select the other run"),
    KeyBinding([.pageUp], .training(.move(-10)), group: "Training", "ten lines up"),
    KeyBinding([.pageDown], .training(.move(10)), group: "Training", "ten lines down"),
    KeyBinding([.home, "g"], .training(.move(-1000)), group: "Training", "first line"),
    KeyBinding([.end, "G"], .training(.move(1000)), group: "Training", "last line"),
]).followed(
    by: KeyTable(
        explorerKeys.bindings.filter { ["Views", "Files", "General"].contains($0.group) && $0.keys != ["o"] }))

import Quant
import Terminal
import Workbench

/// What a key led to besides a new state.
struct Reaction {
    /// What the session wants done.
    var effects: [Effect] = []
    /// What the loop does next.
    var step = LoopStep.redraw
}

extension ScreenState {
    /// Carries out a key press on a screen of a size.
    mutating func press(_ key: Key, size: Size) -> Reaction {
        switch mode {
        case .browsing:
            guard let action = keys[key] else { return Reaction(step: .idle) }
            return perform(action, size: size)
        case .bits: return typeBits(key)
        case .filter(let editor): return type(key, editor, as: { .filter($0) }, finish: { [.filter($0)] })
        case .save(let editor):
            return type(key, editor, as: { .save($0) }, finish: { $0.isEmpty ? [] : [.save($0)] })
        case .load(let editor):
            return type(key, editor, as: { .load($0) }, finish: { $0.isEmpty ? [] : [.load($0)] })
        case .command(let editor): return typeCommand(key, editor)
        case .leaving: return leave(key)
        case .word(let field, let editor):
            return type(key, editor, as: { .word(field, $0) }, finish: { [.train(.word(field, $0.trimmed))] })
        case .keep(let editor):
            // The name that is offered stands for any like it that is free.
            let offered = session.training.run?.outline?.file
            return type(
                key, editor, as: { .keep($0) },
                finish: { $0.isEmpty ? [] : [.train(.keep($0 == offered ? nil : $0))] })
        case .leavingRuns: return leaveRuns(key)
        case .leavingNet: return leaveNet(key)
        case .help(let scroll): return scrollHelp(key, scroll, size: size)
        }
    }

    /// Carries out a command of the session and times it.
    mutating func run(_ commands: [Command]) -> Reaction {
        var reaction = Reaction()
        for command in commands {
            let (generation, number) = (session.generation, session.number)
            let start = ContinuousClock.now
            reaction.effects += session.update(command)
            if session.number != number {
                arrive()
            } else if session.generation != generation {
                recompute = ContinuousClock.now - start
            }
        }
        return reaction
    }

    /// Shows the net that was gone to.
    mutating func arrive() {
        view = .explorer
        focus = .layers
        mode = .browsing
        recompute = nil
    }

    // MARK: Modes

    private mutating func typeBits(_ key: Key) -> Reaction {
        mode = .browsing
        switch key {
        case .character("f"): return perform(.float, size: Size(width: 0, height: 0))
        case .character(let digit):
            guard let bits = digit.wholeNumberValue, (0...8).contains(bits), digit.isASCII else {
                return Reaction()
            }
            return setBits(.bits(bits))
        default: return Reaction()
        }
    }

    private mutating func type(
        _ key: Key, _ editor: LineEditor, as wrap: (LineEditor) -> Mode, finish: (String) -> [Command]
    ) -> Reaction {
        var editor = editor
        switch key {
        case .escape, .control("c"):
            mode = .browsing
        case .enter:
            mode = .browsing
            return run(finish(editor.text))
        default:
            _ = editor.handle(key)
            mode = wrap(editor)
        }
        return Reaction()
    }

    private mutating func typeCommand(_ key: Key, _ editor: LineEditor) -> Reaction {
        let names = session.subject.net.layers.map(\.name)
        switch key {
        case .tab:
            let completions = TypedCommand.completions(of: editor.text, layerNames: names)
            // The longest beginning that all completions share.
            guard var shared = completions.first else { return Reaction() }
            for line in completions { shared = String(zip(shared, line).prefix { $0 == $1 }.map(\.0)) }
            mode = .command(LineEditor(shared.count > editor.text.count ? shared : editor.text))
            if completions.count > 1 {
                session.say(Notice(.note, completions.map(\.trimmed).joined(separator: "  ")))
            }
            return Reaction()
        case .enter:
            mode = .browsing
            guard !editor.text.trimmed.isEmpty else { return Reaction() }
            do {
                switch try TypedCommand(editor.text.trimmed, layerNames: names) {
                case .session(let command):
                    if case .theory = command { view = .theory }
                    if case .train = command { view = .training }
                    return run([command])
                case .view(let kind): return show(kind)
                case .help: mode = .help(0)
                case .quit: return quit()
                }
            } catch {
                session.say(Notice(.failure, error.text))
            }
            return Reaction()
        default:
            return type(key, editor, as: { .command($0) }, finish: { _ in [] })
        }
    }

    private mutating func leave(_ key: Key) -> Reaction {
        switch key {
        case .character("q"), .control("c"): return leaveOtherNets()
        case .character("s"):
            mode = .browsing
            guard let file = session.file else {
                mode = .save(LineEditor(suggestedFile))
                return Reaction()
            }
            isLeavingAfterSave = true
            return run([.save(file)])
        case .escape, .character("n"):
            mode = .browsing
        default: break
        }
        return Reaction()
    }

    /// Ends, or asks first for choices of other nets that are open.
    mutating func leaveOtherNets() -> Reaction {
        guard let name = session.unsavedNets.last else { return Reaction(step: .quit) }
        mode = .leavingNet(name)
        return Reaction()
    }

    private mutating func leaveNet(_ key: Key) -> Reaction {
        switch key {
        case .character("q"), .control("c"): return Reaction(step: .quit)
        case .character("O"):
            mode = .browsing
            return run([.back])
        case .escape, .character("n"): mode = .browsing
        default: break
        }
        return Reaction()
    }

    private mutating func scrollHelp(_ key: Key, _ scroll: Int, size: Size) -> Reaction {
        let help = HelpOverlay(keys, scroll: scroll, glyphs: .unicode)
        let last = help.lastScroll(in: Rect(size))
        switch key {
        case .down, .character("j"): mode = .help(min(scroll + 1, last))
        case .up, .character("k"): mode = .help(max(scroll - 1, 0))
        case .pageDown, .character(" "): mode = .help(min(scroll + max(1, size.height - 4), last))
        case .pageUp: mode = .help(max(scroll - max(1, size.height - 4), 0))
        case .control("z"): return Reaction(step: .suspend)
        default: mode = .browsing
        }
        return Reaction()
    }

    // MARK: Actions

    private mutating func perform(_ action: Action, size: Size) -> Reaction {
        let page = max(1, ExplorerLayout(size).list.height - 2)
        switch action {
        case .move(let step): return move(step)
        case .page(let pages): return move(pages * page)
        case .end(let side): return move(side * Int(Int32.max))
        case .sideways(let side):
            if focus == .channels { return run([.moveChannel(side)]) }
            return run([.target(side < 0 ? .weights : .activations)])
        case .focus:
            focus = focus == .layers && session.channelCount > 0 ? .channels : .layers
            return run([.selectChannel(focus == .channels ? session.channel ?? 0 : nil)])
        case .view(let kind): return show(kind)
        case .bits:
            mode = .bits
            return Reaction()
        case .float: return setBits(.float)
        case .step(let step): return stepBits(step)
        case .threshold(let percent): return scaleThreshold(by: 1 + Double(percent) / 100)
        case .release: return release()
        case .prior: return nextClipping()
        case .allocate: return run([.edit(.allocation(settings?.allocation.next ?? .none))])
        case .correct: return run([.edit(.correction(settings?.correction.next ?? .none))])
        case .granularity: return run([.edit(.granularity(settings?.granularity.next ?? .tensor))])
        case .applyToAll: return run([.applyToAll])
        case .mark: return run([.mark, .move(1)])
        case .clear:
            if view == .sensitivity, session.sensitivity.progress != nil { return run([.stopSensing]) }
            return run([.clearMarks, .filter("")])
        case .filter: mode = .filter(LineEditor(session.filter))
        case .match(let step): return run([.move(step)])
        case .sort: return run([.order(session.order.next)])
        case .worst: return run([.worst])
        case .undo: return run([.undo])
        case .redo: return run([.redo])
        case .save:
            guard let file = session.file else {
                mode = .save(LineEditor(suggestedFile))
                return Reaction()
            }
            return run([.save(file)])
        case .saveAs: mode = .save(LineEditor(session.file ?? suggestedFile))
        case .load: mode = .load(LineEditor(session.file ?? suggestedFile))
        case .back: return run([.back])
        case .command: mode = .command(LineEditor())
        case .theory(let action): return perform(action)
        case .training(let action): return perform(action)
        case .help: mode = .help(0)
        case .suspend: return Reaction(step: .suspend)
        case .quit: return quit()
        }
        return Reaction()
    }

    /// The next clipping method of what edits act on.
    private mutating func nextClipping() -> Reaction {
        let target = session.target
        let known = target == .weights ? settings?.weightClipping : settings?.clipping
        return run([.edit(.clipping(target, known?.next ?? .auto))])
    }

    private var settings: LayerSettings? {
        let layers = session.configuration.layers
        return layers.indices.contains(session.selection) ? layers[session.selection] : nil
    }

    private var suggestedFile: String { "\(session.subject.name).nibble.json" }

    private mutating func quit() -> Reaction {
        guard !session.training.isUnsaved else {
            mode = .leavingRuns
            return Reaction()
        }
        return quitWithoutRuns()
    }

    /// Asks for unsaved choices, or ends.
    mutating func quitWithoutRuns() -> Reaction {
        guard session.isUnsaved else { return leaveOtherNets() }
        mode = .leaving
        return Reaction()
    }

    private mutating func show(_ kind: ViewKind) -> Reaction {
        view = kind
        if kind == .weights { _ = session.update(.target(.weights)) }
        if kind == .explorer { _ = session.update(.target(.activations)) }
        switch kind {
        case .sensitivity: return run([.sense])
        case .theory: return run([.theory(.show)])
        case .explorer, .weights, .channels, .training: return Reaction()
        }
    }

    private mutating func move(_ step: Int) -> Reaction {
        focus == .channels ? run([.moveChannel(step)]) : run([.move(step)])
    }

    private mutating func setBits(_ precision: Precision) -> Reaction {
        let target = session.target
        if focus == .channels, let channel = session.channel {
            guard case .bits(let bits) = precision else {
                session.say(Notice(.warning, "a channel cannot be float by itself: Tab to the layers, then f"))
                return Reaction()
            }
            return run([.edit(.channelBits(target, channel: channel, bits: bits))])
        }
        return run([.edit(.precision(target, precision))])
    }

    private mutating func stepBits(_ step: Int) -> Reaction {
        let target = session.target
        guard focus == .channels, let channel = session.channel else {
            return run([.edit(.step(target, step))])
        }
        guard let settings, case .bits(let width) = settings.precision(of: target) else {
            session.say(Notice(.warning, "the layer is float: Tab to the layers, then set its bits"))
            return Reaction()
        }
        let now = session.channelBits(of: session.selection, target)?[channel] ?? width
        return run([.edit(.channelBits(target, channel: channel, bits: min(8, max(0, now + step))))])
    }

    private mutating func scaleThreshold(by factor: Double) -> Reaction {
        guard let settings, let planned = session.plan?.layers[session.selection], !planned.ranges.isEmpty,
            let details
        else {
            session.say(Notice(.warning, "no threshold: the layer's input is float, or calibration still runs"))
            return Reaction()
        }
        let now =
            settings.threshold
            ?? (planned.ranges.count == 1 ? planned.ranges[0].threshold : details.curves.measured.optimum)
        return run([.edit(.threshold(now * factor))])
    }

    private mutating func release() -> Reaction {
        guard let settings else { return Reaction() }
        if focus == .channels, let channel = session.channel {
            return run([.edit(.channelBits(session.target, channel: channel, bits: nil))])
        }
        if settings.threshold != nil { return run([.edit(.threshold(nil))]) }
        session.say(Notice(.note, "nothing was set by hand on this layer; on a channel: Tab to the channels first"))
        return Reaction()
    }
}

extension ClippingMethod {
    /// The next method in the order of the key.
    var next: ClippingMethod {
        let cycle: [ClippingMethod] = [.auto, .laplace, .gauss, .measured, .kl, .minMax]
        guard let index = cycle.firstIndex(of: self) else { return .auto }
        return cycle[(index + 1) % cycle.count]
    }
}

extension CaseIterable where Self: Equatable {
    /// The next case, the first after the last.
    var next: Self {
        let all = Array(Self.allCases)
        guard let index = all.firstIndex(of: self) else { return self }
        return all[(index + 1) % all.count]
    }
}

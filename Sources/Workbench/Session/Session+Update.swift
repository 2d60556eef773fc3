import NetIO
import Quant

extension Session {
    /// Carries out a command and answers with what has to be done outside.
    public mutating func update(_ command: Command) -> [Effect] {
        notice = nil
        switch command {
        case .select(let index):
            select(index)
        case .move(let step):
            move(step)
        case .selectChannel(let wanted):
            channel = wanted.flatMap { channelCount > 0 ? min(max(0, $0), channelCount - 1) : nil }
        case .moveChannel(let step):
            channel = channelCount > 0 ? min(max(0, (channel ?? -step) + step), channelCount - 1) : nil
        case .target(let wanted):
            target = wanted
            channel = channel.flatMap { $0 < channelCount ? $0 : nil }
        case .mark:
            if marks.remove(selection) == nil { marks.insert(selection) }
        case .clearMarks:
            marks = []
        case .filter(let text):
            applyFilter(text)
        case .order(let wanted):
            order = wanted
        case .worst:
            selectWorst()
        case .edit(let change):
            return edit(edited, by: change)
        case .editAll(let change):
            return edit(Array(configuration.layers.indices), by: change)
        case .applyToAll:
            return applyToAll()
        case .editNet(let change):
            return edit(change)
        case .undo:
            guard let edit = past.popLast() else { return note(.warning, "nothing to undo") }
            future.append(edit)
            return adopt(edit.inverse, verb: "undone")
        case .redo:
            guard let edit = future.popLast() else { return note(.warning, "nothing to redo") }
            past.append(edit)
            return adopt(edit, verb: "done again")
        case .sense:
            return sense()
        case .stopSensing:
            guard sensitivity.progress != nil else { return [] }
            sensitivity.progress = nil
            notice = Notice(.note, "the sensitivity pass was ended; what it measured stays")
            return [.stopSensing]
        case .theory(let change):
            return look(at: change)
        case .train(let change):
            return train(change)
        case .back:
            return back()
        case .save(let path):
            guard let plan, let calibration else {
                return note(.warning, "not saved yet: calibration is still running; save again when it is done")
            }
            return [.save(path: path, configuration, plan, calibration)]
        case .load(let path):
            return [.load(path: path)]
        }
        return []
    }

    /// Takes in what an effect answered.
    public mutating func receive(_ event: Event) -> [Effect] {
        switch event {
        case .calibrating(let fraction):
            calibrationProgress = max(calibrationProgress, fraction)
        case .calibrated(let calibration):
            self.calibration = calibration
            calibrationProgress = 1
            let effects = replan(from: nil)
            if let origin = subject.origin, !isUnsaved { warn(about: origin) }
            return effects
        case .measured(let estimate):
            // A net that was gone back to is measured again, for what comes after: until that is done, what is known stays.
            let isNews = estimate.isComplete || !(self.estimate?.isComplete ?? false)
            if estimate.generation == generation, isNews { self.estimate = estimate }
        case .sensed(let key, let change):
            sensitivity.results[key] = change
            if let progress = sensitivity.progress {
                let done = progress.done + 1
                sensitivity.progress = done < progress.total ? (done, progress.total) : nil
                if done == progress.total { notice = Notice(.success, "all layers were measured alone") }
            }
        case .simulated(let question, let answer):
            theory.answers[question] = answer
            theory.pending.remove(question)
        case .training(let run, let event):
            return receive(event, ofRun: run)
        case .opened(let subject):
            return open(subject)
        case .saved(let path, let configuration):
            file = path
            savedConfiguration = configuration
            notice = Notice(.success, "saved \(path)")
        case .loaded(let path, let configuration, let saved):
            file = path
            savedConfiguration = configuration
            guard configuration != self.configuration else {
                notice = Notice(.success, "loaded \(path): the same choices as before")
                warn(about: saved)
                return []
            }
            let effects = record(configuration, label: "load \(path)")
            warn(about: saved)
            return effects
        case .stopped(let reason):
            stopped = reason
            sensitivity.progress = nil
            notice = Notice(.failure, reason)
        case .failed(let text):
            notice = Notice(.failure, text)
        }
        return []
    }

    /// Shows a line to the user.
    public mutating func say(_ notice: Notice) { self.notice = notice }

    /// Says so if the choices of a file give another plan here than they gave when it was saved.
    private mutating func warn(about saved: SavedConfiguration) {
        guard let plan, let calibration,
            let mismatch = saved.mismatch(with: plan, of: subject.net, calibration: calibration)
        else { return }
        notice = Notice(.warning, mismatch)
    }

    private mutating func note(_ severity: Notice.Severity, _ text: String) -> [Effect] {
        notice = Notice(severity, text)
        return []
    }

    private mutating func sense() -> [Effect] {
        guard let calibration else { return note(.warning, "calibration is still running") }
        guard case .classes = subject.judgement else {
            return note(.warning, "'\(subject.outputName)' has no classes, so there is no accuracy to lose")
        }
        guard sensitivity.progress == nil else { return [] }
        let missing = sensitivity.missing(for: configuration)
        guard !missing.isEmpty else { return [] }
        sensitivity.progress = (0, missing.count)
        return [.sense(missing, calibration)]
    }

    /// Changes the theory view and asks for the simulations that are missing.
    private mutating func look(at change: TheoryChange) -> [Effect] {
        guard let next = theory.applying(change) else {
            return note(.warning, "the \(theory.panel.rawValue) panel has no such choice")
        }
        theory = next
        let missing = theory.missing
        // What runs already goes on; its answer may be of use later.
        guard !theory.pending.isSuperset(of: missing) else { return [] }
        theory.pending = Set(missing)
        return [.simulate(missing)]
    }

    // MARK: Selection

    private mutating func select(_ index: Int) {
        guard subject.net.layers.indices.contains(index), index != selection else { return }
        selection = index
        channel = channel.flatMap { channelCount > 0 ? min($0, channelCount - 1) : nil }
    }

    private mutating func move(_ step: Int) {
        let visible = visibleLayers
        guard !visible.isEmpty else { return }
        let position = visible.firstIndex(of: selection) ?? 0
        let last = visible.count - 1
        // A step may be as large as Int allows: the first and last layer are asked for that way.
        let next = step < -position ? 0 : step > last - position ? last : position + step
        select(visible[next])
    }

    private mutating func applyFilter(_ text: String) {
        filter = text
        let visible = visibleLayers
        if visible.isEmpty {
            notice = Notice(.warning, "no layer's name contains '\(text)'")
            filter = ""
        } else if !visible.contains(selection) {
            select(visible[0])
        }
    }

    private mutating func selectWorst() {
        guard let plan else { return }
        let known = plan.layers.indices.compactMap { index in
            plan.layers[index].inputSQNR.map { (index, $0) }
        }
        guard let worst = known.min(by: { $0.1 < $1.1 }) else { return }
        filter = ""
        select(worst.0)
    }

    // MARK: Edits

    private mutating func edit(_ layers: [Int], by change: Change) -> [Effect] {
        var next = configuration
        for index in layers { next.layers[index] = next.layers[index].applying(change) }
        let whom =
            layers.count == 1 ? subject.net.layers[layers[0]].name : "\(layers.count) layers"
        return record(next, label: "\(whom): \(change.label)")
    }

    private mutating func edit(_ change: NetChange) -> [Effect] {
        var next = configuration
        switch change {
        case .budget(let budget): next.policy.budget = budget
        case .rule(let rule): next.policy.rule = rule
        case .measure(let measure): next.policy.measure = measure
        case .residual(let residual): next.residual = residual
        }
        return record(next, label: change.label)
    }

    private mutating func applyToAll() -> [Effect] {
        let net = subject.net
        let source = configuration.layers[selection]
        var next = configuration
        for index in net.layers.indices
        where index != selection && !net.firstLayers.contains(index) && !net.lastLayers.contains(index) {
            next.layers[index] = next.layers[index].applying(.settings(source))
        }
        return record(next, label: "all layers as \(net.layers[selection].name), but the first and last")
    }

    private mutating func record(_ next: Configuration, label: String) -> [Effect] {
        guard next != configuration else { return note(.note, "\(label): nothing changes") }
        let edit = Edit(label: label, before: configuration, after: next)
        past.append(edit)
        future = []
        return adopt(edit, verb: nil)
    }

    private mutating func adopt(_ edit: Edit, verb: String?) -> [Effect] {
        let old = configuration
        configuration = edit.after
        notice = Notice(.note, verb.map { "\($0): \(edit.label)" } ?? edit.label)
        return replan(from: old)
    }

    /// Derives the plan anew, and asks for its measurement.
    private mutating func replan(from old: Configuration?) -> [Effect] {
        guard let calibration else { return [] }
        let previous = old.flatMap { old in plan.map { (configuration: old, plan: $0) } }
        let next = QuantizationPlan(
            net: subject.net, calibration: calibration, configuration: configuration, reusing: previous)
        plan = next
        size = PlanSize(net: subject.net, plan: next)
        channel = channel.flatMap { channelCount > 0 ? min($0, channelCount - 1) : nil }
        if let estimate { previousEstimate = estimate }
        estimate = nil
        stopped = nil
        // A new measurement ends a pass; what it measured stays true.
        sensitivity.progress = nil
        generation += 1
        return [.measure(generation: generation, next)]
    }
}

extension Change {
    /// What the change does, in the words of the command line.
    var label: String {
        switch self {
        case .precision(let target, let precision): "\(target) \(precision.label)"
        case .step(let target, let bits): "\(target) \(bits < 0 ? "-" : "+")\(abs(bits)) bit"
        case .clipping(.weights, let method): "clip-weights \(method)"
        case .clipping(.activations, let method): "clip \(method)"
        case .threshold(let threshold): threshold.map { "threshold \(Float($0))" } ?? "threshold by the method"
        case .granularity(let granularity): "granularity \(granularity.rawValue)"
        case .allocation(let choice): "allocate \(choice.rawValue)"
        case .correction(let correction): "correct \(correction.rawValue)"
        case .channelBits(let target, let channel, let bits):
            "\(target) of channel \(channel + 1) \(bits.map { "\($0) bits" } ?? "as the layer")"
        case .settings: "settings"
        }
    }
}

extension NetChange {
    /// What the change does, in the words of the command line.
    var label: String {
        switch self {
        case .budget(let budget): "budget \(budget.rawValue)"
        case .rule(let rule): "rule \(rule.rawValue)"
        case .measure(let measure): "measure \(measure.rawValue)"
        case .residual(let residual): "residual \(residual.rawValue)"
        }
    }
}

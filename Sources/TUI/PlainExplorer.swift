internal import Engine
internal import Quant
internal import Terminal
public import Workbench

/// The explorer as lines of text, for screen readers, logs and terminals that cannot draw: the commands of the `:` line,
/// one per line, and answers in sentences.
public final class PlainExplorer {
    private enum Message: Sendable {
        case line(String)
        case endOfInput
        /// What an effect answered, and to which net it belongs; `nil` for runs, which belong to none.
        case event(Event, number: Int?)
    }

    private let messages: AsyncStream<Message>
    private let inbox: AsyncStream<Message>.Continuation
    private let training: TrainingRunner
    private var runner: EffectRunner
    /// That of the net explored: what runners of others still send is dropped.
    private var number = 0
    private let write: (String) -> Void
    private var session: Session
    /// The tenths of the calibration that were announced.
    private var announced = 0
    private var isFirstEstimate = true
    private var isLeaving = false
    private var isInputOver = false
    /// Lines that wait for calibration, or for what `wait` waits for.
    private var pending: [String] = []
    private var isWaiting = false
    /// Whether a file is being written or read: what follows may depend on it.
    private var isAnswerDue = false
    /// Whether the theory panel chosen is to be told once its simulation is done.
    private var isTheoryDue = false

    /// A plain explorer of a session; `write` gets one line at a time.
    public init(_ session: Session, write: @escaping (String) -> Void) {
        (messages, inbox) = AsyncStream.makeStream(of: Message.self)
        training = TrainingRunner { [inbox] in inbox.yield(.event($0, number: nil)) }
        runner = EffectRunner(session.subject, training: training) { [inbox] in
            inbox.yield(.event($0, number: 0))
        }
        self.write = write
        self.session = session
    }

    /// Takes over a line that the user typed, or `nil` at the end of the input; from any thread.
    public var input: @Sendable (String?) -> Void {
        { [inbox] line in inbox.yield(line.map { .line($0) } ?? .endOfInput) }
    }

    /// Runs until `quit`, or until the input is over and the last measurement is complete or cannot go on.
    ///
    /// - Returns: whether nothing that was under way at the end had been stopped by an error.
    public func run() async -> Bool {
        let subject = session.subject
        write(
            "\(subject.name): \(subject.net.layers.count) layers, \(subject.measured.images.count.grouped) images")
        if let notice = session.notice { write(PlainExplorer.text(notice)) }
        write("calibrating on \(subject.observed.images.count.grouped) images")
        for effect in session.start { runner.perform(effect) }
        for await message in messages {
            switch message {
            case .line(let line):
                // Whoever wants to leave need not wait; everything else keeps its order.
                if pending.isEmpty, !isAnswerDue, ["q", "quit"].contains(line.trimmed) {
                    if !take(line) { return finish() }
                } else {
                    pending.append(line)
                }
            case .endOfInput: isInputOver = true
            case .event(let event, let number): if number == nil || number == self.number { receive(event) }
            }
            if isMeasured || session.stopped != nil { isWaiting = false }
            while session.plan != nil || session.stopped != nil, !isWaiting, !isAnswerDue, !isTheoryDue,
                !pending.isEmpty
            {
                if !take(pending.removeFirst()) { return finish() }
            }
            if isInputOver, pending.isEmpty, !isTheoryDue, session.sensitivity.progress == nil,
                !session.training.runs.contains(where: \.isUnderWay),
                session.stopped != nil || session.estimate?.isComplete ?? false
            {
                return finish()
            }
        }
        return finish()
    }

    /// Whether everything that was asked to be measured is, and no run goes on.
    private var isMeasured: Bool {
        session.sensitivity.progress == nil && session.estimate?.isComplete ?? false
            && !session.training.runs.contains { $0.phase != .paused && $0.isUnderWay }
    }

    private func finish() -> Bool {
        runner.stop()
        training.finish(keepingNets: false)
        return session.stopped == nil
    }

    private func receive(_ event: Event) {
        perform(session.receive(event))
        switch event {
        case .calibrating(let share):
            let tenth = Int(share * 10)
            if tenth > announced, tenth < 10 { write("calibrated \(tenth)0 %") }
            announced = max(announced, tenth)
        case .calibrated:
            write("calibrated")
            if session.notice?.severity == .warning { say() }
            layers()
            layer()
            write("commands: layers, show, status, wait, and those of help; accuracy follows")
        case .measured(let estimate):
            guard estimate.generation == session.generation else { return }
            if isFirstEstimate || estimate.isComplete { status() }
            isFirstEstimate = false
        case .sensed(let key, let change):
            let settings = key.settings
            let half = 50 * (change.interval95.upperBound - change.interval95.lowerBound)
            write(
                "layer \(key.layer + 1) alone, weights \(settings.weights.label) and activations "
                    + "\(settings.activations.label): \((100 * change.value).fixed(1)) +- \(half.fixed(1)) points")
        case .simulated: theory()
        case .training(let run, let event): report(event, ofRun: run)
        case .opened:
            isAnswerDue = false
        case .stopped: say()
        case .failed, .saved, .loaded:
            isAnswerDue = false
            say()
        }
    }

    /// Carries out a line; false if the user leaves.
    private func take(_ line: String) -> Bool {
        let line = line.trimmed
        let wasLeaving = isLeaving
        isLeaving = false
        switch line {
        case "": return true
        case "layers": layers()
        case "show": layer()
        case "status": status()
        case "wait": isWaiting = !isMeasured && session.stopped == nil
        default:
            do {
                switch try TypedCommand(line, layerNames: session.subject.net.layers.map(\.name)) {
                case .session(let command): carryOut(command)
                case .view: write("there are no views here: use layers, show and status")
                case .help: help()
                case .quit:
                    if !session.isUnsaved && session.unsavedNets.isEmpty && !session.training.isUnsaved
                        || wasLeaving
                    {
                        return false
                    }
                    isLeaving = true
                    write(
                        session.isUnsaved
                            ? "unsaved choices: save FILE keeps them, quit once more leaves without"
                            : !session.unsavedNets.isEmpty
                                ? "unsaved choices of \(session.unsavedNets.joined(separator: ", ")): back goes there, quit once more leaves without"
                                : "a run goes on: train keep ends it and keeps its net, quit once more leaves a checkpoint"
                    )
                }
            } catch {
                write("error: \(error.text)")
            }
        }
        return true
    }

    private func carryOut(_ command: Command) {
        let generation = session.generation
        let selection = session.selection
        let before = number
        perform(session.update(command))
        if number == before { say() }
        if command == .train(.pause), session.notice == nil, let run = session.training.run {
            write("run \(run.letter): \(run.phase.word)")
        }
        if case .theory = command, session.notice == nil {
            isTheoryDue = true
            theory()
        }
        if session.generation != generation || session.selection != selection { layer() }
        if let size = session.size, session.generation != generation { write(PlainExplorer.text(size)) }
    }

    private func perform(_ effects: [Effect]) {
        if session.number != number { replaceRunner() }
        for effect in effects {
            switch effect {
            case .save, .load: isAnswerDue = true
            case .train(_, .open), .train(_, .recall): isAnswerDue = true
            default: break
            }
            if case .measure = effect { isFirstEstimate = true }
            runner.perform(effect)
        }
    }

    /// Has the net that was gone to measured from now on, and says which it is.
    private func replaceRunner() {
        runner.stop()
        number = session.number
        let number = number
        runner = EffectRunner(session.subject, training: training) { [inbox] in
            inbox.yield(.event($0, number: number))
        }
        announced = 0
        say()
        if session.plan == nil {
            write("calibrating on \(session.subject.observed.images.count.grouped) images")
        }
    }

    /// What a run has come to; single steps are not told.
    private func report(_ event: TrainingEvent, ofRun id: Int) {
        if case .recalled = event {
            isAnswerDue = false
            say()
        }
        guard let run = session.training.runs.first(where: { $0.id == id }) else { return }
        switch event {
        case .began(let outline):
            if outline.firstStep > 0 { say() }
            write(
                "run \(run.letter): \(run.form.summary), \(outline.steps.grouped) steps on "
                    + "\(outline.trainImages.grouped) images, in \(run.folder)")
        case .progressed, .recalled: break
        case .epoch(let epoch):
            let test = epoch.testAccuracy.map { ", test \((100 * $0).fixed(2)) %" } ?? ""
            write(
                "run \(run.letter): epoch \(epoch.epoch), loss \(epoch.loss.fixed(4)), training "
                    + "\((100 * epoch.trainAccuracy).fixed(2)) %\(test)")
        case .ended, .held: say()
        case .refused:
            isAnswerDue = false
            say()
        }
    }

    private func say() {
        if let notice = session.notice { write(PlainExplorer.text(notice)) }
    }

    private func help() {
        for (name, values) in TypedCommand.vocabulary {
            write("  \(name)" + (values.isEmpty ? "" : "  " + values.joined(separator: " ")))
        }
        write("  layers, show, status: say it again; wait: until all images are measured")
        write(
            "  theory clipping, bins, angle, sigma: formulas beside simulations; theory bits 3 and so on set them")
        write(
            "  train net resnet8 and so on say what to train, train start begins, train resume FOLDER goes on, train keep ends it and writes the net, "
                + "train open explores it, back goes back to the net before")
        write(
            "  keys that messages name: t is train start, Space train pause, e train keep, x train drop, o train open, O back"
        )
        write("  all COMMAND acts on all layers, for example: all activations 3")
    }

    // MARK: What is said

    private func layers() {
        for index in session.visibleLayers { write(line(of: index)) }
        if let size = session.size { write(PlainExplorer.text(size)) }
    }

    private func line(of index: Int) -> String {
        let settings = session.configuration.layers[index]
        let sqnr = session.plan?.layers[index].inputSQNR.map { ", SQNR \($0.fixed(1)) dB" } ?? ""
        return "layer \(index + 1) \(session.subject.net.layers[index].name): weights \(bits(index, .weights)), "
            + "activations \(bits(index, .activations)), clip \(settings.clipping)\(sqnr)"
    }

    private func bits(_ index: Int, _ target: Target) -> String {
        let label = session.configuration.layers[index].precision(of: target).label
        guard let bits = session.channelBits(of: index, target), Set(bits).count > 1 else { return label }
        return "\((Double(bits.reduce(0, +)) / Double(bits.count)).fixed(2)) on average"
    }

    /// The selected layer: its range, its optima, and its channels' bits.
    private func layer() {
        write(line(of: session.selection))
        guard let details = Details(session, reusing: nil), let plan = session.plan else { return }
        let curves = details.curves
        if plan.layers[session.selection].ranges.count == 1, let range = plan.layers[session.selection].ranges.first
        {
            write("  threshold \(range.threshold.brief), range \(range.lo.brief) to \(range.hi.brief)")
        }
        write(
            "  least error at \(details.bits) bits: measured \(curves.measured.optimum.brief) "
                + "(\(curves.measured.optimalError.brief)), Laplace \(curves.laplace.optimum.brief), "
                + "Gauss \(curves.gauss.optimum.brief)")
        for target in Target.allCases {
            guard let bits = session.channelBits(of: session.selection, target), Set(bits).count > 1 else {
                continue
            }
            let what = target == .weights ? "weights" : "activations"
            write("  bits of the \(what) per channel: " + bits.map(String.init).joined(separator: " "))
        }
    }

    /// The theory panel chosen, as soon as it is known.
    private func theory() {
        guard isTheoryDue, session.theory.isAnswered(session.theory.panel) else { return }
        isTheoryDue = false
        for line in ScreenState(session).theorySentences { write(line) }
    }

    private func status() {
        guard let estimate = session.estimate else {
            write(session.plan == nil ? "calibration is still running" : "nothing measured yet")
            return
        }
        write(ScreenState(session).figuresText(of: estimate))
    }

    private static func text(_ size: PlanSize) -> String {
        "weights \((Double(size.quantizedBytes) / 1000).fixed(0)) of "
            + "\((Double(size.floatBytes) / 1000).fixed(0)) KB, \(size.meanWeightBits.fixed(2)) bits; activations "
            + "\((size.meanActivationBits ?? 32).fixed(2)) bits"
    }

    private static func text(_ notice: Notice) -> String {
        switch notice.severity {
        case .note, .success: notice.text
        case .warning: "warning: \(notice.text)"
        case .failure: "error: \(notice.text)"
        }
    }
}

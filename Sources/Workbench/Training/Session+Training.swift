internal import Quant
public import Training

/// What the training view wants done outside.
public enum TrainingEffect: Sendable {
    /// Reads images and trains, on a thread of the run's own, from the beginning or from the checkpoint in the folder.
    case start(TrainingForm, folder: String, threads: Int)
    /// Reads the form of the run in a folder.
    case recall(String)
    /// Pauses before the next step.
    case pause
    /// Goes on after a pause.
    case resume
    /// Shares steps among so many threads.
    case threads(Int)
    /// Ends the run before its next step, if it goes on, and writes its net, also to a file that does not exist yet if one is named.
    case keep(String?)
    /// Ends the run before its next step, with a checkpoint and without its net.
    case drop
    /// Reads the file of the run's net, to be explored on the images it was tested on.
    case open(String)
}

/// What a run reports.
public enum TrainingEvent: Sendable {
    /// The form of a run in a folder, which is to go on.
    case recalled(TrainingForm)
    /// Images are read, steps follow.
    case began(RunOutline)
    /// More steps are done.
    case progressed(RunProgress)
    /// An epoch is done.
    case epoch(EpochResult)
    /// All steps are done, or the run was asked to end; the file that its net was written to, if it was.
    case ended(RunRecord.Phase, file: String?)
    /// The run has paused by itself, since its checkpoint could not be written; why, in one line.
    case held(String)
    /// The net was not written, or not read again; why, in one line. The run stays as it is.
    case refused(String)
}

/// The steps since the last report.
public struct RunProgress: Sendable {
    /// What each of them gave.
    public let results: [StepResult]
    /// Those of them that were recorded.
    public let telemetry: [StepTelemetry]
    /// Images a second.
    public let imagesPerSecond: Double

    /// A report from its parts.
    public init(results: [StepResult], telemetry: [StepTelemetry], imagesPerSecond: Double) {
        self.results = results
        self.telemetry = telemetry
        self.imagesPerSecond = imagesPerSecond
    }
}

extension Session {
    /// Carries out a change of the training view.
    mutating func train(_ change: TrainingChange) -> [Effect] {
        switch change {
        case .panel(let panel): training.panel = panel
        case .field(let field): training.field = field
        case .word(let field, let word):
            training.field = field
            do throws(TrainingForm.Problem) {
                training.form = try training.form.setting(field, to: word)
            } catch {
                notice = Notice(.failure, error.text)
            }
        case .step(let field, let step):
            training.field = field
            training.form = training.form.stepping(field, by: step)
        case .start: return startRun()
        // No run has the number 0: what is read belongs to none yet.
        case .resume(let folder): return [.train(run: 0, .recall(folder))]
        case .pause: return pauseRun()
        case .keep(let path): return keepRun(path)
        case .drop: return dropRun()
        case .select(let place): selectRun(place)
        case .other: selectRun(1 - training.selection)
        case .layer(let layer): selectLayer(layer)
        case .quantity(let quantity): training.quantity = quantity
        case .open: return openRun()
        case .keepAll:
            return training.runs.indices.filter { training.runs[$0].isUnsaved }.flatMap { place in
                if training.runs[place].isUnderWay { training.runs[place].phase = .ending }
                return [Effect.train(run: training.runs[place].id, .keep(nil))]
            }
        }
        return []
    }

    /// Takes in what a run reported; one that is not shown any more reports nothing of use.
    mutating func receive(_ event: TrainingEvent, ofRun id: Int) -> [Effect] {
        if case .recalled(let form) = event {
            training.form = form
            return startRun()
        }
        guard let place = training.runs.firstIndex(where: { $0.id == id }) else { return [] }
        let name = training.runs[place].letter
        switch event {
        case .recalled: break
        case .began(let outline):
            training.runs[place].outline = outline
            training.runs[place].step = outline.firstStep
            if outline.firstStep > 0 {
                notice = Notice(
                    .note,
                    "run \(name) goes on after step \(outline.firstStep) of \(outline.steps), from the checkpoint in "
                        + training.runs[place].folder)
            }
            if training.runs[place].phase == .loading { training.runs[place].phase = .running }
            if place == training.selection { selectLayer(training.layer) }
        case .progressed(let progress): training.runs[place].add(progress)
        case .epoch(let result): training.runs[place].epochs.append(result)
        case .ended(let phase, let file):
            training.runs[place].phase = phase
            training.runs[place].file = file
            notice = ending(of: training.runs[place])
            return shareThreads()
        case .held(let reason):
            training.runs[place].phase = .paused
            notice = Notice(.failure, "run \(name) is paused: \(reason)")
            return shareThreads()
        case .refused(let reason):
            notice = Notice(.failure, reason)
            // It was asked to end, and goes on: nothing is lost.
            if training.runs[place].phase == .ending { training.runs[place].phase = .paused }
        }
        return []
    }

    // MARK: Runs

    private mutating func startRun() -> [Effect] {
        let form: TrainingForm
        do throws(TrainingDataError) {
            form = try training.form.resolved(for: training.images)
        } catch {
            notice = Notice(
                .failure, "the images opened are in no file: choose others in the line data of the form")
            return []
        }
        guard let slot = makePlace(for: training.folder) else { return [] }
        training.started += 1
        let run = RunRecord(id: training.started, slot: slot, form: training.form, folder: training.folder)
        training.runs.insert(run, at: min(slot, training.runs.count))
        training.selection = min(slot, training.runs.count - 1)
        notice = Notice(.note, "run \(run.letter): \(run.form.summary) · in \(run.folder)")
        let threads = training.threads(of: subject.options.threads)
        return [.train(run: run.id, .start(form, folder: run.folder, threads: threads))]
            + shareThreads().filter { $0.run != run.id }
    }

    /// The place of the next run: that of the one that it goes on with, else a free one, else that of one that has ended; `nil`, with
    /// a notice, if there is none.
    private mutating func makePlace(for folder: String) -> Int? {
        if let same = training.runs.firstIndex(where: { $0.folder == folder }) {
            let run = training.runs[same]
            guard !run.isUnsaved else {
                notice = Notice(
                    .warning, "run \(run.letter) has the folder \(folder): change the form, or its line output")
                return nil
            }
            training.runs.remove(at: same)
            return run.slot
        }
        if training.runs.count == TrainingLab.limit {
            guard let ended = training.runs.firstIndex(where: { !$0.isUnsaved }) else {
                notice = Notice(.warning, "two runs are here already: e keeps the selected one, x drops it")
                return nil
            }
            training.runs.remove(at: ended)
        }
        return training.runs.contains { $0.slot == 0 } ? 1 : 0
    }

    /// What is said of a run that has ended.
    private func ending(of run: RunRecord) -> Notice {
        switch run.phase {
        case .failed(let reason): Notice(.failure, "run \(run.letter): \(reason)")
        case .dropped: Notice(.note, "run \(run.letter) was ended: t goes on from its checkpoint in \(run.folder)")
        case .completed where run.outline?.firstStep == run.outline?.steps && run.file != nil:
            Notice(.success, "run \(run.letter) was complete already: o opens its net; it is in \(run.folder)")
        default:
            Notice(.success, "run \(run.letter): \(run.file.map { "o opens its net; wrote \($0)" } ?? "done")")
        }
    }

    private mutating func pauseRun() -> [Effect] {
        guard let run = training.run else { return nothingSelected() }
        switch run.phase {
        case .running:
            training.runs[training.selection].phase = .paused
            return [.train(run: run.id, .pause)] + shareThreads()
        case .paused:
            training.runs[training.selection].phase = .running
            return shareThreads() + [.train(run: run.id, .resume)]
        case .loading, .ending: return []
        case .stopped, .dropped:
            notice = Notice(.note, "this run has ended; t goes on with it where the form is as it was")
            return []
        case .completed, .failed:
            notice = Notice(.note, "this run has ended")
            return []
        }
    }

    private mutating func keepRun(_ path: String?) -> [Effect] {
        guard let run = training.run else { return nothingSelected() }
        switch run.phase {
        case .running, .paused: training.runs[training.selection].phase = .ending
        case .completed where run.file == nil: break
        case .loading, .ending:
            notice = Notice(.warning, "there is no net yet")
            return []
        case .completed, .stopped:
            notice = Notice(.note, "its net is in \(run.file ?? "a file") already")
            return []
        case .dropped, .failed:
            notice = Notice(.warning, "this run has no net")
            return []
        }
        return [.train(run: run.id, .keep(path))]
    }

    private mutating func dropRun() -> [Effect] {
        guard let run = training.run else { return nothingSelected() }
        if run.isUnderWay {
            training.runs[training.selection].phase = .ending
            return [.train(run: run.id, .drop)]
        }
        training.runs.remove(at: training.selection)
        training.selection = max(0, min(training.selection, training.runs.count - 1))
        selectLayer(training.layer)
        return []
    }

    private mutating func openRun() -> [Effect] {
        guard let run = training.run else { return nothingSelected() }
        guard let file = run.file else {
            notice = Notice(
                .warning,
                run.isUnderWay
                    ? "end the run first: e ends it and keeps its net" : "this run has no net: e keeps it")
            return []
        }
        return [.train(run: run.id, .open(file))]
    }

    private mutating func nothingSelected() -> [Effect] {
        notice = Notice(.note, "no run yet: t starts one")
        return []
    }

    private mutating func selectRun(_ place: Int) {
        guard training.runs.indices.contains(place) else {
            notice = Notice(.note, training.runs.isEmpty ? "no run yet: t starts one" : "there is no other run")
            return
        }
        training.selection = place
        selectLayer(training.layer)
    }

    private mutating func selectLayer(_ layer: Int) {
        let count = training.run?.outline?.layers.count ?? 0
        training.layer = max(0, min(layer, count - 1))
    }

    /// Divides the processors among the runs that go on.
    private func shareThreads() -> [Effect] {
        let threads = training.threads(of: subject.options.threads)
        return training.runs.filter { $0.phase == .running || $0.phase == .loading }
            .map { .train(run: $0.id, .threads(threads)) }
    }
}

extension Effect {
    /// The run it concerns.
    fileprivate var run: Int? { if case .train(let run, _) = self { run } else { nil } }
}

extension RunRecord {
    /// Takes in steps.
    mutating func add(_ progress: RunProgress) {
        for result in progress.results {
            step += 1
            curve.add(
                loss: result.loss, accuracy: Double(result.correct) / Double(max(1, result.count)), step: step)
        }
        imagesPerSecond = progress.imagesPerSecond
        history += progress.telemetry.map { LayerFigures($0) }
        if let last = progress.telemetry.last { telemetry = last }
    }
}

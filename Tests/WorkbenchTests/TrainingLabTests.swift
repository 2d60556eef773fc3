import Engine
import Glibc
import NetIO
import Quant
import Testing

@testable import Training
@testable import Workbench

@Suite struct TrainingLabTests {
    private func session(images: Int = 64) throws -> Session {
        let subject = try Sample.subject(images: images)
        return Session(subject, configuration: Configuration(.standard, for: subject.net))
    }

    private let outline = RunOutline(
        layers: ["fc1", "fc2", "fc3"], steps: 40, stepsPerEpoch: 20, batch: 16, trainImages: 320, testImages: 80,
        file: "mlp.onnx")

    /// What effects ask of runs, by the runs' numbers.
    private func asked(_ effects: [Effect]) -> [String] {
        effects.compactMap { effect in
            guard case .train(let run, let what) = effect else { return nil }
            switch what {
            case .start(_, let threads): return "\(run) start \(threads)"
            case .threads(let threads): return "\(run) threads \(threads)"
            case .pause: return "\(run) pause"
            case .resume: return "\(run) resume"
            case .keep(let path): return "\(run) keep \(path ?? "")"
            case .drop: return "\(run) drop"
            case .open(let path): return "\(run) open \(path)"
            }
        }
    }

    @Test func theFormTakesTheWordsOfTheCommandLine() throws {
        var form = TrainingForm(hasLabels: true)
        for (field, word) in [
            (TrainingField.net, "resnet20"), (.norm, "top-7"), (.precision, "4,4,8,32"), (.decay, "off"),
            (.weightNorm, "bounded-l1"), (.epochs, "3"), (.rate, "0.25"), (.seed, "9"), (.width, "24"),
            (.schedule, "steps"), (.batch, "16"),
        ] {
            form = try form.setting(field, to: word)
        }
        #expect(form.architecture == .resnet(depth: 20))
        var expected = TrainingOptions()
        expected.norm = .topK(7)
        expected.precision = TrainingPrecision(weights: 4, activations: 4, layerGradients: 8, weightGradients: 32)
        expected.decay = .off
        expected.weightNorm = .bounded(.l1)
        expected.epochs = 3
        expected.seed = 9
        expected.batch = 16
        expected.schedule = Schedule(peak: 0.25, shape: .steps([0.5, 0.75]))
        #expect(form.options == expected)
        #expect(form.blueprint(input: MapSize(1, 8, 8), classes: 3).layers[0].output.channels == 24)
    }

    @Test(arguments: [
        (TrainingField.net, "resnet9"), (.width, "0"), (.data, ""), (.images, "some"), (.epochs, "0"),
        (.batch, "-1"),
        (.rate, "nan"), (.schedule, "square"), (.norm, "l3"), (.precision, "8,8"), (.weightNorm, "weak"),
        (.decay, "2"), (.seed, "-1"),
    ])
    func aWordThatStandsForNothingIsRefused(field: TrainingField, word: String) throws {
        var session = try session()
        let before = session.training.form
        _ = session.update(.train(.word(field, word)))
        #expect(session.training.form == before && session.notice?.severity == .failure)
    }

    @Test func everySuggestionStandsForSomethingAndArrowsGoAround() throws {
        for field in TrainingField.allCases {
            var form = TrainingForm(hasLabels: false)
            for word in field.suggestions { #expect(try form.setting(field, to: word)[field] == word) }
            let start = try form.setting(field, to: field.suggestions[0])
            form = start
            for _ in field.suggestions { form = form.stepping(field, by: 1) }
            #expect(form == start && start.stepping(field, by: -1)[field] == field.suggestions.last)
        }
    }

    @Test func aRunStartsPausesGoesOnAndIsKept() throws {
        var session = try session()
        #expect(asked(session.update(.train(.start))) == ["1 start 2"])
        #expect(session.training.run?.phase == .loading && session.training.isUnsaved)
        #expect(asked(session.update(.train(.keep(nil)))).isEmpty, "there is no net yet")
        _ = session.receive(.training(run: 1, .began(outline)))
        #expect(session.training.run?.phase == .running)
        #expect(asked(session.update(.train(.pause))) == ["1 pause"])
        #expect(session.training.run?.phase == .paused)
        #expect(asked(session.update(.train(.pause))) == ["1 threads 2", "1 resume"])
        #expect(asked(session.update(.train(.open))).isEmpty && session.notice?.severity == .warning)
        #expect(asked(session.update(.train(.keep("a.onnx")))) == ["1 keep a.onnx"])
        // A file that is there already: the run waits for another name.
        _ = session.receive(.training(run: 1, .refused("a.onnx exists: give the net another name")))
        #expect(session.training.run?.phase == .paused && session.notice?.severity == .failure)
        #expect(asked(session.update(.train(.keep("b.onnx")))) == ["1 keep b.onnx"])
        _ = session.receive(.training(run: 1, .ended(.stopped, file: "b.onnx")))
        #expect(session.training.run?.file == "b.onnx" && !session.training.isUnsaved)
        #expect(asked(session.update(.train(.open))) == ["1 open b.onnx"])
        #expect(asked(session.update(.train(.keep(nil)))).isEmpty, "it is kept")
    }

    @Test func twoRunsShareTheProcessorsAndAThirdTakesThePlaceOfOneThatHasEnded() throws {
        var session = try session()
        _ = session.update(.train(.start))
        _ = session.receive(.training(run: 1, .began(outline)))
        _ = session.update(.train(.word(.seed, "2")))
        #expect(asked(session.update(.train(.start))) == ["2 start 1", "1 threads 1"])
        _ = session.receive(.training(run: 2, .began(outline)))
        #expect(session.training.runs.map(\.letter) == ["A", "B"] && session.training.selection == 1)
        #expect(asked(session.update(.train(.start))).isEmpty && session.notice?.severity == .warning)
        // A pause leaves the processors to the other.
        #expect(asked(session.update(.train(.pause))) == ["2 pause", "1 threads 2"])
        #expect(asked(session.update(.train(.pause))) == ["1 threads 1", "2 threads 1", "2 resume"])
        _ = session.update(.train(.other))
        #expect(session.training.run?.id == 1)
        #expect(asked(session.update(.train(.drop))) == ["1 drop"])
        #expect(asked(session.receive(.training(run: 1, .ended(.dropped, file: nil)))) == ["2 threads 2"])
        _ = session.update(.train(.start))
        #expect(session.training.runs.map(\.id) == [3, 2] && session.training.runs.map(\.letter) == ["A", "B"])
        // What a run that is gone still reports is of no use.
        _ = session.receive(.training(run: 1, .began(outline)))
        #expect(session.training.runs.map(\.id) == [3, 2])
    }

    @Test func leavingKeepsEveryRunThatIsNotKept() throws {
        var session = try session()
        for run in 1...2 {
            _ = session.update(.train(.start))
            _ = session.receive(.training(run: run, .began(outline)))
        }
        _ = session.receive(.training(run: 1, .ended(.completed, file: "mlp.onnx")))
        #expect(asked(session.update(.train(.keepAll))) == ["2 keep "])
        _ = session.receive(.training(run: 2, .ended(.stopped, file: "mlp-2.onnx")))
        #expect(!session.training.isUnsaved)
    }

    @Test func aRunThatFailsSaysWhyAndIsTakenAway() throws {
        var session = try session()
        _ = session.update(.train(.start))
        _ = session.receive(.training(run: 1, .ended(.failed("the images have no labels"), file: nil)))
        #expect(session.notice?.text == "run A: the images have no labels" && !session.training.isUnsaved)
        _ = session.update(.train(.drop))
        #expect(session.training.runs.isEmpty && session.training.run == nil)
        for change in [TrainingChange.pause, .keep(nil), .drop, .open, .other] {
            #expect(session.update(.train(change)).isEmpty && session.notice != nil)
        }
    }

    @Test func theNextNetKeepsTheRuns() throws {
        var session = try session()
        _ = session.update(.train(.start))
        _ = session.receive(.training(run: 1, .began(outline)))
        let effects = session.receive(.opened(try Sample.subject("fashion-mobilenet", images: 8)))
        guard case .calibrate? = effects.first else {
            Issue.record("nothing is calibrated")
            return
        }
        #expect(session.subject.name == "fashion-mobilenet" && session.plan == nil)
        #expect(session.training.run?.phase == .running)
    }

    @Test func aCurveKeepsFewPointsAndTheirMeans() {
        var curve = LearningCurve()
        let count = 3 * LearningCurve.limit
        for step in 0..<count { curve.add(loss: Double(step), accuracy: Double(step % 2)) }
        #expect(curve.points.count <= LearningCurve.limit && curve.stepsPerPoint == 4)
        #expect(curve.points.last?.step == count && curve.points.first?.step == 4)
        #expect(curve.points.first?.loss == 1.5 && curve.points.allSatisfy { $0.accuracy == 0.5 })
        let steps = curve.points.map(\.step)
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 < $1 })
    }
}

/// Runs on their threads, with files.
@Suite final class TrainingRunnerTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/nibble-lab-XXXXXX".utf8CString)
        folder = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
        for file in ["mlp.onnx", "mlp-2.onnx", "taken.onnx", "kept.onnx"] { unlink("\(folder)/\(file)") }
        rmdir(folder)
    }

    private func form(_ words: [TrainingField: String] = [:]) throws -> TrainingForm {
        var form = TrainingForm(hasLabels: true)
        for (field, word) in [TrainingField.net: "mlp", .width: "8", .batch: "16", .epochs: "2"].merging(
            words, uniquingKeysWith: { $1 })
        {
            form = try form.setting(field, to: word)
        }
        return form
    }

    @Test func aRunTrainsTestsWritesItsNetAndOpensIt() async throws {
        let (events, inbox) = AsyncStream<Event>.makeStream()
        let runner = TrainingRunner(folder: folder) { inbox.yield($0) }
        let subject = try Sample.subject(images: 100)
        runner.perform(.start(try form(), threads: 2), run: 7, for: subject)
        var (steps, epochs, layers) = (0, [EpochResult](), Set<[String]>())
        var opened: Subject?
        for await event in events {
            switch event {
            case .training(7, .began(let outline)):
                #expect(outline.trainImages == 80 && outline.testImages == 20 && outline.steps == 10)
            case .training(7, .progressed(let progress)):
                steps += progress.results.count
                for telemetry in progress.telemetry { layers.insert(telemetry.layers.map(\.name)) }
            case .training(7, .epoch(let result)): epochs.append(result)
            case .training(7, .ended(.completed, let file)):
                #expect(file == "\(folder)/mlp.onnx")
                runner.perform(.open(try #require(file)), run: 7, for: subject)
            case .opened(let found): opened = found
            default: Issue.record("\(event)")
            }
            if opened != nil { break }
        }
        #expect(steps == 10 && epochs.map(\.epoch) == [1, 2] && layers == [["fc1", "fc2", "fc3"]])
        #expect(epochs.allSatisfy { $0.testAccuracy != nil })
        // What it is measured on is what it was tested on.
        let found = try #require(opened)
        #expect(found.name == "mlp" && found.measured.images.count == 20 && found.observed.images.count == 80)
        let accuracy = try await Trainer.accuracy(
            of: Program(found.net), on: found.measured, classes: 10, found.options)
        #expect(accuracy == epochs.last?.testAccuracy)
    }

    @Test func aRunPausesAndIsKeptUnderANameThatIsFree() async throws {
        let (events, inbox) = AsyncStream<Event>.makeStream()
        let runner = TrainingRunner(folder: folder) { inbox.yield($0) }
        let subject = try Sample.subject(images: 100)
        try AtomicFile.write("mine", to: "\(folder)/taken.onnx")
        runner.perform(.start(try form([.epochs: "100000"]), threads: 1), run: 1, for: subject)
        var seen = 0
        for await event in events {
            switch event {
            case .training(1, .progressed) where seen == 0:
                seen = 1
                runner.perform(.pause, run: 1, for: subject)
                runner.perform(.keep("\(folder)/taken.onnx"), run: 1, for: subject)
            case .training(1, .refused(let reason)):
                #expect(reason.contains("taken.onnx exists"))
                runner.perform(.keep("\(folder)/kept.onnx"), run: 1, for: subject)
            case .training(1, .ended(let phase, let file)):
                #expect(phase == .stopped && file == "\(folder)/kept.onnx")
                seen = 2
            default: break
            }
            if seen == 2 { break }
        }
        #expect(try OnnxFile(path: "\(folder)/kept.onnx").graph.name == "kept")
        #expect(access("\(folder)/mlp.onnx", F_OK) != 0)
    }

    @Test func aProgramThatIsAskedToEndKeepsItsRuns() async throws {
        let (events, inbox) = AsyncStream<Event>.makeStream()
        let runner = TrainingRunner(folder: folder) { inbox.yield($0) }
        let subject = try Sample.subject(images: 100)
        for run in 1...2 {
            runner.perform(.start(try form([.epochs: "100000"]), threads: 1), run: run, for: subject)
        }
        var begun: Set<Int> = []
        for await event in events {
            if case .training(let run, .progressed) = event { begun.insert(run) }
            if begun.count == 2 { break }
        }
        runner.finish(within: .seconds(60))
        #expect(access("\(folder)/mlp.onnx", F_OK) == 0 && access("\(folder)/mlp-2.onnx", F_OK) == 0)
    }

    @Test(arguments: [
        ([TrainingField.data: "/nonexistent"], "nonexistent"), ([.batch: "1000"], "less than one batch"),
        ([.net: "mlp", .batch: "1"], "needs 2"), ([.rate: "1e30"], "not a number"),
    ])
    func aRunThatCannotGoOnSaysWhy(words: [TrainingField: String], reason: String) async throws {
        let (events, inbox) = AsyncStream<Event>.makeStream()
        let runner = TrainingRunner(folder: folder) { inbox.yield($0) }
        runner.perform(.start(try form(words), threads: 1), run: 1, for: try Sample.subject(images: 100))
        for await event in events {
            guard case .training(1, .ended(let phase, _)) = event else { continue }
            guard case .failed(let found) = phase else {
                Issue.record("\(phase)")
                return
            }
            #expect(found.contains(reason), "\(found)")
            return
        }
    }
}

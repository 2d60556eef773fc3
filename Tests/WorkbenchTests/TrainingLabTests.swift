import Engine
import Foundation
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
        file: "runs/mlp/mlp.onnx", firstStep: 0)

    /// What effects ask of runs, by the runs' numbers.
    private func asked(_ effects: [Effect]) -> [String] {
        effects.compactMap { effect in
            guard case .train(let run, let what) = effect else { return nil }
            switch what {
            case .start(_, _, let threads): return "\(run) start \(threads)"
            case .threads(let threads): return "\(run) threads \(threads)"
            case .recall(let folder): return "\(run) recall \(folder)"
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
        #expect(form.width == 24 && form.norm == "top-7")
        for (field, word) in [
            (TrainingField.momentum, "0"), (.clip, "off"), (.shift, "0"), (.flip, "off"), (.normPrecision, "half"),
            (.rounding, "nearest"), (.warmUp, "0.25"),
        ] {
            form = try form.setting(field, to: word)
        }
        expected.momentum = 0
        expected.isNesterov = false
        expected.clipping = nil
        expected.augmentation = .none
        expected.normPrecision = .half
        expected.schedule = Schedule(peak: 0.25, shape: .steps([0.5, 0.75]), warmUp: 0.25)
        expected.precision = TrainingPrecision(
            weights: 4, activations: 4, layerGradients: 8, weightGradients: 32, rounding: .nearest)
        #expect(form.options == expected)
        #expect(TrainingForm().options.epochs == 10 && TrainingForm(hasLabels: true).options.epochs == 2)
        // Without options the form says what the trainer does by itself, but for the schedule.
        var own = TrainingOptions()
        own.schedule = Schedule(peak: 0.1, shape: .triangle(rise: 0.2))
        #expect(TrainingForm().options == own)
    }

    @Test func theFormNamesImagesAsTheCommandLineDoes() throws {
        var form = TrainingForm(hasLabels: true)
        let images: [TrainingField: String] = [
            .data: "a/pictures.npz", .mean: "0.5", .std: "0.25", .limit: "600", .crop: "24",
        ]
        var request = try form.resolved(for: images).request
        #expect(request.data == "a/pictures.npz" && request.means == [0.5] && request.deviations == [0.25])
        #expect(request.limit == 600 && request.crop == 24 && request.holdOut == 0.2 && request.labels == nil)
        for (field, word) in [
            (TrainingField.mean, "0.1,0.2,0.3"), (.labels, "b.npy"), (.limit, "100"), (.holdOut, "0.5"),
            (.layout, "nhwc"), (.channels, "bgr"), (.resize, "32"), (.scale, "2"),
        ] {
            form = try form.setting(field, to: word)
        }
        request = try form.resolved(for: images).request
        #expect(request.means == [0.1, 0.2, 0.3] && request.labels == "b.npy" && request.limit == 100)
        #expect(request.holdOut == 0.5 && request.layout == .nhwc && request.channelOrder == .bgr)
        #expect(request.resize == 32 && request.scale == 2 && request.deviations == [0.25])
        // Images of its own: nothing of the session's. Images to test on: none are held out.
        form = try TrainingForm(hasLabels: true).setting(.data, to: "c.npz").setting(.test, to: "d.npz")
        request = try form.resolved(for: images).request
        #expect(
            request.data == "c.npz" && request.test == "d.npz" && request.means == nil && request.holdOut == nil)
        #expect(try TrainingForm(hasLabels: false).resolved(for: images).request.data == nil)
        #expect(throws: TrainingDataError.noImages) { try TrainingForm(hasLabels: true).resolved(for: [:]) }
    }

    @Test func everyFormHasAFolderOfItsOwn() throws {
        let images: [TrainingField: String] = [.data: "a/b c.npz", .limit: "600", .mean: "0.5"]
        let form = TrainingForm(hasLabels: true)
        #expect(form.folder(for: images) == "runs/resnet8-b_c-limit-600")
        let other = try form.setting(.norm, to: "range").setting(.epochs, to: "3")
        #expect(other.folder(for: images) == "runs/resnet8-b_c-limit-600-epochs-3-norm-range")
        #expect(try form.setting(.output, to: "mine").folder(for: images) == "mine")
        #expect(TrainingForm(hasLabels: false).folder(for: images) == "runs/resnet8-fashion-mnist")
        let long = try form.setting(.labels, to: String(repeating: "l", count: 300))
        #expect(long.folder(for: images).utf8.count < 100 && long.folder(for: images) != form.folder(for: images))
    }

    @Test(arguments: [
        (TrainingField.net, "resnet9"), (.width, "0"), (.data, ""), (.limit, "some"), (.epochs, "0"),
        (.batch, "-1"),
        (.rate, "nan"), (.schedule, "square"), (.norm, "l3"), (.precision, "8,8"), (.weightNorm, "weak"),
        (.decay, "2"), (.seed, "-1"), (.holdOut, "1"), (.std, "1,0"), (.mean, "a"), (.scale, "1,2"),
        (.layout, "rgb"),
        (.channels, "nchw"), (.warmUp, "1"), (.momentum, "1"), (.clip, "0"), (.shift, "-1"), (.flip, "yes"),
        (.normPrecision, "double"),
        (.rounding, "up"), (.limit, "0"), (.output, ""), (.crop, "none"),
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
        _ = session.update(.train(.word(.seed, "3")))
        _ = session.update(.train(.start))
        #expect(session.training.runs.map(\.id) == [3, 2] && session.training.runs.map(\.letter) == ["A", "B"])
        // What a run that is gone still reports is of no use.
        _ = session.receive(.training(run: 1, .began(outline)))
        #expect(session.training.runs.map(\.id) == [3, 2])
    }

    @Test func aRunThatHasEndedGoesOnInItsPlace() throws {
        var session = try session()
        for (run, seed) in [(1, "1"), (2, "2")] {
            _ = session.update(.train(.word(.seed, seed)))
            _ = session.update(.train(.start))
            _ = session.receive(.training(run: run, .began(outline)))
        }
        // The folder is taken while its run goes on.
        #expect(asked(session.update(.train(.start))).isEmpty)
        #expect(session.notice?.text.hasPrefix("run B has the folder runs/") ?? false)
        for run in 1...2 { _ = session.receive(.training(run: run, .ended(.dropped, file: nil))) }
        #expect(asked(session.update(.train(.start))) == ["3 start 2"])
        #expect(session.training.runs.map(\.id) == [1, 3] && session.training.run?.letter == "B")
        // What was done before is known by its epochs only.
        let resumed = RunOutline(
            layers: ["fc1"], steps: 40, stepsPerEpoch: 20, batch: 16, trainImages: 320, testImages: 80,
            file: "mlp.onnx", firstStep: 30)
        _ = session.receive(.training(run: 3, .began(resumed)))
        #expect(session.notice?.text.contains("goes on after step 30 of 40") ?? false)
        let epoch = EpochResult(
            epoch: 1, loss: 2, trainAccuracy: 0.25, testAccuracy: 0.5, rate: 0.1, norms: [], effectiveSteps: [])
        _ = session.receive(.training(run: 3, .epoch(epoch)))
        let results = [StepResult(loss: 1, correct: 8, count: 16)]
        _ = session.receive(
            .training(run: 3, .progressed(RunProgress(results: results, telemetry: [], imagesPerSecond: 1))))
        #expect(session.training.run?.course.map(\.step) == [20, 31] && session.training.run?.step == 31)
        // A checkpoint that cannot be written pauses it.
        _ = session.receive(.training(run: 3, .held("no space left")))
        #expect(session.training.run?.phase == .paused && session.notice?.severity == .failure)
    }

    @Test func aRunInAFolderGoesOnByItsOwnForm() throws {
        var session = try session()
        #expect(asked(session.update(.train(.resume("runs/a")))) == ["0 recall runs/a"])
        let form = try TrainingForm().setting(.net, to: "vgg").setting(.output, to: "runs/a")
        #expect(asked(session.receive(.training(run: 0, .recalled(form)))) == ["1 start 2"])
        #expect(session.training.form == form && session.training.run?.folder == "runs/a")
    }

    @Test func leavingKeepsEveryRunThatIsNotKept() throws {
        var session = try session()
        for run in 1...2 {
            _ = session.update(.train(.word(.seed, "\(run)")))
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
        for step in 0..<count { curve.add(loss: Double(step), accuracy: Double(step % 2), step: step + 1) }
        #expect(curve.points.count <= LearningCurve.limit && curve.stepsPerPoint == 4)
        #expect(curve.points.last?.step == count && curve.points.first?.step == 4)
        #expect(curve.points.first?.loss == 1.5 && curve.points.allSatisfy { $0.accuracy == 0.5 })
        let steps = curve.points.map(\.step)
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 < $1 })
    }
}

import Engine
import Foundation
import NetIO
import Quant
import Testing

@testable import Training
@testable import Workbench

/// Runs on their threads, with files.
@Suite final class TrainingRunnerTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/nibble-lab-XXXXXX".utf8CString)
        folder = String(cString: try #require(mkdtemp(&template)))
    }

    deinit { _ = try? FileManager.default.removeItem(atPath: folder) }

    private func form(_ words: [TrainingField: String] = [:], images: Int = 100) throws -> TrainingForm {
        var form = TrainingForm(hasLabels: true)
        for (field, word) in [TrainingField.net: "mlp", .width: "8", .batch: "16", .epochs: "2"].merging(
            words, uniquingKeysWith: { $1 })
        {
            form = try form.setting(field, to: word)
        }
        return try form.resolved(for: Sample.subject(images: images).imageWords)
    }

    private func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try #require(FileManager.default.contents(atPath: "\(folder)/\(path)"), "\(path)"))
    }

    private func exists(_ path: String) -> Bool { access("\(folder)/\(path)", F_OK) == 0 }

    /// The end of a run, and the steps that were done when it began.
    private func run(
        _ form: TrainingForm, in name: String, endAt epoch: Int? = nil, _ ending: TrainingEffect = .drop
    ) async throws -> (phase: RunRecord.Phase, firstStep: Int) {
        let (events, inbox) = AsyncStream<Event>.makeStream()
        let runner = TrainingRunner { inbox.yield($0) }
        let subject = try Sample.subject(images: 8)
        runner.perform(.start(form, folder: "\(folder)/\(name)", threads: 2), run: 1, for: subject)
        var firstStep = 0
        for await event in events {
            switch event {
            case .training(1, .began(let outline)): firstStep = outline.firstStep
            case .training(1, .epoch(let result)) where result.epoch == epoch:
                runner.perform(ending, run: 1, for: subject)
            case .training(1, .ended(let phase, _)): return (phase, firstStep)
            default: break
            }
        }
        throw CancellationError()
    }

    @Test func aRunTrainsTestsWritesItsNetAndOpensIt() async throws {
        let (events, inbox) = AsyncStream<Event>.makeStream()
        let runner = TrainingRunner { inbox.yield($0) }
        let subject = try Sample.subject(images: 100)
        runner.perform(.start(try form(), folder: "\(folder)/a/b", threads: 2), run: 7, for: subject)
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
                #expect(file == "\(folder)/a/b/mlp.onnx")
                runner.perform(.open(try #require(file)), run: 7, for: subject)
            case .opened(let found): opened = found
            default: Issue.record("\(event)")
            }
            if opened != nil { break }
        }
        #expect(steps == 10 && epochs.map(\.epoch) == [1, 2] && layers == [["fc1", "fc2", "fc3"]])
        #expect(epochs.allSatisfy { $0.testAccuracy != nil })
        for file in ["checkpoint.safetensors", "epochs.csv", "run.json", "loss.svg"] {
            #expect(exists("a/b/\(file)"))
        }
        // What it is measured on is what it was tested on.
        let found = try #require(opened)
        #expect(found.name == "mlp" && found.measured.images.count == 20 && found.observed.images.count == 80)
        let accuracy = try await Trainer.accuracy(
            of: Program(found.net), on: found.measured, classes: 10, found.options)
        #expect(accuracy == epochs.last?.testAccuracy)
    }

    @Test func aRunPausesAndIsKeptUnderANameThatIsFree() async throws {
        let (events, inbox) = AsyncStream<Event>.makeStream()
        let runner = TrainingRunner { inbox.yield($0) }
        let subject = try Sample.subject(images: 100)
        try AtomicFile.write("mine", to: "\(folder)/taken.onnx")
        runner.perform(
            .start(try form([.epochs: "100000"]), folder: "\(folder)/run", threads: 1), run: 1, for: subject)
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
        #expect(try OnnxFile(path: "\(folder)/run/mlp.onnx").graph.name == "mlp")
    }

    @Test func aRunThatWasEndedGoesOnAndEndsAsItWouldHave() async throws {
        let form = try form([.epochs: "30"])
        #expect(try await run(form, in: "whole").phase == .completed)
        let dropped = try await run(form, in: "parts", endAt: 2)
        #expect(dropped.phase == .dropped && !exists("parts/mlp.onnx"))
        let kept = try await run(form, in: "parts", endAt: 12, .keep(nil))
        #expect(kept.phase == .stopped && kept.firstStep >= 10 && exists("parts/mlp.onnx"))
        let last = try await run(form, in: "parts")
        #expect(last.phase == .completed)
        #expect(last.firstStep >= 60 && last.firstStep < 150)
        for file in ["mlp.onnx", "checkpoint.safetensors", "epochs.csv", "accuracy.svg"] {
            #expect(try bytes("whole/\(file)") == bytes("parts/\(file)"), "\(file)")
        }
        #expect(try RunFolder.form(of: "\(folder)/parts").options == form.options)
        #expect(throws: RunFolderError.nothingToResume(path: folder)) { try RunFolder.form(of: folder) }
        // It is complete: nothing is trained, and its net is there.
        let again = try await run(form, in: "parts")
        #expect(again.phase == .completed)
        #expect(again.firstStep == 150)
        #expect(try bytes("whole/mlp.onnx") == bytes("parts/mlp.onnx"))
    }

    @Test func aRunOfOtherOptionsOrImagesIsRefusedAndLeftAsItIs() async throws {
        #expect(try await run(try form(), in: "run").phase == .completed)
        let before = try bytes("run/checkpoint.safetensors")
        for (other, reason) in [
            (try form([.epochs: "3", .norm: "range"]), "epochs 2, not 3, norm l2, not range"),
            (try form([.mean: "0.5"]), "mean 0.286, not 0.5"), (try form(images: 110), "images 80, not 88"),
            (try form([.holdOut: "0.205"], images: 101), "other images"),
        ] {
            guard case .failed(let found) = try await run(other, in: "run").phase else {
                Issue.record("not refused")
                continue
            }
            #expect(found.contains("holds a run of other options") && found.contains(reason), "\(found)")
        }
        #expect(try bytes("run/checkpoint.safetensors") == before)
    }

    @Test func twoRunsDoNotShareAFolder() async throws {
        let (events, inbox) = AsyncStream<Event>.makeStream()
        let runner = TrainingRunner { inbox.yield($0) }
        let subject = try Sample.subject(images: 8)
        let start = TrainingEffect.start(try form([.epochs: "100000"]), folder: "\(folder)/run", threads: 1)
        runner.perform(start, run: 1, for: subject)
        for await event in events {
            switch event {
            case .training(1, .began): runner.perform(start, run: 2, for: subject)
            case .training(2, .ended(.failed(let reason), _)):
                #expect(reason.contains("a run that is under way"))
                runner.perform(.drop, run: 1, for: subject)
            case .training(1, .ended(let phase, _)):
                #expect(phase == .dropped)
                return
            default: break
            }
        }
    }

    @Test(arguments: [true, false])
    func aProgramThatEndsKeepsItsRuns(keepingNets: Bool) async throws {
        let (events, inbox) = AsyncStream<Event>.makeStream()
        let runner = TrainingRunner { inbox.yield($0) }
        let subject = try Sample.subject(images: 8)
        // One has ended before.
        runner.perform(.start(try form(), folder: "\(folder)/0", threads: 1), run: 0, for: subject)
        for run in 1...2 {
            runner.perform(
                .start(try form([.epochs: "100000"]), folder: "\(folder)/\(run)", threads: 1), run: run,
                for: subject)
        }
        var seen: Set<Int> = []
        for await event in events {
            switch event {
            case .training(0, .ended): seen.insert(0)
            case .training(let run, .progressed) where run > 0: seen.insert(run)
            default: break
            }
            if seen.count == 3 { break }
        }
        runner.finish(keepingNets: keepingNets, within: .seconds(60))
        for run in 1...2 {
            #expect(exists("\(run)/mlp.onnx") == keepingNets)
            #expect(try TrainingCheckpoint(path: "\(folder)/\(run)/checkpoint.safetensors").state.step > 0)
        }
    }

    @Test func aRunWhoseCheckpointCannotBeWrittenPausesAndSaysSo() async throws {
        let (events, inbox) = AsyncStream<Event>.makeStream()
        let runner = TrainingRunner { inbox.yield($0) }
        let subject = try Sample.subject(images: 8)
        runner.perform(
            .start(try form([.epochs: "100000"]), folder: "\(folder)/run", threads: 1), run: 1, for: subject)
        var isMoved = false
        for await event in events {
            switch event {
            case .training(1, .epoch) where !isMoved: isMoved = rename("\(folder)/run", "\(folder)/away") == 0
            case .training(1, .held(let reason)):
                #expect(reason.contains("\(folder)/run/"))
                #expect(rename("\(folder)/away", "\(folder)/run") == 0)
                runner.perform(.keep(nil), run: 1, for: subject)
            case .training(1, .ended(let phase, _)):
                #expect(phase == .stopped && isMoved)
                return
            default: break
            }
        }
    }

    @Test(arguments: [
        ([TrainingField.data: "/nonexistent"], "nonexistent"), ([.batch: "1000"], "less than one batch"),
        ([.net: "mlp", .batch: "1"], "needs 2"), ([.rate: "1e30"], "not a number"), ([.test: "/none"], "/none"),
    ])
    func aRunThatCannotGoOnSaysWhy(words: [TrainingField: String], reason: String) async throws {
        guard case .failed(let found) = try await run(try form(words), in: "run").phase else {
            Issue.record("it did not fail")
            return
        }
        #expect(found.contains(reason), "\(found)")
        // What cannot begin leaves no folder.
        #expect(exists("run") == (words[.rate] != nil))
    }

    @Test func aRunIsDescribedByOptionsAndACommand() throws {
        let form = try form([
            .norm: "range", .precision: "8,8,8,16", .flip: "off", .labels: "it's here.npy", .decay: "1e-4",
        ])
        let data = try TrainingData(try self.form().request)
        let description = RunDescription(
            form, try form.blueprint(for: data), images: data.train, isa: .baseline, recording: 5)
        #expect(
            description.command(output: "runs/my run")
                == "nibble train mlp --width 8 --data \(Sample.directory)/fashion-test-images.idx.gz --limit 100 --epochs 2 "
                + "--batch 16 --norm range --precision 8,8,8,16 --decay 0.0001 --labels 'it'\\''s here.npy' --hold-out 0.2 "
                + "--scale 0.003921569 --mean 0.286 --std 0.353 --no-flip --record-layers 5 --isa baseline "
                + "--output 'runs/my run'")
        // A form that is read from options is the same run.
        let options = description.options
        let read = RunDescription(
            try TrainingForm(options), try form.blueprint(for: data), images: data.train, isa: .baseline,
            recording: 5)
        #expect(read.options == options && read.identity == description.identity)
        #expect(read.form.request.data == form.request.data && read.form.request.holdOut == 0.2)
        #expect(options["width"] == .int(8) && options["rate"] == .number(0.1) && options["flip"] == .bool(false))
        #expect(options["decay"] == .number(0.0001) && options["test"] == .null && options["seed"] == .int(1))
        #expect(options["precision"] == .string("8,8,8,16") && options["isa"] == .string("baseline"))
        // What goes through a checkpoint is the same.
        #expect(try JSON(parsing: description.identity.text.utf8) == description.identity)
        // Where the images lie does not matter for going on; which they are does.
        let moved = RunDescription(
            try form.setting(.data, to: "elsewhere"), try form.blueprint(for: data), images: data.train,
            isa: .baseline)
        #expect(moved.identity == description.identity)
    }
}

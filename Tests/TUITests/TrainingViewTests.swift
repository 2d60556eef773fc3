import Engine
import Net
import NetIO
import Quant
import Terminal
import Testing

@testable import TUI
@testable import Training
@testable import Workbench

@Suite struct TrainingViewTests {
    private static let look = Look(.mono, .unicode)
    private static let small = Size(width: 80, height: 24)
    private static let large = Size(width: 200, height: 60)

    private func state() throws -> ScreenState {
        var state = try ScreenState.sample("fashion-vgg", images: 2)
        type(["7"], &state)
        return state
    }

    /// A view with so many runs in their third epoch of five.
    private func running(_ count: Int) throws -> ScreenState {
        var state = try state()
        for run in 1...count {
            _ = state.session.update(.train(.word(.seed, "\(run)")))
            type(["t"], &state)
            _ = state.session.receive(
                .training(
                    run: run,
                    .began(
                        RunOutline(
                            layers: ["fc1", "fc2", "fc3"], steps: 100, stepsPerEpoch: 20, batch: 16,
                            trainImages: 320,
                            testImages: 80, file: "mlp.onnx", firstStep: 0))))
            let results = (0..<50).map { step in
                StepResult(loss: 2.3 / Double(run) * (1 - Double(step) / 100), correct: 4 + step / 5, count: 16)
            }
            _ = state.session.receive(
                .training(
                    run: run,
                    .progressed(
                        RunProgress(
                            results: results, telemetry: (0..<10).map { telemetry(step: 5 * $0) },
                            imagesPerSecond: 1000))))
            for epoch in 1...2 {
                _ = state.session.receive(
                    .training(
                        run: run,
                        .epoch(
                            EpochResult(
                                epoch: epoch, loss: 1, trainAccuracy: 0.5, testAccuracy: 0.4 + 0.1 * Double(epoch),
                                rate: 0.1, norms: [], effectiveSteps: []))))
            }
        }
        _ = state.session.update(.train(.field(.net)))
        return state
    }

    private func telemetry(step: Int) -> StepTelemetry {
        var histogram = Quant.Histogram(lo: -0.5, hi: 0.5, bins: 96)
        (0..<200).map { Float($0 % 41 - 20) / 64 }.withUnsafeBufferPointer { histogram.add($0) }
        return StepTelemetry(
            step: step,
            layers: ["fc1", "fc2", "fc3"].map { name in
                LayerTelemetry(
                    name: name, weightNorm: 1.5 + Double(step) / 100, gradientNorm: 0.25, effectiveStep: 0.0625,
                    weights: .init(bits: 4, cosine: 0.98, isUsed: false),
                    activations: .init(bits: 4, cosine: 0.99, isUsed: false),
                    gradients: .init(bits: 8, cosine: 0.9999, isUsed: true), layerGradients: histogram,
                    weightGradients: histogram, sigmaRatios: [1, 0.98, 1.25, 1.125, 0.9])
            })
    }

    private func type(_ keys: [Key], _ state: inout ScreenState) {
        for key in keys { _ = state.press(key, size: Self.small) }
    }

    private func text(_ state: ScreenState, _ size: Size = small, _ look: Look = look) -> String {
        state.draw(size, look).lines.joined(separator: "\n")
    }

    @Test func everyPanelDrawsAtEverySizeWithoutRunsAndWithOneAndTwo() throws {
        for runs in 0...2 {
            var state = runs == 0 ? try state() : try running(runs)
            for _ in TrainingPanel.allCases {
                for (width, height) in [
                    (0, 0), (1, 1), (40, 12), (41, 13), (80, 24), (160, 44), (200, 60), (300, 12),
                ] {
                    for look in [Self.look, Look(.indexed256, .ascii)] {
                        let canvas = state.draw(Size(width: width, height: height), look)
                        #expect(canvas.size == Size(width: width, height: height))
                    }
                }
                type([.tab], &state)
            }
        }
    }

    @Test func theFormIsOnTheFirstScreenAndKeysChangeIt() throws {
        var state = try state()
        let first = text(state)
        #expect(first.contains("training 1 of 4 · setup") && first.contains("t starts a run as the form says"))
        #expect(first.contains("▸ net") && first.contains("resnet8") && first.contains("session"))
        type([.right], &state)
        #expect(state.session.training.form[.net] == "resnet20")
        #expect(
            first.contains("net: resnet8") && first.contains("resnet8-images"), "the folder's end, under output")
        for _ in 0..<12 { type([.down], &state) }
        type([.enter, "4", "2", .enter], &state)
        #expect(state.session.training.form[.seed] == "142")
        type([.up, .enter] + "x".map { Key.character($0) } + [.enter], &state)
        #expect(state.session.training.form[.decay] == "0.0005" && state.session.notice?.severity == .failure)
        #expect(text(state).contains("a number from 0 to below 1, off or norm-schedule"))
        // What is changed less often follows further down, under headings.
        type([.end], &state)
        let last = text(state)
        #expect(last.contains("▸ rounding") && last.contains("norm-precision") && last.contains("steps"))
        #expect(!last.contains("seed") && last.contains("stochastic or nearest"))
        type([.pageUp], &state)
        #expect(text(state).contains("test-labels") && text(state).contains("labels"))
        type([.home, .enter, .control("u")] + "mlp".map { Key.character($0) } + [.enter], &state)
        #expect(state.session.training.form[.net] == "mlp")
    }

    @Test func aRunCanBeFollowedOnEveryPanel() throws {
        var state = try running(1)
        let setup = text(state)
        #expect(setup.contains("running · epoch 3 of 5 · step 50 of 100"))
        #expect(setup.contains("0:01 left") && setup.contains("test 60.0 %"))
        type([.tab], &state)
        let curves = text(state)
        #expect(curves.contains("loss") && curves.contains("accuracy") && curves.contains("A test"))
        #expect(curves.contains { ("\u{2801}"..."\u{28FF}").contains($0) })
        type([.tab, .down, .right], &state)
        let layers = text(state)
        #expect(layers.contains("gradient norm of fc2 against epochs"))
        #expect(layers.contains("degrees to copies of W 4, A 4, G 8 bits (W, A: floats here)"))
        #expect(
            layers.contains("sigma by scheme: l2 1.00  l1 0.98  linf 1.25  top-10 1.13  range 0.90"))
        #expect(layers.contains("1.95") && layers.contains("0.063") && layers.contains("11.5"))
        type([.tab], &state)
        let gradients = text(state)
        #expect(
            gradients.contains("gradients · fc2 · run A") && gradients.contains("half a step of 8 bits"),
            "\(gradients)")
        #expect(gradients.contains("below half a step"))
    }

    @Test func twoRunsAreToldApartWithoutColour() throws {
        var state = try running(2)
        let status = state.draw(Self.small, Self.look).lines[21]
        #expect(status.contains("A 50 %") && status.contains("B 50 %"))
        type([.tab], &state)
        let ascii = text(state, Self.small, Look(.mono, .ascii))
        #expect(
            ascii.contains("AAAA") && ascii.contains("BBBB") && ascii.contains("A run A")
                && ascii.contains("B run B"))
        let unicode = text(state)
        #expect(unicode.contains("⠒⠒ run A") && unicode.contains("⠒⠂ run B") && unicode.contains("B test"))
        type(["r"], &state)
        #expect(state.session.training.run?.letter == "A")
    }

    @Test func keysActOnTheSelectedRun() throws {
        var state = try running(1)
        type([" "], &state)
        #expect(state.session.training.run?.phase == .paused && text(state).contains("paused"))
        type([" ", "e"], &state)
        #expect(state.mode == .keep(LineEditor("mlp.onnx")))
        var other = state
        let reaction = state.press(.enter, size: Self.small)
        guard case .train(1, .keep(nil))? = reaction.effects.first else {
            Issue.record("\(reaction.effects)")
            return
        }
        type([.backspace], &other)
        guard case .train(1, .keep("mlp.onn"))? = other.press(.enter, size: Self.small).effects.first else {
            Issue.record("not under the name that was typed")
            return
        }
        _ = state.receive(.training(run: 1, .ended(.stopped, file: "mlp.onnx")))
        #expect(text(state).contains("mlp.onnx · o opens it"))
        guard case .train(1, .open("mlp.onnx"))? = state.press("o", size: Self.small).effects.first else {
            Issue.record("not opened")
            return
        }
    }

    @Test func whatWouldBeLostIsAskedFor() throws {
        var state = try running(1)
        // Leaving: nets first, then choices.
        #expect(state.press("q", size: Self.small).step == .redraw && state.mode == .leavingRuns)
        #expect(text(state).contains("e keeps their nets and quits"))
        let keeping = state.press("e", size: Self.small)
        #expect(keeping.step == .redraw && keeping.effects.count == 1)
        #expect(state.receive(.training(run: 1, .ended(.stopped, file: "mlp.onnx"))).step == .quit)
        var other = try running(1)
        type(["q"], &other)
        #expect(other.press("q", size: Self.small).step == .quit)
    }

    @Test func aKeyLeadsBackToTheNetThatWasOpenBefore() throws {
        var state = try running(1)
        type(["O"], &state)
        #expect(state.session.notice?.text.hasPrefix("no other net is open") ?? false)
        #expect(!text(state).contains("O to fashion"))
        type(["1", "-"], &state)
        _ = state.receive(.training(run: 1, .ended(.stopped, file: "mlp.onnx")))
        _ = state.receive(.opened(try ScreenState.sample("fashion-mobilenet", images: 2).session.subject))
        #expect(state.view == .explorer && text(state).contains("O goes back to fashion-vgg"))
        // The choices left there are asked for.
        #expect(
            state.press("q", size: Self.small).step == .redraw
                && text(state).contains("fashion-vgg has unsaved choices"))
        type([.escape, "7"], &state)
        let line = state.draw(Self.small, Self.look).lines.last ?? ""
        #expect(line.hasPrefix(" O to fashion-vgg  t train"), "\(line)")
        type(["O"], &state)
        #expect(state.view == .explorer && state.session.subject.name == "fashion-vgg" && state.session.canUndo)
        #expect(text(state).contains("O to fashion-mobilenet") && state.session.training.runs.count == 1)
        type(["?"], &state)
        #expect(text(state, Self.large).contains("back to the net explored before"))
    }

    @Test func theNetThatIsOpenedIsExplored() throws {
        var state = try running(1)
        let other = try ScreenState.sample("fashion-mobilenet", images: 2).session.subject
        let reaction = state.receive(.opened(other))
        #expect(state.view == .explorer && reaction.effects.count == 1)
        #expect(text(state).contains("calibrating") && state.session.training.runs.count == 1)
    }

    @Test func theMouseChoosesLinesLayersAndPanels() throws {
        var state = try running(2)
        _ = state.point(MouseEvent(.press, at: Point(x: 5, y: 6)), size: Self.small, look: Self.look)
        #expect(state.session.training.field == .limit)
        _ = state.point(MouseEvent(.scrollDown, at: Point(x: 5, y: 6)), size: Self.small, look: Self.look)
        #expect(state.session.training.field == .epochs)
        _ = state.point(MouseEvent(.press, at: Point(x: 50, y: 3)), size: Self.small, look: Self.look)
        #expect(state.session.training.run?.letter == "A")
        let frames = PanelLayout(Self.large, chosen: TrainingPanel.setup).panels
        let layers = try #require(frames.first { $0.panel == .layers }).frame
        _ = state.point(
            MouseEvent(.press, at: Point(x: layers.x + 5, y: layers.y + 5)), size: Self.large, look: Self.look)
        #expect(state.session.training.panel == .layers && state.session.training.layer == 1)
    }

    @Test func footerAndHelpComeFromTheViewsTable() throws {
        #expect(trainingKeys.duplicates.isEmpty)
        var state = try state()
        let last = state.draw(Self.small, Self.look).lines.last ?? ""
        #expect(last.contains("t train") && last.contains("Space pause") && last.contains("? all keys"), "\(last)")
        type(["?"], &state)
        #expect(text(state, Self.large).contains("open the run's net in the explorer"))
    }

    @Test func typedWordsDoTheSame() throws {
        #expect(try TypedCommand("train start", layerNames: []) == .session(.train(.start)))
        #expect(try TypedCommand("train net mlp", layerNames: []) == .session(.train(.word(.net, "mlp"))))
        #expect(
            try TypedCommand("train weight-norm bounded", layerNames: [])
                == .session(.train(.word(.weightNorm, "bounded"))))
        #expect(try TypedCommand("train keep a b.onnx", layerNames: []) == .session(.train(.keep("a b.onnx"))))
        #expect(try TypedCommand("train resume a b", layerNames: []) == .session(.train(.resume("a b"))))
        #expect(throws: TypedCommand.Problem.self) { try TypedCommand("train resume", layerNames: []) }
        #expect(try TypedCommand("back", layerNames: []) == .session(.back))
        #expect(try TypedCommand("view training", layerNames: []) == .view(.training))
        #expect(throws: TypedCommand.Problem.self) { try TypedCommand("train hard", layerNames: []) }
        #expect(TypedCommand.completions(of: "train net re", layerNames: []).count == 2)
    }
}

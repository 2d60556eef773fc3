import Engine
import Net
import NetIO
import Quant
import Terminal
import Testing
import Training
import Workbench

@testable import TUI

@Suite struct TheoryViewTests {
    private static let look = Look(.mono, .unicode)
    private static let small = Size(width: 80, height: 24)
    private static let large = Size(width: 200, height: 60)

    /// What the first settings of all panels are answered.
    private static let answers: [(TheoryQuestion, TheoryAnswer)] = TheoryPanel.allCases.compactMap { panel in
        let question = Theory().question(of: panel)
        return question.answer().map { (question, $0) }
    }

    /// The theory view, before calibration; with the simulations of the first settings done, if wanted.
    private func state(isAnswered: Bool = true) throws -> ScreenState {
        var state = try ScreenState.sample("fashion-vgg", images: 2, threads: 1)
        type(["6"], &state)
        if isAnswered {
            for (question, answer) in Self.answers { _ = state.session.receive(.simulated(question, answer)) }
        }
        return state
    }

    private func type(_ keys: [Key], _ state: inout ScreenState) {
        for key in keys { _ = state.press(key, size: Self.small) }
    }

    private func text(_ state: ScreenState, _ size: Size = small) -> String {
        state.draw(size, Self.look).lines.joined(separator: "\n")
    }

    @Test func everyPanelDrawsAtEverySizeWithAndWithoutItsAnswer() throws {
        for isAnswered in [false, true] {
            var state = try state(isAnswered: isAnswered)
            for _ in TheoryPanel.allCases {
                for (width, height) in [
                    (0, 0), (1, 1), (40, 12), (41, 13), (80, 24), (160, 44), (200, 60), (300, 12),
                ] {
                    for look in [Self.look, Look(.indexed256, .ascii)] {
                        let canvas = state.draw(Size(width: width, height: height), look)
                        #expect(canvas.size == Size(width: width, height: height))
                        #expect(!isAnswered || !canvas.lines.joined().contains("simulating"))
                    }
                }
                type([.tab], &state)
            }
        }
    }

    @Test func theKeyOfTheViewAsksForSimulationsAndShowsTheFormulaAtOnce() throws {
        var state = try state(isAnswered: false)
        #expect(state.view == .theory && state.session.theory.pending.count == 4)
        #expect(text(state).contains("simulating") && text(state).contains("5.03"))
        let press = state.press("+", size: Self.small)
        guard case .simulate(let questions)? = press.effects.first else {
            Issue.record("nothing asked")
            return
        }
        #expect(
            questions.first == .clipping(ClippingExperiment(prior: .laplace, bits: 5, isRectified: false)))
    }

    @Test func aSmallScreenShowsOnePanelAndALargeOneAll() throws {
        var state = try state()
        let places = ["theory 1 of 4", "theory 2 of 4", "theory 3 of 4", "theory 4 of 4"]
        for place in places {
            #expect(places.filter { text(state).contains($0) } == [place])
            type([.tab], &state)
        }
        #expect(places.allSatisfy { text(state, Self.large).contains($0) })
        type([.backTab], &state)
        #expect(state.session.theory.panel == .sigma)
    }

    @Test func formulaAndSampleStandSideBySide() throws {
        var state = try state()
        let clipping = state.draw(Self.small, Self.look).lines
        #expect(
            Array(clipping[1...3]) + clipping[5...8] == [
                "┌ theory 1 of 4 · clipping · mean squared error against threshold ─────────────┐",
                "│▸ prior       laplace    ●────────────   bits        4          ────●──────── │",
                "│  range       signed     ●────────────   threshold   5.03 best  ─────●─────── │",
                "│                                 best    error  SQNR dB    at 5.03  to formula│",
                "│  formula                        5.03   0.0460     16.4     0.0460            │",
                "│  bin middles                    5.01   0.0464     16.4     0.0464      +0.8 %│",
                "│  deployed                       4.97   0.0503     16.0     0.0503      +9.4 %│",
            ])
        type([.tab, .tab], &state)
        let angle = state.draw(Self.small, Self.look).lines
        #expect(
            Array(angle[1...7]) == [
                "┌ theory 3 of 4 · angle · of a tensor and its quantized copy, in degrees ──────┐",
                "│▸ prior       gauss      ●────────────   bits        4          ────●──────── │",
                "│262,144 values, min to max; clipped: the better threshold of ACIQ             │",
                "│  bits     nearest       tight  stochastic       tight     clipped       bound│",
                "│     2        45.5        41.3        50.1        51.1        22.9        54.5│",
                "│     3        20.6        20.6        28.0        28.0        11.6        42.7│",
                "│▸    4        9.94        9.95        13.9        13.9        6.26        32.1│",
            ])
    }

    @Test func keysMoveSlidersAndTheThreshold() throws {
        var state = try state()
        type(["p", "+", "r"], &state)
        #expect(state.session.theory.clipping == ClippingExperiment(prior: .gauss, bits: 5, isRectified: true))
        let best = state.session.theory.threshold
        type(["]"], &state)
        #expect(abs(state.session.theory.threshold - 1.05 * best) < 1e-12)
        type(["x"], &state)
        #expect(state.session.theory.chosenThreshold == nil)
        // The slider that the last key set is the selected one: the threshold's.
        type([.home], &state)
        #expect(state.session.theory.threshold == state.session.theory.clipping.thresholds[0])
        type([.up, .left], &state)
        #expect(!state.session.theory.clipping.isRectified)
        type([.up, .up, .end], &state)
        #expect(state.session.theory.clipping.prior == .uniform)
        type([.tab, .down, .down, .down, .right, .right], &state)
        #expect(state.session.theory.ratio == 8)
        type([.tab, "-", .tab, .down, .right], &state)
        #expect(state.session.theory.angleBits == 3 && state.session.theory.sigmaCount == 2048)
        type(["["], &state)
        #expect(state.session.notice?.severity == .warning)
    }

    @Test func keysOfLayersDoNothingHere() throws {
        var state = try state()
        let configuration = state.session.configuration
        type(["f", "b", "6", "a", "c", "A", " ", "u"], &state)
        #expect(state.session.configuration == configuration && state.session.marks.isEmpty)
        type(["1", "-"], &state)
        #expect(state.view == .explorer && state.session.configuration != configuration)
    }

    @Test func footerAndHelpComeFromTheViewsTable() throws {
        #expect(theoryKeys.duplicates.isEmpty)
        var state = try state()
        let last = state.draw(Self.small, Self.look).lines.last ?? ""
        #expect(last.contains("Tab panel") && last.contains("↑↓ slider") && last.contains("? all keys"))
        type(["?"], &state)
        #expect(text(state, Self.large).contains("the slider's value higher"))
        #expect(!text(state, Self.large).contains("weights column"))
    }

    @Test func theMouseDragsTheThresholdAndSliders() throws {
        var state = try state()
        func parts(_ size: Size, _ panel: TheoryPanel) throws -> TheoryLayout.Parts {
            let frames = TheoryLayout(size, chosen: state.session.theory.panel).panels
            return TheoryLayout.parts(
                of: panel, in: try #require(frames.first { $0.panel == panel }).frame, selected: state.slider)
        }
        let plot = try parts(Self.small, .clipping).plot
        let at = Point(x: plot.x + 40, y: plot.y + 2)
        _ = state.point(MouseEvent(.press, at: at), size: Self.small, look: Self.look)
        let chosen = try #require(state.session.theory.chosenThreshold)
        let expected = try #require(state.theoryPlot(.clipping, Self.look).x(atColumn: at.x, in: plot))
        #expect(chosen == expected)
        // The right end of the slider of bits.
        let bits = try parts(Self.small, .clipping).sliders[1].area
        _ = state.point(
            MouseEvent(.drag, at: Point(x: bits.x + bits.width - 2, y: bits.y)), size: Self.small, look: Self.look)
        #expect(state.session.theory.clipping.bits == 8 && state.slider == 1)
        _ = state.point(MouseEvent(.scrollDown, at: at), size: Self.small, look: Self.look)
        #expect(state.session.theory.clipping.bits == 7)
        // On a large screen a press in another panel chooses it and acts there.
        let sigma = try parts(Self.large, .sigma).plot
        let reaction = state.point(
            MouseEvent(.press, at: Point(x: sigma.x + sigma.width - 1, y: sigma.y + 1)), size: Self.large,
            look: Self.look)
        #expect(reaction.step == .redraw && state.session.theory.panel == .sigma)
        #expect(state.session.theory.sigmaCount == 65_536)
        let angle = try parts(Self.large, .angle).table
        _ = state.point(
            MouseEvent(.press, at: Point(x: angle.x + 5, y: angle.y + 1)), size: Self.large, look: Self.look)
        #expect(state.session.theory.panel == .angle && state.session.theory.angleBits == 2)
    }

    @Test func typedWordsSetThePanels() throws {
        #expect(try TypedCommand("theory", layerNames: []) == .session(.theory(.show)))
        #expect(try TypedCommand("theory bins", layerNames: []) == .session(.theory(.panel(.bins))))
        #expect(try TypedCommand("theory prior gauss", layerNames: []) == .session(.theory(.distribution(.gauss))))
        #expect(try TypedCommand("theory range rectified", layerNames: []) == .session(.theory(.rectified(true))))
        #expect(try TypedCommand("theory threshold 2.5", layerNames: []) == .session(.theory(.threshold(2.5))))
        #expect(try TypedCommand("view theory", layerNames: []) == .view(.theory))
        for line in [
            "theory frobnicate", "theory bits 9", "theory ratio 0.5", "theory count 1000", "theory bins 3",
        ] {
            #expect(throws: TypedCommand.Problem.self) { try TypedCommand(line, layerNames: []) }
        }
        #expect(TypedCommand.completions(of: "theory prior l", layerNames: []).count == 2)
        // The command line shows what it set.
        var state = try state()
        type(["1", ":"], &state)
        type("theory angle".map { Key.character($0) } + [.enter], &state)
        #expect(state.view == .theory && state.session.theory.panel == .angle)
    }

    @Test func everyPanelHasSentences() throws {
        var state = try state()
        for panel in TheoryPanel.allCases {
            let lines = state.theorySentences
            #expect(lines.count >= 4 && state.session.theory.panel == panel)
            type([.tab], &state)
        }
    }
}

import Engine
import Net
import NetIO
import Quant
import Terminal
import Testing
import Workbench

@testable import TUI

@Suite struct ExplorerScreenTests {
    private let look = Look(.mono, .unicode)

    private func state(isCalibrated: Bool = true) async throws -> ScreenState {
        var state = try ScreenState.sample("fashion-mobilenet", images: 32)
        if isCalibrated {
            let subject = state.session.subject
            let calibration = try await CalibrationRun(
                subject.net, on: subject.observed, options: subject.options
            ).run()
            _ = state.session.receive(.calibrated(calibration))
            state.details = Details(state.session, reusing: nil)
        }
        return state
    }

    private func type(_ keys: [Key], _ state: inout ScreenState) {
        for key in keys {
            _ = state.press(key, size: Size(width: 80, height: 24))
            state.details = Details(state.session, reusing: state.details)
        }
    }

    @Test func everyViewDrawsAtEverySize() async throws {
        var state = try await state()
        for kind in ViewKind.allCases {
            state.view = kind
            for (width, height) in [(0, 0), (1, 1), (2, 40), (39, 12), (40, 12), (80, 24), (200, 60), (300, 5)] {
                for look in [look, Look(.indexed256, .ascii)] {
                    let canvas = state.draw(Size(width: width, height: height), look)
                    #expect(canvas.size == Size(width: width, height: height))
                }
            }
        }
    }

    @Test func theScreenSaysHowLargeItMustBe() async throws {
        let lines = try await state().draw(Size(width: 12, height: 4), look).lines
        #expect(lines.joined(separator: " ").contains("needs 40x12; q quits"))
    }

    @Test func theFirstFrameIsUsableWhileCalibrating() async throws {
        var state = try await state(isCalibrated: false)
        type([.down, "-"], &state)
        let lines = state.draw(Size(width: 80, height: 24), look).lines.joined(separator: "\n")
        #expect(lines.contains("calibrating on 32 images") && lines.contains("activations -1 bit"))
    }

    @Test func oneScreenHoldsTheWholeStory() async throws {
        let lines = try await state().draw(Size(width: 120, height: 40), look).lines.joined(separator: "\n")
        for part in [
            "fashion-mobilenet", "32 images", "SQNR", "laplace", "mean squared error", "◆",
            "measured",
            "bits per channel", "weights ", "? all keys", "▸",
        ] { #expect(lines.contains(part), "\(part)") }
    }

    @Test func typedBitsChangeTheSelectedColumn() async throws {
        var state = try await state()
        type([.left, "b", "6", .right, "b", "3"], &state)
        let settings = state.session.configuration.layers[state.session.selection]
        #expect(settings.weights == .bits(6) && settings.activations == .bits(3))
        type(["f"], &state)
        #expect(state.session.configuration.layers[state.session.selection].activations == .float)
        type(["u", "u", "u"], &state)
        #expect(!state.session.isUnsaved)
    }

    @Test func aChannelsBitsAreEditedInTheChannelsPane() async throws {
        var state = try await state()
        type([.tab, .down, .down, "+", "+"], &state)
        #expect(state.session.channel == 2)
        #expect(state.session.channelBits(of: state.session.selection, .activations)?[2] == 6)
        type(["x"], &state)
        #expect(state.session.configuration.layers[state.session.selection].activationChannelBits.isEmpty)
    }

    @Test func theThresholdMovesByHandAndIsGivenBack() async throws {
        var state = try await state()
        let start = try #require(state.session.plan?.layers[state.session.selection].ranges.first?.threshold)
        type(["]"], &state)
        let moved = try #require(state.session.configuration.layers[state.session.selection].threshold)
        #expect(abs(moved - 1.05 * start) < 1e-12 * start)
        type(["x"], &state)
        #expect(state.session.configuration.layers[state.session.selection].threshold == nil)
    }

    @Test func quittingAsksOnlyIfSomethingIsUnsaved() async throws {
        var state = try await state()
        let size = Size(width: 80, height: 24)
        #expect(state.press("q", size: size).step == .quit)
        type(["-"], &state)
        #expect(state.press("q", size: size).step == .redraw && state.mode == .leaving)
        type([.escape], &state)
        #expect(state.mode == .browsing)
        _ = state.press("q", size: size)
        #expect(state.press("q", size: size).step == .quit)
    }

    @Test(arguments: [
        ("/layer3/layer3.2/conv1/Conv", "layer3.2/conv1"), ("conv2_1a", "conv2_1a"), ("/conv1/Conv", "conv1"),
        ("Conv", "Conv"), ("/linear/Gemm", "linear"), ("/", "/"), ("", ""),
        ("/features/features.0/features.0.0/Conv", "features.0.0"),
    ])
    func namesAreShownWithoutWhatExportersAdd(name: String, shown: String) { #expect(name.withoutScopes == shown) }

    @Test(arguments: [
        ("layer1.0/conv2", 14, "layer1.0/conv2"), ("layer1.0/conv2", 9, "l1.0/c2"),
        ("layer1.0/conv2", 10, "l1.0/conv2"), ("conv2_1a", 9, "conv2_1a"), ("1234567890", 7, "12…7890"),
    ])
    func longNamesLoseTheirWordsBeforeTheirNumbers(name: String, width: Int, shown: String) {
        #expect(name.shortened(to: width) == shown)
    }

    @Test func noKeyIsBoundTwice() { #expect(explorerKeys.duplicates.isEmpty) }

    @Test func typedCommandsUseTheBatchNames() throws {
        let names = ["conv1", "fc"]
        #expect(
            try TypedCommand("clip percentile:99", layerNames: names)
                == .session(.edit(.clipping(.activations, .percentile(99))))
        )
        #expect(
            try TypedCommand("all weights 3", layerNames: names)
                == .session(.editAll(.precision(.weights, .bits(3)))))
        #expect(try TypedCommand("layer fc", layerNames: names) == .session(.select(1)))
        #expect(TypedCommand.completions(of: "gran", layerNames: names) == ["granularity "])
        #expect(TypedCommand.completions(of: "all rule ex", layerNames: names) == ["all rule exact"])
        #expect(throws: TypedCommand.Problem.self) { try TypedCommand("weights 9", layerNames: names) }
        #expect(throws: TypedCommand.Problem.self) { try TypedCommand("frobnicate", layerNames: names) }
    }

    @Test func aClickSelectsALayerAndADragMovesTheThreshold() async throws {
        var state = try await state()
        let size = Size(width: 80, height: 24)
        _ = state.point(MouseEvent(.press, at: Point(x: 5, y: 6)), size: size, look: look)
        #expect(state.session.selection == 3)
        state.details = Details(state.session, reusing: nil)
        let curves = ExplorerLayout(size).explorer.curves
        _ = state.point(
            MouseEvent(.drag, at: Point(x: curves.x + 15, y: curves.y + 1)), size: size, look: look)
        #expect(state.session.configuration.layers[3].threshold != nil)
    }
}

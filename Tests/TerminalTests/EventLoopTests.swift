import Terminal
import Testing

@Suite struct EventLoopTests {
    private func run(
        _ script: [InputEvent], messages: [Int] = [], handle: (LoopEvent<Int>) -> LoopStep
    ) -> (LoopEnd, MemoryScreen) {
        let screen = MemoryScreen(Size(width: 4, height: 1), script: script)
        let mailbox = Mailbox<Int>()
        for message in messages { mailbox.post(message) }
        let end = EventLoop(screen: screen, mailbox: mailbox)
            .run(draw: { size, _ in Canvas(size) }, handle: handle)
        return (end, screen)
    }

    @Test func quitEndsTheLoop() {
        let (end, screen) = run([.key("a"), .key("q"), .key("b")]) { event in
            if case .input(.key("q")) = event { return .quit }
            return .redraw
        }
        #expect(end == .quit)
        #expect(screen.frames.count == 2)
        #expect(!screen.isClosed)
    }

    @Test func aBurstOfMessagesMakesOneFrame() {
        var seen: [Int] = []
        let (end, screen) = run([], messages: [1, 2, 3]) { event in
            if case .message(let message) = event { seen.append(message) }
            return .redraw
        }
        #expect(end == .hangup)
        #expect(seen == [1, 2, 3])
        #expect(screen.frames.count == 1)
    }

    @Test func idleEventsDrawNothing() {
        let (_, screen) = run([.key("a"), .key("b")]) { _ in .idle }
        #expect(screen.frames.count == 1)
    }

    @Test func suspensionRepaints() {
        let (_, screen) = run([.key(.control("z"))]) { _ in .suspend }
        #expect(screen.suspensions == 1)
        #expect(screen.frames.count == 2)
    }
}

internal import CTerm
internal import Glibc

/// The main thread's one blocking call: waits for input on standard input and for bytes in the self-pipe.
struct SignalPipe {
    private let descriptor: Int32

    /// Opens the pipe and turns the process's signals into bytes in it.
    init() throws(TerminalError) {
        descriptor = ct_wake_open()
        if descriptor < 0 { throw .systemCall("pipe2", errno: errno) }
    }

    func catchSignals() {
        for signal in [SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT] { ct_catch(signal) }
    }

    func releaseSignals() {
        for signal in [SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT] { ct_default(signal) }
    }

    /// Empty when the time is over or a signal interrupted the wait.
    func wait(atMost limit: Duration?) -> [Wake] {
        var descriptors = [
            pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        let deadline = limit.map { ContinuousClock.now + $0 }
        while true {
            let count = poll(&descriptors, 2, deadline.map(SignalPipe.milliseconds(until:)) ?? -1)
            if count == 0 { return [] }
            if count > 0 { break }
            if errno != EINTR { return [.hangup] }
        }
        var wakes: [Wake] = descriptors[1].revents == 0 ? [] : takeBytes()
        if descriptors[0].revents & Int16(POLLIN) != 0 {
            wakes.append(.input)
        } else if descriptors[0].revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 {
            wakes.append(.hangup)
        }
        return wakes
    }

    private static func milliseconds(until deadline: ContinuousClock.Instant) -> Int32 {
        let left = (deadline - ContinuousClock.now).components
        guard left.seconds >= 0, left.attoseconds >= 0 else { return 0 }
        // Rounded up, or poll would return early and the loop would spin through the last millisecond.
        return Int32(min(left.seconds, 86_400) * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1)
    }

    /// Each kind of wake once, however often it was asked for.
    private func takeBytes() -> [Wake] {
        var wakes: [Wake] = []
        var buffer = [UInt8](repeating: 0, count: 256)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return wakes }
            for byte in buffer[..<count] {
                let wake: Wake
                switch Int32(byte) {
                case 0: wake = .mail
                case SIGWINCH: wake = .resize
                case SIGTSTP: wake = .stop
                case SIGCONT: wake = .resumed
                case let signal:
                    ct_request_taken()
                    wake = .terminate(signal)
                }
                if !wakes.contains(wake) { wakes.append(wake) }
            }
        }
    }
}

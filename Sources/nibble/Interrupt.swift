import Dispatch
import Glibc

/// Tells of an interrupt (Ctrl-C) instead of ending the program; a second one ends it.
final class Interrupt {
    private let source: any DispatchSourceSignal

    /// Calls `body` at the first interrupt, on a thread of its own.
    init(_ body: @escaping @Sendable () -> Void) {
        // The source only tells of a signal that does not end the program.
        signal(SIGINT, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler {
            body()
            signal(SIGINT, SIG_DFL)
        }
        source.resume()
    }

    /// From here on an interrupt ends the program again.
    func end() {
        source.cancel()
        signal(SIGINT, SIG_DFL)
    }
}

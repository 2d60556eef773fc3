import Glibc
import Synchronization
import Terminal

/// A bar with rate and time left, redrawn on one line of standard error; on anything but a terminal it draws nothing.
final class ProgressLine: Sendable {
    private struct State {
        var fraction = 0.0
        var drawn: ContinuousClock.Instant?
    }

    private let label: String
    private let total: Int
    private let isVisible = isatty(2) == 1
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    /// A line for work on `total` images.
    init(_ label: String, total: Int) {
        self.label = label
        self.total = total
    }

    /// Shows that so many of so many images are done.
    func show(images: Int, of total: Int) { show(Double(images) / Double(max(1, total)), total: total) }

    /// Shows that this share of the work is done; older news than what stands is passed over.
    func show(_ fraction: Double, total: Int? = nil) {
        guard isVisible else { return }
        state.withLock { state in
            let now = ContinuousClock.now
            guard fraction > state.fraction, state.drawn.map({ now - $0 > .milliseconds(100) }) ?? true else {
                return
            }
            state.fraction = fraction
            state.drawn = now
            printLine(
                ProgressLine.text(
                    label, fraction: fraction, total: total ?? self.total, seconds: seconds(now - start)))
        }
    }

    /// Shows a step of a run that began at another, with a note; older steps are passed over.
    func show(step: Int, of count: Int, from first: Int, images: Int, note: String) {
        guard isVisible else { return }
        state.withLock { state in
            let now = ContinuousClock.now
            guard state.drawn.map({ now - $0 > .milliseconds(100) }) ?? true else { return }
            state.drawn = now
            let (share, passed) = (Double(step) / Double(max(1, count)), seconds(now - start))
            let rate = passed > 0 ? Double((step - first) * images) / passed : 0
            let left = step > first ? passed * Double(count - step) / Double(step - first) : 0
            printLine(
                "\(label)  \(ProgressLine.bar(share))  \(note)  \(rate.fixed(0)) images/s  \(left.fixed(0)) s left")
        }
    }

    /// Shows the share that is done and what is being done.
    func show(_ what: String, share: Double, note: String) {
        guard isVisible else { return }
        state.withLock { state in
            let now = ContinuousClock.now
            guard state.drawn.map({ now - $0 > .milliseconds(100) }) ?? true else { return }
            state.drawn = now
            let passed = seconds(now - start)
            let left = share > 0 ? passed * (1 - share) / share : 0
            printLine("\(label)  \(ProgressLine.bar(share))  \(what)  \(note)  \(left.fixed(0)) s left")
        }
    }

    /// `[######----]  60 %`.
    private static func bar(_ share: Double) -> String {
        let done = Int((20 * share).rounded(.down))
        return
            "[\(String(repeating: "#", count: done))\(String(repeating: "-", count: 20 - done))]  \((100 * share).fixed(0)) %"
    }

    /// Shows that so many images are done.
    func show(images: Int) { show(images: images, of: total) }

    /// Erases the line.
    func finish() {
        state.withLock { state in
            if state.drawn != nil { write("\r\u{1b}[K") }
            state.drawn = nil
        }
    }

    /// `calibrating  [######----]  60 %  512 images/s  3 s left`.
    static func text(_ label: String, fraction: Double, total: Int, seconds: Double) -> String {
        let share = min(1, max(0, fraction))
        let rate = seconds > 0 ? share * Double(total) / seconds : 0
        let left = share > 0 ? seconds * (1 - share) / share : 0
        return "\(label)  \(bar(share))  \(rate.fixed(0)) images/s  \(left.fixed(0)) s left"
    }

    private func printLine(_ text: String) { write("\r\(text)\u{1b}[K") }

    private func write(_ text: String) {
        var text = text
        text.withUTF8 { _ = Glibc.write(2, $0.baseAddress, $0.count) }
    }

    private func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}

internal import CTerm
internal import Synchronization

/// Messages from background tasks to the main thread's loop.
///
/// Any thread posts; only the loop drains. Posting wakes the loop.
public final class Mailbox<Message: Sendable>: Sendable {
    private let messages = Mutex<[Message]>([])

    /// Makes an empty mailbox.
    public init() {}

    /// Adds a message and wakes the loop.
    public func post(_ message: Message) {
        let isFirst = messages.withLock { messages in
            messages.append(message)
            return messages.count == 1
        }
        // One byte a burst is enough, and keeps the pipe from filling up.
        if isFirst { ct_wake(0) }
    }

    /// Takes all messages, oldest first.
    public func drain() -> [Message] {
        messages.withLock { messages in
            defer { messages.removeAll(keepingCapacity: true) }
            return messages
        }
    }
}

import Dispatch
import Synchronization

/// The SHA-256 of a file, computed on another thread while the file is read here.
final class FileHash: Sendable {
    private let done = DispatchSemaphore(value: 0)
    private let hash = Mutex("")

    /// Starts at once.
    init(_ file: MappedFile) {
        DispatchQueue.global().async { [self] in
            let value = file.withBytes { SHA256.hexadecimal(of: $0) }
            hash.withLock { $0 = value }
            done.signal()
        }
    }

    /// The hash in lower-case hexadecimal, waited for.
    var value: String {
        wait()
        return hash.withLock { $0 }
    }

    /// Waits until the file is no longer read.
    func wait() {
        done.wait()
        // For whoever waits again.
        done.signal()
    }
}

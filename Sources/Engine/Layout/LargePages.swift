internal import Glibc

/// Memory pages that are large: a few cover what a layer reads and writes, and new memory takes one fault each.
enum LargePages {
    /// Bytes of one, on x86-64 and on arm64 with pages of 4 KB.
    static let size = 1 << 21

    /// Asks for large pages where new memory, not yet written, holds whole ones.
    ///
    /// The system may decline; nothing depends on it.
    static func advise(_ memory: UnsafeMutableRawPointer, byteCount: Int) {
        let first = (Int(bitPattern: memory) + size - 1) / size * size
        let end = (Int(bitPattern: memory) + byteCount) / size * size
        guard end > first else { return }
        _ = madvise(memory + (first - Int(bitPattern: memory)), end - first, MADV_HUGEPAGE)
    }
}

import Glibc

/// How much a file may ask for before it is refused.
struct DataLimits: Sendable {
    /// The most bytes one array or one set of images may take in memory.
    let bytes: Int
    /// The most pixels one picture may have, before resizing.
    let pixelsPerImage: Int

    /// Half of the machine's memory, and pictures up to 2²⁶ pixels.
    static let standard: DataLimits = {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let pageSize = sysconf(Int32(_SC_PAGESIZE))
        let memory = pages > 0 && pageSize > 0 ? pages * pageSize : 1 << 32
        return DataLimits(bytes: memory / 2, pixelsPerImage: 1 << 26)
    }()

    /// Deflate cannot expand one byte to more than this: 258 bytes from 2 bits.
    static let deflateRatio = 1032

    /// The most bytes that `compressed` bytes of a deflated stream can become.
    static func inflated(_ compressed: Int) -> Int {
        let (bytes, overflow) = compressed.multipliedReportingOverflow(by: deflateRatio)
        return overflow ? Int.max : bytes
    }
}

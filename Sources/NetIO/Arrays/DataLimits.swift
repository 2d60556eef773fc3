import Glibc

/// How much a file may ask for before it is refused.
struct DataLimits: Sendable {
    /// The most bytes one array or one set of images may take in memory.
    let bytes: Int
    /// The most pixels one picture may have, before and after resizing.
    let pixelsPerImage: Int
    /// What a compressed array may always become in memory, however small its file.
    let unpackedBytes: Int

    init(bytes: Int, pixelsPerImage: Int, unpackedBytes: Int = 1 << 28) {
        self.bytes = bytes
        self.pixelsPerImage = pixelsPerImage
        self.unpackedBytes = unpackedBytes
    }

    /// Half of the machine's memory, and pictures up to 2²⁵ pixels: a small file can claim as many, and every thread holds one.
    static let standard: DataLimits = {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let pageSize = sysconf(Int32(_SC_PAGESIZE))
        let memory = pages > 0 && pageSize > 0 ? pages * pageSize : 1 << 32
        return DataLimits(bytes: memory / 2, pixelsPerImage: 1 << 25)
    }()

    /// Deflate cannot expand one byte to more than this: 258 bytes from 2 bits.
    static let deflateRatio = 1032

    /// The most bytes that an array of `packed` compressed bytes may become in memory; `nil` stands for one that is not
    /// compressed.
    ///
    /// Images deflate to a tenth at best; what becomes more than 64 times its size is made to fill memory.
    func unpacked(from packed: Int?) -> Int {
        guard let packed else { return bytes }
        let (grown, overflow) = packed.multipliedReportingOverflow(by: 64)
        return overflow ? bytes : min(bytes, max(unpackedBytes, grown))
    }

    /// Whether pictures may have a size: by their number of pixels, and by their sides, for each position of which resizing
    /// keeps its weights.
    func allows(_ size: ImageSize) -> Bool {
        let longest = 1 << 16
        return size.width <= longest && size.height <= longest && size.width * size.height <= pixelsPerImage
    }

    /// The most bytes that `compressed` bytes of a deflated stream can become.
    static func inflated(_ compressed: Int) -> Int {
        let (bytes, overflow) = compressed.multipliedReportingOverflow(by: deflateRatio)
        return overflow ? Int.max : bytes
    }
}

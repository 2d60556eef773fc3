/// One decoded picture: rows of interleaved 8-bit channels, 1 (grey) or 3 (red, green, blue).
struct Picture: Hashable, Sendable {
    let size: ImageSize
    let channels: Int
    /// height × width × channels bytes.
    let pixels: [UInt8]
}

/// The format of a picture file, told by its first bytes and not by its name.
enum PictureFormat: Hashable, Sendable {
    case png, jpeg

    init?(_ start: some Collection<UInt8>) {
        if start.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) {
            self = .png
        } else if start.starts(with: [0xff, 0xd8, 0xff]) {
            self = .jpeg
        } else {
            return nil
        }
    }
}

/// A picture's size and channels, read without decoding it.
struct PictureHeader: Hashable, Sendable {
    let size: ImageSize
    let channels: Int
}

/// A PNG or JPEG file in memory.
struct PictureFile {
    let path: String
    let format: PictureFormat
    private let file: MappedFile
    private let limits: DataLimits

    /// Maps the file; refuses what is neither PNG nor JPEG.
    init(path: String, limits: DataLimits) throws(DataError) {
        file = try MappedFile(dataPath: path)
        guard let format = file.withBytes({ PictureFormat($0.prefix(8)) }) else {
            throw .undecodable(file: path, reason: "it is neither PNG nor JPEG")
        }
        self.path = path
        self.format = format
        self.limits = limits
    }

    /// The size and the channels, with the size checked.
    func header() throws(DataError) -> PictureHeader {
        let header: PictureHeader
        do throws(PictureFailure) {
            header =
                try file.withBytes { bytes in
                    Result { () throws(PictureFailure) in
                        switch format {
                        case .png: try PngDecoder.header(bytes)
                        case .jpeg: try JpegDecoder.header(bytes)
                        }
                    }
                }.get()
        } catch {
            throw .undecodable(file: path, reason: error.reason)
        }
        guard limits.allows(header.size) else {
            throw .undecodable(file: path, reason: "it is \(header.size), larger than nibble takes pictures")
        }
        return header
    }

    /// Decodes the picture to 1 or 3 channels, after checking its size.
    func picture(channels: Int) throws(DataError) -> Picture {
        let size = try header().size
        do throws(PictureFailure) {
            let pixels = try file.withBytes { bytes in
                Result { () throws(PictureFailure) in
                    switch format {
                    case .png: try PngDecoder.pixels(bytes, channels: channels)
                    case .jpeg: try JpegDecoder.pixels(bytes, size: size, channels: channels)
                    }
                }
            }.get()
            return Picture(size: size, channels: channels, pixels: pixels)
        } catch {
            throw .undecodable(file: path, reason: error.reason)
        }
    }
}

/// What a decoding library says is wrong.
struct PictureFailure: Error {
    let reason: String
}

import Net
public import Quant

/// What tells one calibration from another: a hash over its statistics.
public struct CalibrationDigest: Hashable, Sendable {
    /// The images that calibrated.
    public let images: Int
    /// SHA-256, in hexadecimal, over each observed tensor's count, minimum, maximum, mean, mean absolute deviation
    /// and standard deviation as little-endian 64-bit floats, in the order of the net's layers.
    public let digest: String

    /// A digest as a file holds it.
    public init(images: Int, digest: String) {
        self.images = images
        self.digest = digest
    }

    /// The digest of a calibration of a net.
    public init(_ calibration: Calibration, of net: LayerGraph) {
        var bytes: [UInt8] = []
        for layer in net.layers {
            guard let observed = calibration.observations[layer.input] else { continue }
            for observation in [observed.tensor] + observed.channels {
                let statistics = observation.statistics
                for value in [
                    Double(statistics.count), statistics.minimum, statistics.maximum, statistics.mean,
                    statistics.meanAbsoluteDeviation, statistics.standardDeviation,
                ] {
                    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
                }
            }
        }
        images = calibration.images
        digest = bytes.withUnsafeBytes { SHA256.hexadecimal(of: $0) }
    }
}

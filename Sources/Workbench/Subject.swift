public import Engine
import Net
public import Quant

/// What a session explores: a net, the images that judge it, and how runs are divided.
public struct Subject: Sendable {
    /// The net's short name, for titles.
    public let name: String
    /// The SHA-256 of the ONNX file, in hexadecimal.
    public let sha256: String
    /// The folded net.
    public let net: LayerGraph
    /// The images that are measured, shuffled so that every prefix is a fair sample.
    public let measured: ImageSource
    /// The images that calibrate.
    public let observed: ImageSource
    /// Which of the net's outputs is judged.
    public let output: Int
    /// Threads and instruction set.
    public let options: RunOptions

    /// A subject from its parts.
    public init(
        name: String, sha256: String, net: LayerGraph, measured: ImageSource, observed: ImageSource,
        output: Int = 0, options: RunOptions
    ) {
        self.name = name
        self.sha256 = sha256
        self.net = net
        self.measured = measured
        self.observed = observed
        self.output = output
        self.options = options
    }

    /// Whether the images carry labels; without them agreement with the float net stands in for accuracy.
    public var isLabelled: Bool { measured.images.labels != nil }
    /// Values of the judged output for one image.
    public var classes: Int { net.graph[net.logits[output]].shape.count }
}

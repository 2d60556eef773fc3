public import Engine
import Net
public import NetIO
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
    /// How stored images become the net's input, as a saved configuration says it.
    public let input: SavedConfiguration.Input
    /// The file that the choices came from, if any: what it holds besides is kept.
    public let origin: SavedConfiguration?
    /// Where the measured images come from, by the options of the command line; empty if they are in no file.
    public let imageWords: [TrainingField: String]
    /// Which of the net's outputs is judged.
    public let output: Int
    /// Threads and instruction set.
    public let options: RunOptions
    /// Which kernels run a quantized net.
    public let arithmetic: Arithmetic
    /// The bytes that may be spent on keeping what runs leave at checkpoints.
    public let cacheBudget: Int

    /// A subject from its parts; without `arithmetic` the fastest kernels run.
    public init(
        name: String, sha256: String, net: LayerGraph, measured: ImageSource, observed: ImageSource,
        input: SavedConfiguration.Input, origin: SavedConfiguration? = nil,
        imageWords: [TrainingField: String] = [:],
        output: Int = 0, options: RunOptions,
        arithmetic: Arithmetic? = nil, cacheBudget: Int = CheckpointCache.standardBudget
    ) {
        self.name = name
        self.sha256 = sha256
        self.net = net
        self.measured = measured
        self.observed = observed
        self.input = input
        self.origin = origin
        self.imageWords = imageWords
        self.output = output
        self.options = options
        self.arithmetic = arithmetic ?? .fastest(options.isa)
        self.cacheBudget = cacheBudget
    }

    /// Whether the images carry labels; without them agreement with the float net stands in for accuracy.
    public var isLabelled: Bool { measured.images.labels != nil }
    /// How the output is judged.
    public var judgement: Judgement { Judgement(net.graph[net.logits[output]].shape) }
    /// The name of the judged output.
    public var outputName: String { net.graph[net.graph.outputs[output]].name }
}

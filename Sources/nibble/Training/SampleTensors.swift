import Engine
import Net
import NetIO
import Quant
import Training

/// Tensors of a real net, for experiments: those of a layer in the middle of the bundled fashion-resnet20.
struct SampleTensors {
    /// The layer's weights.
    let weights: AngleExperiment.Tensor
    /// What enters the activation after it, for one channel of some images.
    ///
    /// The layer's own scale and shift do not matter to
    /// how its deviation is estimated.
    let activations: AngleExperiment.Tensor

    private static let net = "fashion-resnet20"
    private static let images = 96

    init() throws {
        guard let sample = try SampleNets()[Self.net] else {
            throw Failure("\(Self.net): there is no such sample net")
        }
        let net = LayerGraph(try OnnxFile(path: sample.file).graph)
        let layer = net.layers[net.layers.count / 4]
        weights = AngleExperiment.Tensor(name: "\(Self.net) \(layer.name) weights", values: layer.weights.values)

        let images = try DataReader.images(at: sample.images).images.prefix(Self.images)
        let preprocessing = Preprocessing(scale: sample.scale, mean: sample.mean, standardDeviation: sample.std)
        var input = [Float](repeating: 0, count: images.count * images.elementsPerImage)
        try input.withUnsafeMutableBufferPointer { values in
            for image in 0..<images.count {
                let range = image * images.elementsPerImage..<(image + 1) * images.elementsPerImage
                try preprocessing.load(
                    image, of: images, as: .nchw, into: UnsafeMutableBufferPointer(rebasing: values[range]))
            }
        }
        let tensor = layer.preActivation
        let execution = Execution(
            Program(net, observing: [tensor]), capacity: images.count, isa: try InstructionSet.fromEnvironment())
        var channel: [Float] = []
        _ = try execution.run(
            [input], images: images.count,
            observer: { observed, map, batch, _ in
                guard observed == tensor else { return false }
                let size = map.layout.height * map.layout.width
                let planar = map.planar(batch)
                for image in 0..<batch.count {
                    let start = image * map.layout.elements
                    channel += planar[start..<start + size]
                }
                return false
            })
        activations = AngleExperiment.Tensor(
            name: "\(Self.net) \(layer.name) before its ReLU", values: channel)
    }

    /// Tensors of a net in training: a layer in the middle of a ResNet-8 after 64 steps on images that come with nibble.
    static func ofTraining(seed: UInt64) throws -> [AngleExperiment.Tensor] {
        guard let sample = try SampleNets()[Self.net],
            let images = TrainingImages(
                try DataReader.images(at: sample.calibrationImages, labelsAt: sample.calibrationLabels).images,
                Preprocessing(scale: sample.scale, mean: sample.mean, standardDeviation: sample.std))
        else { throw Failure("\(Self.net): its calibration images have no labels") }
        var options = TrainingOptions()
        options.batch = 64
        options.epochs = 5
        options.seed = seed
        let net = Architecture.resnet(depth: 8).blueprint(
            width: 16, end: .normalized, input: images.size, classes: images.classes)
        let trainer = try Trainer(
            net, options: options, images: images, threads: 2, isa: try InstructionSet.fromEnvironment())
        while trainer.state.step < 64 { _ = try trainer.step() }
        return try trainer.tensors(ofConvolution: 5)
    }
}

import Engine
import Foundation
import Glibc
import Net
import NetIO
import NetIOTesting
import OnnxProto
import Quant
import SwiftProtobuf

/// One reader under test: what its files look like, and what reading and using one does.
struct Target {
    let name: String
    /// Writes the files of an input into a folder; answers the path to read.
    let make: (inout SeededGenerator, String) throws -> String
    /// Reads a path and uses what it holds; throws the line with which it is refused.
    let read: (String) async throws -> Void

    /// The targets: one for each reader, and some for its parts that mutated bytes seldom reach.
    static func all(_ samples: String) throws -> [Target] {
        let nets = ["fashion-mobilenet.onnx", "fashion-vgg.onnx"].map { contents("\(samples)/\($0)") }
        let models = try nets.map { try OnnxModel(serializedBytes: $0) }
        let labels = contents("\(samples)/fashion-test-labels.idx.gz")
        let pictures = PictureSeeds.all
        return [
            Target(name: "onnx", make: bytes(nets, ".onnx"), read: net),
            Target(
                name: "onnx-graph",
                make: { random, folder in
                    var model = random.pick(models)
                    OnnxMutation.apply(to: &model, &random)
                    return try write(model.serializedBytes(), "\(folder)/input.onnx")
                }, read: net),
            Target(name: "onnx-external", make: { try OnnxMutation.external(models, &$0, $1) }, read: net),
            Target(name: "npy", make: bytes(ArraySeeds.npy, ".npy"), read: images),
            Target(name: "npz", make: bytes(try ArraySeeds.npz(), ".npz"), read: images),
            Target(
                name: "npz-member",
                make: { random, folder in
                    var member = random.pick(ArraySeeds.npy)
                    ByteMutation.apply(to: &member, &random)
                    let path = "\(folder)/input.npz"
                    ArrayFile.zip([("images.npy", member)], at: path, deflated: random.pick(2) == 0)
                    return path
                }, read: images),
            Target(name: "idx", make: bytes(ArraySeeds.idx, ".idx"), read: images),
            Target(name: "idx-gz", make: bytes([labels, ArraySeeds.gzip(ArraySeeds.idx[0])], ".gz"), read: images),
            Target(name: "cifar", make: bytes(ArraySeeds.cifar, ".bin"), read: images),
            Target(name: "pb", make: bytes(try ArraySeeds.tensors(), ".pb"), read: images),
            Target(
                name: "labels",
                make: { random, folder in
                    let (seeds, suffix) = random.pick([
                        (ArraySeeds.labelText, ".csv"), ([labels], ".gz"),
                        ([ArraySeeds.gzip(ArraySeeds.labelText[0])], ".gz"), (ArraySeeds.labels, ".npy"),
                        (try ArraySeeds.labelTensors(), ".pb"),
                    ])
                    _ = try write(ArraySeeds.npy("|u1", "(3, 1, 1, 1)", 3), "\(folder)/images.npy")
                    return try bytes(seeds, suffix)(&random, folder)
                },
                read: { path in
                    let folder = path.split(separator: "/").dropLast().joined(separator: "/")
                    _ = try DataReader.images(at: "/\(folder)/images.npy", labelsAt: path, classes: 10)
                }),
            Target(name: "png", make: folderOf(pictures.filter { $0.first == 0x89 }), read: images),
            Target(name: "jpeg", make: folderOf(pictures.filter { $0.first == 0xff }), read: images),
            Target(
                name: "configuration", make: bytes([ConfigurationSeed.bytes], ".json"),
                read: { path in _ = try SavedConfiguration(path: path) }),
        ]
    }

    /// One mutated file.
    private static func bytes(
        _ seeds: [[UInt8]], _ suffix: String
    ) -> (inout SeededGenerator, String) throws -> String {
        { random, folder in
            var bytes = random.pick(seeds)
            ByteMutation.apply(to: &bytes, &random)
            return try write(bytes, "\(folder)/input\(suffix)")
        }
    }

    /// A folder of class folders, with one whole picture and one that is mutated.
    private static func folderOf(_ seeds: [[UInt8]]) -> (inout SeededGenerator, String) throws -> String {
        { random, folder in
            for name in ["a", "b"] {
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
            }
            var bytes = random.pick(seeds)
            if random.pick(2) == 0 { _ = try write(bytes, "\(folder)/a/whole.png") }
            ByteMutation.apply(to: &bytes, &random)
            if random.pick(4) > 0 { PictureSeeds.correctSums(of: &bytes) }
            _ = try write(bytes, "\(folder)/b/mutated.jpg")
            return folder
        }
    }

    /// Reads images and turns every one into a net's input, as stored and brought to a frame.
    private static func images(_ path: String) async throws {
        for (resize, crop) in [(nil, nil), (8, 4)] as [(Int?, Int?)] {
            let read = try DataReader.images(at: path, resize: resize, crop: crop, limit: 64, classes: 10)
            let images = read.images
            guard images.elementsPerImage <= 1 << 24 else { continue }
            var values = [Float](repeating: 0, count: images.elementsPerImage)
            let preprocessing = Preprocessing(scale: read.defaultScale)
            for index in 0..<images.count {
                try values.withUnsafeMutableBufferPointer { try preprocessing.load(index, of: images, into: $0) }
            }
        }
    }

    /// Reads a net, folds it, and if it is small runs, calibrates and quantizes it.
    private static func net(_ path: String) async throws {
        let graph = try OnnxFile(path: path).graph
        let net = LayerGraph(graph)
        // Widths of layers in Double: a count may be near what Int holds.
        let work = net.layers.reduce(0.0) {
            $0 + Double(graph[$1.preActivation].shape.count) * Double($1.weightsPerChannel)
        }
        let size = graph.tensors.reduce(0.0) { $0 + Double($1.shape.count) }
        guard work < 2e7, size < 2e6, !graph.outputs.isEmpty else { return }
        let inputs = graph.inputs.map { tensor in (0..<graph[tensor].shape.count).map { Float($0 % 17) / 8 - 1 } }
        _ = try Execution(Program(net), capacity: 1, isa: .best).run(inputs, images: 1)
        guard let input = graph.inputs.first, graph.inputs.count == 1, graph[input].shape.rank == 4,
            !net.layers.isEmpty,
            let stored = MemoryPixels(.floats(inputs[0]), count: 1), graph.constants[net.logits[0]] == nil,
            let images = LabeledImages(
                pixels: stored, layout: .nchw, channels: graph[input].shape[1], height: graph[input].shape[2],
                width: graph[input].shape[3])
        else { return }
        let source = ImageSource(images, Preprocessing(scale: 1))
        guard (try? ImageSource.layout(of: images, for: net)) == .nchw else { return }
        let options = RunOptions(threads: 1, isa: .best)
        let calibration = try await CalibrationRun(net, on: source, options: options).run()
        let plan = QuantizationPlan(
            net: net, calibration: calibration, configuration: Configuration(.standard, for: net))
        _ = try await Evaluation(
            Program(net, plan: plan, arithmetic: .fastest(.best)), on: source, options: options
        ).values()
    }
}

/// A file's bytes; none if it is not there.
func contents(_ path: String) -> [UInt8] { [UInt8](FileManager.default.contents(atPath: path) ?? Data()) }

/// Writes a file and answers its path; plainly, since Foundation's ways wait for the disk.
func write(_ bytes: [UInt8], _ path: String) throws -> String {
    let descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0o644)
    guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
    defer { close(descriptor) }
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw CocoaError(.fileWriteUnknown) }
    return path
}

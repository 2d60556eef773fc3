// Reads mutated files for a while: a reader may refuse them, in one line, and nothing else.
//
//     reader-fuzz FOLDER [SECONDS] [READER] [SEED]
//
// FOLDER is the sample nets' folder, whose files are mutated. Each reader (onnx, arrays, images, labels, pictures,
// configuration) gets SECONDS, 60 by default; inputs take 10 seconds and 512 MiB at most. The seed of every input is
// announced before it is read, so that a crash names it: repeat it with READER and SEED.

import Engine
import Foundation
import Glibc
import Net
import NetIO
import OnnxProto
import Quant
import SwiftProtobuf

/// One reader under test: what its files look like, and what reading one does.
struct Target {
    let name: String
    let suffix: String
    let make: (inout SeededGenerator) -> [UInt8]
    /// Reads a file; answers the line with which it was refused.
    let read: (String) -> String?
}

func contents(_ path: String) -> [UInt8] { [UInt8](FileManager.default.contents(atPath: path) ?? Data()) }

func refusal(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return "\(error)"
    }
}

/// Folds a net and runs it on zeros, if it is small.
func run(_ graph: Graph) {
    let net = LayerGraph(graph)
    let work = net.layers.reduce(0) {
        $0 + graph[$1.preActivation].shape.count * min(1 << 20, $1.weightsPerChannel)
    }
    let size = graph.tensors.reduce(0) { $0 + min(1 << 30, $1.shape.count) }
    guard work < 50_000_000, size < 4_000_000, !graph.outputs.isEmpty else { return }
    let inputs = graph.inputs.map { [Float](repeating: 0, count: graph[$0].shape.count) }
    _ = try? Execution(Program(net), capacity: 1, isa: .best).run(inputs, images: 1)
}

func mutated(_ seeds: [[UInt8]]) -> (inout SeededGenerator) -> [UInt8] {
    { random in
        var bytes = random.pick(seeds)
        ByteMutation.apply(to: &bytes, &random)
        return bytes
    }
}

/// The smallest files of each form of pictures: one pixel, and eight by eight.
let pictures: [[UInt8]] = [
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAIAQAAAADsdIMmAAAAFElEQVR4nGNgYGD4////f4b///8DABz6Bf8ZrQ2KAAAAAElFTkSuQmCC",
].compactMap { Data(base64Encoded: $0).map { [UInt8]($0) } }

/// A small `.npy` file of bytes, and one of floats.
func npy(_ type: String, _ shape: String, _ count: Int) -> [UInt8] {
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
    while (10 + header.count + 1) % 64 != 0 { header += " " }
    header += "\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count & 255), UInt8(header.count >> 8)]
        + Array(header.utf8) + (0..<count).map { UInt8($0 % 251) }
}

func targets(_ folder: String) -> [Target] {
    let nets = ["fashion-mobilenet.onnx", "fashion-vgg.onnx"].map { contents("\(folder)/\($0)") }
    let models = nets.compactMap { try? OnnxModel(serializedBytes: $0) }
    let labels = contents("\(folder)/fashion-test-labels.idx.gz")
    let archive = contents("\(folder)/fashion-vgg-expected.npz")
    let arrays = [
        npy("|u1", "(4, 1, 8, 8)", 256), npy("<f4", "(2, 3, 4, 4)", 384), npy("<i8", "(16,)", 128), archive, labels,
    ]
    let configuration = JSON.object([
        ("schema", .int(1)), ("model", .string("m")), ("sha256", .string("00")),
        (
            "preprocessing",
            .object([
                ("scale", .number(1)), ("mean", .array([.number(0.5)])), ("std", .array([.int(1)])),
                ("channels", .string("rgb")), ("resize", .null), ("crop", .int(8)),
            ])
        ), ("calibration", .object([("images", .int(3)), ("digest", .string("aa"))])),
        ("budget", .string("bins")), ("rule", .string("exact")), ("residual", .string("8")),
        (
            "layers",
            .array([
                .object([
                    ("name", .string("conv")), ("weights", .int(4)), ("activations", .string("float")),
                    ("clip", .string("percentile:99.9")), ("threshold", .number(1.5)),
                    ("granularity", .string("channel")), ("allocate", .string("both")),
                    ("correct", .string("mean")),
                    ("weightChannelBits", .object([("1", .int(0))])),
                    ("activationChannelBits", .object([("0", .int(3))])),
                    ("resolved", .object([("thresholds", .array([.number(1)]))])),
                ])
            ])
        ),
    ]).text.utf8.map { $0 }
    return [
        Target(
            name: "onnx", suffix: ".onnx",
            make: { random in
                if random.pick(3) == 0 { return mutated(nets)(&random) }
                var model = random.pick(models)
                OnnxMutation.apply(to: &model, &random)
                return (try? [UInt8](model.serializedData())) ?? []
            }, read: { path in refusal { run(try OnnxFile(path: path).graph) } }),
        Target(
            name: "arrays", suffix: ".npy", make: mutated(arrays),
            read: { path in refusal { _ = try DataReader.images(at: path, limit: 64, classes: 10) } }),
        Target(
            name: "labels", suffix: ".txt",
            make: mutated([Array("3\n1\n7\n".utf8), Array("name,label\na,2\nb,9\n".utf8), labels, arrays[2]]),
            read: { path in
                refusal {
                    _ = try DataReader.images(
                        at: "\(folder)/fashion-test-images.idx.gz", labelsAt: path, limit: 3, classes: 10)
                }
            }),
        Target(
            name: "pictures", suffix: ".png", make: mutated(pictures),
            read: { path in
                let folder = path + ".folder"
                try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                try? FileManager.default.removeItem(atPath: folder + "/a.png")
                try? FileManager.default.copyItem(atPath: path, toPath: folder + "/a.png")
                return refusal { _ = try DataReader.images(at: folder, resize: 8, crop: 4) }
            }),
        Target(
            name: "configuration", suffix: ".json", make: mutated([configuration]),
            read: { path in refusal { _ = try SavedConfiguration(path: path) } }),
    ]
}

/// Says which input is read, so that a crash names it, and gives up on inputs that take too long.
func fuzz(_ target: Target, seconds: Double, only seed: UInt64?) -> Int {
    let path = "/tmp/nibble-fuzz-\(getpid())\(target.suffix)"
    defer {
        unlink(path)
        try? FileManager.default.removeItem(atPath: path + ".folder")
    }
    let end = ContinuousClock.now + .seconds(seconds)
    var count = 0
    var refused = 0
    var next = seed ?? 0
    while seed == nil ? ContinuousClock.now < end : count == 0 {
        var random = SeededGenerator(seed: next)
        let bytes = target.make(&random)
        _ = FileManager.default.createFile(atPath: path, contents: Data(bytes))
        // What stands here when the process dies is the input that killed it.
        _ = FileManager.default.createFile(
            atPath: "/tmp/nibble-fuzz-last", contents: Data("\(target.name) \(next)\n".utf8))
        alarm(10)
        if let line = target.read(path) {
            refused += 1
            if line.isEmpty { print("\(target.name) \(next): refused without a word") }
        }
        alarm(0)
        count += 1
        next += 1
    }
    print("\(target.name): \(count) inputs, \(refused) refused, \(count - refused) read")
    return count
}

let arguments = CommandLine.arguments.dropFirst()
guard let folder = arguments.first else {
    print("usage: reader-fuzz FOLDER [SECONDS] [READER] [SEED]")
    exit(64)
}
// Data and heap: an input of less than 1 MiB must not ask for more.
var limit = rlimit(rlim_cur: 512 << 20, rlim_max: 512 << 20)
setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
let seconds = arguments.dropFirst().first.flatMap { Double($0) } ?? 60
let reader = arguments.dropFirst(2).first
let seed = arguments.dropFirst(3).first.flatMap { UInt64($0) }
for target in targets(folder) where reader == nil || reader == target.name {
    _ = fuzz(target, seconds: seconds, only: seed)
}
print("nothing found")

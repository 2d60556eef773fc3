import Foundation
import OnnxProto
import SwiftProtobuf

/// Changes a model's structure: what byte changes seldom reach behind the parser.
struct OnnxMutation {
    static func apply(to model: inout OnnxModel, _ random: inout SeededGenerator) {
        for _ in 0...random.pick(4) { change(&model.graph, &random) }
        if random.pick(40) == 0 { model.opsetImport = [] }
        if random.pick(40) == 0, !model.opsetImport.isEmpty {
            model.opsetImport[0].version = random.pick(ByteMutation.numbers)
        }
    }

    /// A model some of whose weights lie in a file beside it, or claim to.
    static func external(
        _ models: [OnnxModel], _ random: inout SeededGenerator, _ folder: String
    ) throws -> String {
        var model = random.pick(models)
        var data = Data()
        for index in model.graph.initializer.indices where random.pick(2) == 0 {
            let raw = model.graph.initializer[index].rawData
            guard !raw.isEmpty else { continue }
            var entries = [
                ("location", "weights.bin"), ("offset", "\(data.count)"), ("length", "\(raw.count)"),
            ]
            if random.pick(8) == 0 {
                let place = random.pick(3)
                entries[place].1 =
                    place == 0
                    ? random.pick(["../weights.bin", "/etc/passwd", "link", ".", "", "weights.bin/", "a\0b"])
                    : "\(random.pick(ByteMutation.numbers))"
            }
            model.graph.initializer[index].externalData = entries.map { entry($0.0, $0.1) }
            model.graph.initializer[index].dataLocation = .external
            model.graph.initializer[index].rawData = Data()
            data += raw
        }
        if random.pick(4) == 0 { data = data.prefix(random.pick(data.count + 1)) }
        if random.pick(4) == 0 { apply(to: &model, &random) }
        _ = try write([UInt8](data), "\(folder)/weights.bin")
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder)/link", withDestinationPath: random.pick(["/etc/passwd", "/dev/zero", "weights.bin"]))
        return try write(model.serializedBytes(), "\(folder)/input.onnx")
    }

    /// A key of a tensor's external data and its value.
    static func entry(_ key: String, _ value: String) -> OnnxStringEntry {
        var entry = OnnxStringEntry()
        entry.key = key
        entry.value = value
        return entry
    }

    private static func change(_ graph: inout OnnxGraph, _ random: inout SeededGenerator) {
        switch random.pick(9) {
        case 0, 1, 2:
            guard !graph.node.isEmpty else { return }
            let index = random.pick(graph.node.count)
            change(&graph.node[index], among: graph, &random)
        case 3, 4:
            guard !graph.initializer.isEmpty else { return }
            let index = random.pick(graph.initializer.count)
            change(&graph.initializer[index], &random)
        case 5:
            guard !graph.input.isEmpty else { return }
            let index = random.pick(graph.input.count)
            change(&graph.input[index], &random)
        case 6:
            guard !graph.node.isEmpty else { return }
            graph.node.remove(at: random.pick(graph.node.count))
        case 7:
            guard !graph.node.isEmpty else { return }
            var copy = random.pick(graph.node)
            copy.name += "'"
            if random.pick(2) == 0 { copy.output = copy.output.map { $0 + "'" } }
            graph.node.insert(copy, at: random.pick(graph.node.count))
        default:
            guard graph.node.count > 1 else { return }
            graph.node.swapAt(random.pick(graph.node.count), random.pick(graph.node.count))
        }
    }

    private static let operators = [
        "Conv", "Gemm", "MatMul", "Relu", "Clip", "Add", "Mul", "Div", "Concat", "Split", "Slice", "Pad", "Reshape",
        "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Gather", "Shape", "Cast", "ConstantOfShape", "MaxPool",
        "AveragePool", "GlobalAveragePool", "BatchNormalization", "Softmax", "ReduceMean", "Constant", "Identity",
        "Resize", "Expand", "Sigmoid", "HardSwish", "LeakyRelu", "PRelu", "Where", "Range", "Tile", "LRN",
        "ConvTranspose",
    ]
    private static let attributes = [
        "axis", "axes", "kernel_shape", "strides", "pads", "dilations", "group", "auto_pad", "perm", "keepdims",
        "value",
        "epsilon", "alpha", "beta", "transB", "ceil_mode", "count_include_pad", "split", "num_outputs", "to",
        "mode",
    ]

    private static func change(
        _ node: inout OnnxNode, among graph: OnnxGraph, _ random: inout SeededGenerator
    ) {
        let names =
            graph.node.flatMap(\.output) + graph.initializer.map(\.name) + graph.input.map(\.name) + ["", "?"]
        switch random.pick(6) {
        case 0: node.opType = random.pick(operators)
        case 1:
            guard !node.input.isEmpty else { return }
            node.input[random.pick(node.input.count)] = random.pick(names)
        case 2: node.input.append(random.pick(names))
        case 3:
            if !node.input.isEmpty { node.input.remove(at: random.pick(node.input.count)) }
        case 4:
            var attribute = OnnxAttribute()
            attribute.name = random.pick(attributes)
            attribute.type = random.pick([.int, .ints, .float, .string, .tensor])
            attribute.i = random.pick(ByteMutation.numbers)
            attribute.ints = (0..<random.pick(6)).map { _ in random.pick(ByteMutation.numbers) }
            attribute.f = random.pick([0, -1, .nan, .infinity, 1e30])
            node.attribute.removeAll { $0.name == attribute.name }
            node.attribute.append(attribute)
        default:
            guard !node.attribute.isEmpty else { return }
            let index = random.pick(node.attribute.count)
            if !node.attribute[index].ints.isEmpty {
                node.attribute[index].ints[random.pick(node.attribute[index].ints.count)] = random.pick(
                    ByteMutation.numbers)
            } else {
                node.attribute[index].i = random.pick(ByteMutation.numbers)
                node.attribute[index].f = random.pick([0, -1, .nan, .infinity])
            }
        }
    }

    private static func change(_ tensor: inout OnnxTensor, _ random: inout SeededGenerator) {
        switch random.pick(5) {
        case 0:
            if !tensor.dims.isEmpty {
                tensor.dims[random.pick(tensor.dims.count)] = random.pick(ByteMutation.numbers)
            }
        case 1: tensor.dims.append(random.pick(ByteMutation.numbers))
        case 2: tensor.dataType = Int32(random.pick(24))
        case 3: tensor.rawData = tensor.rawData.prefix(random.pick(tensor.rawData.count + 1))
        default:
            // Values that are not numbers.
            var bytes = [UInt8](tensor.rawData)
            for index in stride(from: 0, to: bytes.count - 3, by: 4) where random.pick(50) == 0 {
                bytes.replaceSubrange(
                    index..<index + 4, with: [0, 0, random.pick([0x80, 0xc0]), random.pick([0x7f, 0xff])])
            }
            tensor.rawData = .init(bytes)
        }
    }

    private static func change(_ input: inout OnnxValueInfo, _ random: inout SeededGenerator) {
        var dimensions = input.type.tensorType.shape.dim
        guard !dimensions.isEmpty else { return }
        switch random.pick(3) {
        case 0: dimensions.remove(at: random.pick(dimensions.count))
        case 1: dimensions[random.pick(dimensions.count)].dimValue = random.pick(ByteMutation.numbers)
        default: dimensions.append(dimensions[0])
        }
        input.type.tensorType.shape.dim = dimensions
    }
}

import Net
import NetIO
import Testing

@Suite struct OnnxWriterTests {
    /// What a graph says, in an order of its own: files may number tensors otherwise.
    private func description(_ graph: Graph) -> [String] {
        func name(_ id: TensorID?) -> String { id.map { graph[$0].name } ?? "-" }
        return graph.nodes.map { node in
            "\(node.name): \(node.operation) \(node.inputs.map(name)) -> \(node.outputs.map(name)) "
                + "\(node.outputs.map { graph[$0].shape })"
        } + graph.constants.map { "\(name($0.key)) = \($0.value)" }.sorted()
    }

    @Test(arguments: ["fashion-resnet20", "fashion-mobilenet", "fashion-vgg", "fashion-resnet20-8bit"])
    func `a net that is written is read back as it was`(name: String) throws {
        let sample = try #require(try SampleNets()[name])
        let graph = try OnnxFile(path: sample.file).graph
        let files = try DataFiles()
        let bytes = try OnnxWriter.bytes(of: graph)
        #expect(bytes == (try OnnxWriter.bytes(of: graph)))
        try AtomicFile.write(bytes, to: files.path("\(name).onnx"))
        let again = try OnnxFile(path: files.path("\(name).onnx"))
        #expect(again.opset == 17 && again.graph.name == graph.name)
        #expect(description(again.graph) == description(graph))
        #expect(again.graph[again.graph.inputs[0]].isBatched)
    }

    @Test func `an operator that is not written is an error with its name`() throws {
        let tensors = ["x", "y"].map { TensorDescription(name: $0, shape: [1, 4], isBatched: true) }
        let graph = try Graph(
            name: "odd", tensors: tensors, constants: [:], inputs: [TensorID(0)], outputs: [TensorID(1)],
            nodes: [Node(name: "n", operation: .unary(.tanh), inputs: [TensorID(0)], outputs: [TensorID(1)])])
        #expect(throws: OnnxWritingError.unsupported(node: "n", type: "Tanh")) { try OnnxWriter.bytes(of: graph) }
    }
}

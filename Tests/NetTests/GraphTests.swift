import Net
import Testing

@Suite struct GraphTests {
    private let tensors = ["x", "y", "z"].map { TensorDescription(name: $0, shape: [1, 4], isBatched: true) }
    private func relu(_ name: String, _ from: Int, _ to: Int) -> Node {
        Node(name: name, operation: .unary(.relu), inputs: [TensorID(from)], outputs: [TensorID(to)])
    }

    private func graph(_ nodes: [Node], output: Int = 2) throws -> Graph {
        try Graph(
            name: "g", tensors: tensors, constants: [:], inputs: [TensorID(0)], outputs: [TensorID(output)],
            nodes: nodes)
    }

    @Test func nodesOutOfOrderAreRefused() {
        #expect(throws: GraphError.readBeforeWritten(node: "b", tensor: "y")) {
            try graph([relu("b", 1, 2), relu("a", 0, 1)])
        }
    }

    @Test func aTensorWrittenTwiceIsRefused() {
        #expect(throws: GraphError.writtenTwice(node: "b", tensor: "y")) {
            try graph([relu("a", 0, 1), relu("b", 0, 1)])
        }
    }

    @Test func anOutputThatNothingWritesIsRefused() {
        #expect(throws: GraphError.missingOutput(tensor: "z")) { try graph([relu("a", 0, 1)]) }
    }
}

import Net
import Quant
import Testing

@testable import Engine

@Suite struct ImageSourceTests {
    /// A net that hands its input through, of some shape.
    private func net(_ shape: Shape) throws -> LayerGraph {
        LayerGraph(
            try Graph(
                name: "one",
                tensors: [
                    TensorDescription(name: "x", shape: shape, isBatched: true),
                    TensorDescription(name: "y", shape: shape, isBatched: true),
                ], constants: [:], inputs: [TensorID(0)], outputs: [TensorID(1)],
                nodes: [
                    Node(name: "n", operation: .unary(.negate), inputs: [TensorID(0)], outputs: [TensorID(1)])
                ]))
    }

    private func images(channels: Int, height: Int, width: Int) throws -> LabeledImages {
        let stored = try #require(MemoryPixels(.floats((0..<channels * height * width).map(Float.init)), count: 1))
        return try #require(
            LabeledImages(pixels: stored, layout: .nchw, channels: channels, height: height, width: width))
    }

    @Test(
        arguments: [
            ([1, 3, 4, 5], .nchw), ([1, 4, 5, 3], .nhwc), ([1, 60], .nchw),
        ] as [(Shape, LabeledImages.Layout)])
    func theNetsShapeTellsTheOrderOfItsInput(shape: Shape, layout: LabeledImages.Layout) throws {
        let images = try images(channels: 3, height: 4, width: 5)
        #expect(try ImageSource.layout(of: images, for: try net(shape)) == layout)
    }

    @Test func greyImagesMayHaveNoAxisOfChannels() throws {
        let images = try images(channels: 1, height: 4, width: 5)
        for shape in [[1, 4, 5], [1, 1, 4, 5], [1, 20]] as [Shape] {
            #expect(try ImageSource.layout(of: images, for: try net(shape)) == .nchw)
        }
    }

    @Test(arguments: [[1, 3, 5, 4], [1, 5, 4, 3], [1, 61], [3, 4, 5]] as [Shape])
    func otherShapesAreRefused(shape: Shape) throws {
        let images = try images(channels: 3, height: 4, width: 5)
        #expect(throws: ImageMismatch.self) { try ImageSource.layout(of: images, for: try net(shape)) }
    }

    @Test func anImageArrivesInTheNetsOrder() throws {
        let images = try images(channels: 2, height: 1, width: 3)
        let net = try net([1, 1, 3, 2])
        let source = ImageSource(
            images, Preprocessing(scale: 1), layout: try ImageSource.layout(of: images, for: net))
        let values = try Execution(Program(net), capacity: 1, isa: InstructionSet.available[0]).run(
            [source.values(at: 0..<1)], images: 1)
        #expect(values == [0, -3, -1, -4, -2, -5])
    }
}

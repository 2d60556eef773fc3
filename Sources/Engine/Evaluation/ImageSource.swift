public import Net
public import Quant

/// Images with the preprocessing that makes them a net's input.
public struct ImageSource: Sendable {
    /// The images.
    public let images: LabeledImages
    /// What makes them the net's input.
    public let preprocessing: Preprocessing
    /// The order in which images are visited: every prefix is a fair sample.
    public let order: [Int]

    /// Images in their own order, or shuffled by a fixed seed.
    public init(_ images: LabeledImages, _ preprocessing: Preprocessing, isShuffled: Bool = false) {
        self.images = images
        self.preprocessing = preprocessing
        var order = Array(0..<images.count)
        if isShuffled {
            // Fisher-Yates by a linear congruential generator: the same order on every machine.
            var state: UInt64 = 0x9e37_79b9_7f4a_7c15
            for index in stride(from: order.count - 1, to: 0, by: -1) {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                order.swapAt(index, Int((state >> 33) % UInt64(index + 1)))
            }
        }
        self.order = order
    }

    /// The preprocessed values of the images at `positions` of the order, one after the other.
    func values(at positions: Range<Int>) -> [Float] {
        let size = images.channels * images.height * images.width
        return [Float](unsafeUninitializedCapacity: size * positions.count) { buffer, initialized in
            for (slot, position) in positions.enumerated() {
                preprocessing.load(
                    order[position], of: images,
                    into: UnsafeMutableBufferPointer(rebasing: buffer[slot * size..<(slot + 1) * size]))
            }
            initialized = size * positions.count
        }
    }

    /// Why the images cannot be the input of a net, or `nil`.
    public func mismatch(with net: LayerGraph) -> String? {
        guard net.graph.inputs.count == 1, let input = net.graph.inputs.first else {
            return "the net has \(net.graph.inputs.count) inputs; nets with one are supported"
        }
        let shape = net.graph[input].shape
        let own: Shape = [1, images.channels, images.height, images.width]
        return shape == own ? nil : "the net reads \(shape) and an image is \(own)"
    }
}

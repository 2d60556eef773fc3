internal import Net

/// A transposed convolution on blocked maps: one 1x1 convolution whose outputs are the products of every tap, which are
/// then added where they belong.
struct TransposedConvolution {
    private typealias Vector = SIMD16<Float>

    private let window: Window
    private let outputs: Int
    private let products: PreparedConvolution
    private let bias: [Float]

    /// The form of one with constant weights [C, O, kernel height, kernel width] and one group; `nil` for others.
    init?(_ window: SpatialWindow, groups: Int, weights: Tensor, bias: Tensor?) {
        guard window.kernel.count == 2, groups == 1 else { return nil }
        self.window = Window(
            kernel: .init(window.kernel[0], window.kernel[1]), strides: .init(window.strides[0], window.strides[1]),
            dilations: .init(window.dilations[0], window.dilations[1]),
            padding: .init(top: window.before[0], left: window.before[1], bottom: 0, right: 0))
        let (inputs, outputs, taps) = (weights.shape[0], weights.shape[1], window.kernel[0] * window.kernel[1])
        self.outputs = outputs
        // Every tap's products begin with a block of channels.
        let padded = TransposedConvolution.blocks(outputs) * MapLayout.lanes
        var values = [Float](repeating: 0, count: taps * padded * inputs)
        for input in 0..<inputs {
            for output in 0..<outputs {
                for tap in 0..<taps {
                    values[(tap * padded + output) * inputs + input] =
                        weights.values[(input * outputs + output) * taps + tap]
                }
            }
        }
        products = PreparedConvolution(
            weights: values, outputChannels: taps * padded, inputChannels: inputs,
            window: Window(kernel: .init(1, 1)))
        self.bias = bias?.values ?? [Float](repeating: 0, count: outputs)
    }

    private static func blocks(_ channels: Int) -> Int { (channels + MapLayout.lanes - 1) / MapLayout.lanes }

    func run(_ x: FeatureMap, into output: FeatureMap, images: Range<Int>, isa: InstructionSet) {
        let source = x.layout
        let terms = FeatureMap(
            layout: MapLayout(channels: products.outputChannels, height: source.height, width: source.width),
            capacity: images.upperBound)
        let scratch = Scratch()
        for image in images {
            do {
                try products.run(
                    input: x, images: image..<image + 1, epilogue: Epilogue(channels: products.outputChannels),
                    maps: EpilogueMaps(outputs: [terms]), isa: isa, scratch: scratch)
            } catch {
                preconditionFailure("nothing cancels it")
            }
            add(terms, source, into: output, image: image)
        }
    }

    private func add(_ terms: FeatureMap, _ source: MapLayout, into output: FeatureMap, image: Int) {
        let target = output.layout
        let blocks = Self.blocks(outputs)
        for block in 0..<blocks {
            var shift = Vector.zero
            for lane in 0..<min(MapLayout.lanes, outputs - block * MapLayout.lanes) {
                shift[lane] = bias[block * MapLayout.lanes + lane]
            }
            for row in 0..<target.height {
                let to = UnsafeMutablePointer(mutating: output.vectors(image: image, block: block, y: row))
                for column in 0..<target.width { to[column] = shift }
            }
            for row in 0..<source.height {
                for i in 0..<window.kernel.height {
                    let y = row * window.strides.height - window.padding.top + i * window.dilations.height
                    guard (0..<target.height).contains(y) else { continue }
                    let to = UnsafeMutablePointer(mutating: output.vectors(image: image, block: block, y: y))
                    for j in 0..<window.kernel.width {
                        let tap = i * window.kernel.width + j
                        let from = terms.vectors(image: image, block: tap * blocks + block, y: row)
                        let first = j * window.dilations.width - window.padding.left
                        for column in 0..<source.width {
                            let x = column * window.strides.width + first
                            if x >= 0, x < target.width { to[x] += from[column] }
                        }
                    }
                }
            }
        }
    }
}

import Engine
import Net
import Training

/// The convolutions of a ResNet-20's step on eight images of 28x28: forward, gradient of the input, gradient of the weights.
struct GradientBenchmark {
    let isa: InstructionSet

    private struct Layer {
        let inputs, outputs, size, kernel, stride: Int
        var isDepthwise = false
    }

    private static let layers = [
        Layer(inputs: 1, outputs: 16, size: 28, kernel: 3, stride: 1),
        Layer(inputs: 16, outputs: 16, size: 28, kernel: 3, stride: 1),
        Layer(inputs: 16, outputs: 32, size: 28, kernel: 3, stride: 2),
        Layer(inputs: 16, outputs: 32, size: 28, kernel: 1, stride: 2),
        Layer(inputs: 32, outputs: 32, size: 14, kernel: 3, stride: 1),
        Layer(inputs: 32, outputs: 64, size: 14, kernel: 3, stride: 2),
        Layer(inputs: 64, outputs: 64, size: 7, kernel: 3, stride: 1),
        Layer(inputs: 64, outputs: 64, size: 14, kernel: 1, stride: 1),
        Layer(inputs: 64, outputs: 64, size: 14, kernel: 3, stride: 1, isDepthwise: true),
    ]

    /// A line for each layer: GFLOP/s and the share of the peak, two operations for each multiply-add of the definition.
    var lines: [String] {
        let peak = Stopwatch.median { Peak.operations(isa: isa, rounds: 2_000_000) }
        return ["peak \(Int(peak.rounded())) GFLOP/s; forward, input's gradient, weights' gradient"]
            + Self.layers.map { layer in
                let rates = rates(layer).map { "\(Int($0.rounded())) (\(Int((100 * $0 / peak).rounded())) %)" }
                let kind =
                    layer.isDepthwise
                    ? "depthwise \(layer.kernel)x\(layer.kernel)" : "\(layer.kernel)x\(layer.kernel)"
                return "\(kind) \(layer.inputs) -> \(layer.outputs) @ \(layer.size) / \(layer.stride): "
                    + rates.joined(separator: ", ")
            }
    }

    private func rates(_ layer: Layer) -> [Double] {
        let images = 0..<8
        let side = layer.kernel / 2
        let geometry = ConvolutionGradient(
            inputs: layer.inputs, outputs: layer.outputs, isDepthwise: layer.isDepthwise,
            window: Window(
                kernel: Window.Pair(layer.kernel, layer.kernel), strides: Window.Pair(layer.stride, layer.stride),
                padding: Window.Padding(top: side, left: side, bottom: side, right: side)),
            height: layer.size, width: layer.size)
        let output = geometry.outputSize
        func map(_ channels: Int, _ height: Int, _ width: Int, halo: Int) -> FeatureMap {
            let map = FeatureMap(
                layout: MapLayout(channels: channels, height: height, width: width, halo: halo),
                capacity: images.count)
            let count = images.count * map.layout.elements
            map.load(planar: (0..<count).map { Float($0 % 15) - 7 }, into: images)
            return map
        }
        let input = map(layer.inputs, layer.size, layer.size, halo: geometry.inputHalo)
        let result = map(layer.outputs, output.height, output.width, halo: geometry.gradientHalo)
        let inputGradient = map(layer.inputs, layer.size, layer.size, halo: 0)
        let weights = (0..<geometry.weightCount).map { Float($0 % 15) - 7 }
        let (forward, backward) = (geometry.sums(weights, isa), geometry.backward(weights, isa))
        var parts: [MapLayout: FeatureMap] = [:]
        let scratch = Scratch()
        var sums = geometry.emptySums
        let operations = Double(2 * images.count * output.height * output.width * geometry.weightCount)
        return [
            Stopwatch.median {
                forward.run(input, into: result, images: images, isa: isa, scratch: scratch)
                return operations
            },
            Stopwatch.median {
                backward.run(
                    result, into: inputGradient, adding: nil, images: images, isa: isa, scratch: scratch,
                    parts: &parts)
                return operations
            },
            Stopwatch.median {
                geometry.addWeightGradient(input: input, gradient: result, images: images, to: &sums, isa: isa)
                return operations
            },
        ]
    }
}

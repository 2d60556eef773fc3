import Engine
import Net
import Testing

@testable import Training

/// Sums and both gradients against the plain definition in double, at every level.
@Suite struct ConvolutionGradientTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let inputs, outputs, height, width, kernel, stride, padding: Int
        var isDepthwise = false
        var testDescription: String {
            "\(inputs) -> \(outputs) @ \(height)x\(width), \(kernel)x\(kernel) / \(stride)\(isDepthwise ? " depthwise" : "")"
        }

        var gradient: ConvolutionGradient {
            ConvolutionGradient(
                inputs: inputs, outputs: outputs, isDepthwise: isDepthwise,
                window: Window(
                    kernel: .init(kernel, kernel), strides: .init(stride, stride),
                    padding: .init(top: padding, left: padding, bottom: padding, right: padding)),
                height: height, width: width)
        }

        /// Calls `body` with the index of each weight, of what it reads and of what it adds to, of one image.
        func forEachProduct(_ body: (_ weight: Int, _ input: Int, _ output: Int) -> Void) {
            let size = gradient.outputSize
            let perOutput = isDepthwise ? 1 : inputs
            for o in 0..<outputs {
                for i in 0..<perOutput {
                    for k in 0..<kernel {
                        for l in 0..<kernel {
                            for y in 0..<size.height {
                                for x in 0..<size.width {
                                    let (row, column) = (y * stride + k - padding, x * stride + l - padding)
                                    guard (0..<height).contains(row), (0..<width).contains(column) else { continue }
                                    body(
                                        ((o * perOutput + i) * kernel + k) * kernel + l,
                                        ((isDepthwise ? o : i) * height + row) * width + column,
                                        (o * size.height + y) * size.width + x)
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    static let cases = [
        Case(inputs: 1, outputs: 16, height: 9, width: 8, kernel: 3, stride: 1, padding: 1),
        Case(inputs: 3, outputs: 5, height: 7, width: 7, kernel: 5, stride: 2, padding: 2),
        Case(inputs: 16, outputs: 32, height: 8, width: 8, kernel: 3, stride: 2, padding: 1),
        Case(inputs: 20, outputs: 33, height: 6, width: 5, kernel: 3, stride: 1, padding: 1),
        // By minimal filtering where the level has it: whole and broken blocks and tiles, one output block and several.
        Case(inputs: 16, outputs: 16, height: 7, width: 14, kernel: 3, stride: 1, padding: 1),
        Case(inputs: 19, outputs: 40, height: 5, width: 6, kernel: 3, stride: 1, padding: 1),
        Case(inputs: 37, outputs: 18, height: 5, width: 6, kernel: 1, stride: 1, padding: 0),
        Case(inputs: 17, outputs: 9, height: 7, width: 8, kernel: 1, stride: 2, padding: 0),
        Case(inputs: 64, outputs: 10, height: 1, width: 1, kernel: 1, stride: 1, padding: 0),
        Case(inputs: 16, outputs: 16, height: 1, width: 1, kernel: 3, stride: 1, padding: 1),
        Case(inputs: 33, outputs: 32, height: 1, width: 2, kernel: 3, stride: 1, padding: 1),
        Case(inputs: 16, outputs: 16, height: 6, width: 6, kernel: 2, stride: 2, padding: 0),
        Case(inputs: 18, outputs: 7, height: 9, width: 8, kernel: 3, stride: 2, padding: 2),
        Case(inputs: 5, outputs: 17, height: 11, width: 10, kernel: 2, stride: 3, padding: 1),
        Case(inputs: 16, outputs: 16, height: 8, width: 7, kernel: 7, stride: 2, padding: 3),
        Case(inputs: 24, outputs: 24, height: 9, width: 7, kernel: 3, stride: 1, padding: 1, isDepthwise: true),
        Case(inputs: 19, outputs: 19, height: 8, width: 9, kernel: 3, stride: 2, padding: 1, isDepthwise: true),
        Case(inputs: 16, outputs: 16, height: 7, width: 7, kernel: 5, stride: 1, padding: 2, isDepthwise: true),
    ]

    @Test(arguments: cases) func sumsAndBothGradientsAreThoseOfTheDefinition(layer: Case) {
        var random = SeededGenerator(seed: 21)
        let gradient = layer.gradient
        let size = gradient.outputSize
        let images = 3
        let (inputCount, outputCount) = (
            layer.inputs * layer.height * layer.width, layer.outputs * size.height * size.width
        )
        let x = (0..<images * inputCount).map { _ in Float(random.gauss()) }
        let g = (0..<images * outputCount).map { _ in Float(random.gauss()) }
        let w = (0..<gradient.weightCount).map { _ in Float(random.gauss()) }
        var weights = [Double](repeating: 0, count: w.count)
        var inputs = [Double](repeating: 0, count: x.count)
        var outputs = [Double](repeating: 0, count: g.count)
        for image in 0..<images {
            layer.forEachProduct { weight, input, output in
                let (from, to) = (image * inputCount + input, image * outputCount + output)
                weights[weight] += Double(x[from]) * Double(g[to])
                inputs[from] += Double(w[weight]) * Double(g[to])
                outputs[to] += Double(w[weight]) * Double(x[from])
            }
        }
        let input = FeatureMap(
            layout: MapLayout(
                channels: layer.inputs, height: layer.height, width: layer.width, halo: gradient.inputHalo),
            capacity: images)
        input.load(planar: x, into: 0..<images)
        let output = FeatureMap(
            layout: MapLayout(
                channels: layer.outputs, height: size.height, width: size.width, halo: gradient.gradientHalo),
            capacity: images)
        output.load(planar: g, into: 0..<images)
        for isa in InstructionSet.available {
            let forward = FeatureMap(
                layout: MapLayout(channels: layer.outputs, height: size.height, width: size.width),
                capacity: images)
            gradient.sums(w, isa).run(input, into: forward, images: 0..<images, isa: isa, scratch: Scratch())
            expectEqual(forward.planar(0..<images), outputs, "sums, \(isa)")

            var sums = gradient.emptySums
            // In two parts, as threads share the work.
            gradient.addWeightGradient(input: input, gradient: output, images: 0..<1, to: &sums, isa: isa)
            gradient.addWeightGradient(input: input, gradient: output, images: 1..<images, to: &sums, isa: isa)
            expectEqual(gradient.weightGradient(from: sums), weights, "weights, \(isa)")

            let result = FeatureMap(
                layout: MapLayout(channels: layer.inputs, height: layer.height, width: layer.width, halo: 1),
                capacity: images)
            var parts: [MapLayout: FeatureMap] = [:]
            for isAdded in [false, true] {
                gradient.backward(w, isa).run(
                    output, into: result, adding: isAdded ? result : nil, images: 0..<images, isa: isa,
                    scratch: Scratch(),
                    parts: &parts)
                expectEqual(
                    result.planar(0..<images), inputs.map { isAdded ? 2 * $0 : $0 }, "inputs, \(isa), \(isAdded)")
            }
        }
    }

    /// Equal to 1e-5 of the largest: a few thousand roundings of single precision.
    private func expectEqual(_ found: [Float], _ expected: [Double], _ what: String) {
        let largest = expected.map(abs).max() ?? 0
        let worst = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? 0
        #expect(found.count == expected.count && worst <= 1e-5 * largest, "\(what): \(worst) of \(largest)")
    }
}

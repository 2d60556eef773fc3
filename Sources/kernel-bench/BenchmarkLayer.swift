import Engine
import Net

/// A layer to measure, with the epilogue of the simulated path: scale, bias, ReLU and rounding to codes.
struct BenchmarkLayer {
    let name: String
    let images: Int
    let input: Int
    let output: Int
    let size: Int
    var kernel = 3
    var groups = 1
    var stride = 1
    /// Adds a residual branch and stores its values beside the codes: the end of a residual block.
    var residual = false
    /// Weights with a zero point: window sums take part.
    var offset = false

    static let all = [
        BenchmarkLayer(name: "3x3    3 ->   16 @ 32      ", images: 16, input: 3, output: 16, size: 32),
        BenchmarkLayer(name: "3x3   16 ->   16 @ 32      ", images: 8, input: 16, output: 16, size: 32),
        BenchmarkLayer(
            name: "3x3   16 ->   16 @ 32 + res", images: 8, input: 16, output: 16, size: 32, residual: true),
        BenchmarkLayer(
            name: "3x3   16 ->   16 @ 32 + win", images: 8, input: 16, output: 16, size: 32, offset: true),
        BenchmarkLayer(name: "3x3   16 ->   32 @ 32 / 2  ", images: 8, input: 16, output: 32, size: 32, stride: 2),
        BenchmarkLayer(name: "3x3   32 ->   32 @ 16      ", images: 8, input: 32, output: 32, size: 16),
        BenchmarkLayer(name: "3x3   64 ->   64 @  8      ", images: 8, input: 64, output: 64, size: 8),
        BenchmarkLayer(
            name: "3x3   64 ->   64 @  8 + win", images: 8, input: 64, output: 64, size: 8, offset: true),
        BenchmarkLayer(name: "3x3   64 ->   64 @ 56      ", images: 1, input: 64, output: 64, size: 56),
        BenchmarkLayer(name: "3x3  128 ->  128 @ 28      ", images: 1, input: 128, output: 128, size: 28),
        BenchmarkLayer(name: "3x3  256 ->  256 @ 14      ", images: 1, input: 256, output: 256, size: 14),
        BenchmarkLayer(name: "3x3  512 ->  512 @  7      ", images: 1, input: 512, output: 512, size: 7),
        BenchmarkLayer(name: "1x1   64 ->  256 @ 56      ", images: 1, input: 64, output: 256, size: 56, kernel: 1),
        BenchmarkLayer(
            name: "1x1   64 ->  256 @ 56 + res", images: 1, input: 64, output: 256, size: 56, kernel: 1,
            residual: true),
        BenchmarkLayer(name: "1x1  256 ->   64 @ 56      ", images: 1, input: 256, output: 64, size: 56, kernel: 1),
        BenchmarkLayer(
            name: "1x1  128 ->  512 @ 28      ", images: 1, input: 128, output: 512, size: 28, kernel: 1),
        BenchmarkLayer(
            name: "1x1  512 ->  128 @ 28      ", images: 1, input: 512, output: 128, size: 28, kernel: 1),
        BenchmarkLayer(
            name: "1x1 1024 ->  256 @ 14      ", images: 1, input: 1024, output: 256, size: 14, kernel: 1),
        BenchmarkLayer(
            name: "1x1  512 -> 2048 @  7      ", images: 1, input: 512, output: 2048, size: 7, kernel: 1),
        BenchmarkLayer(
            name: "1x1  512 -> 1024 @ 28 / 2  ", images: 1, input: 512, output: 1024, size: 28, kernel: 1, stride: 2
        ),
        BenchmarkLayer(
            name: "3x3  128 ->  128 @ 56 / 2  ", images: 1, input: 128, output: 128, size: 56, stride: 2),
        BenchmarkLayer(
            name: "7x7    3 ->   64 @ 224 / 2 ", images: 1, input: 3, output: 64, size: 224, kernel: 7, stride: 2),
        BenchmarkLayer(name: "depthwise 3x3 96 @ 56      ", images: 1, input: 96, output: 96, size: 56, groups: 96),
        BenchmarkLayer(
            name: "depthwise 3x3 96 @ 56 / 2  ", images: 1, input: 96, output: 96, size: 56, groups: 96, stride: 2),
        BenchmarkLayer(
            name: "depthwise 5x5 240 @ 14     ", images: 4, input: 240, output: 240, size: 14, kernel: 5,
            groups: 240),
        BenchmarkLayer(
            name: "linear 2048 -> 1000, 16 images", images: 16, input: 2048, output: 1000, size: 1, kernel: 1),
    ]

    /// Useful GFLOP/s, two operations for each multiply-add of the definition.
    func rate(isa: InstructionSet) -> Double {
        let convolution = PreparedConvolution(
            weights: (0..<weightCount).map { Float($0 % 15 - 7) }, outputChannels: output, inputChannels: input,
            groups: groups, window: window)
        let source = FeatureMap(layout: sourceLayout, capacity: images)
        source.load(planar: sourceValues, into: 0..<images)
        let layout = resultLayout(convolution)
        func resultMap() -> StoredMap { .floats(FeatureMap(layout: layout, capacity: images)) }
        return rate(convolution, .floats(source), beside: .real, resultMap, isa)
    }

    /// The same with activations and weights as codes of four bits.
    func codeRate(isa: InstructionSet) -> Double {
        let convolution = PreparedConvolution(
            codes: (0..<weightCount).map { UInt8($0 % 15) }, zeroPoints: Array(repeating: 7, count: output),
            outputChannels: output, inputChannels: input, groups: groups, window: window,
            outputRows: (size - 1) / stride + 1, largestInput: 15, isa: isa)
        let floats = FeatureMap(layout: sourceLayout, capacity: images)
        floats.load(planar: sourceValues, into: 0..<images)
        let source = StoredMap.codes(CodeMap(layout: sourceLayout, capacity: images, zeroPoint: 0), step: 1)
        Epilogue(channels: input, outputs: [.quantized(.codes(scale: 1, zeroPoint: 0, codes: 0...15))])
            .apply(to: floats, images: 0..<images, maps: EpilogueMaps(stored: [source]), isa: isa)
        let layout = resultLayout(convolution)
        func resultMap() -> StoredMap {
            .codes(CodeMap(layout: layout, capacity: images, zeroPoint: 0), step: 0.1)
        }
        let values = StorageGrid.values(scale: 0.01, zeroPoint: 0, codes: 0...255)
        return rate(convolution, source, beside: .quantized(values), resultMap, isa)
    }

    private var window: Window {
        let pad = kernel / 2
        return Window(
            kernel: Window.Pair(kernel, kernel), strides: Window.Pair(stride, stride),
            padding: Window.Padding(top: pad, left: pad, bottom: pad, right: pad))
    }

    private var weightCount: Int { output * input / groups * kernel * kernel }

    private var sourceLayout: MapLayout { MapLayout(channels: input, height: size, width: size, halo: kernel / 2) }

    private var sourceValues: [Float] { (0..<images * sourceLayout.elements).map { Float($0 % 16) } }

    private func resultLayout(_ convolution: PreparedConvolution) -> MapLayout {
        let extent = convolution.outputSize(height: size, width: size)
        return MapLayout(channels: output, height: extent.height, width: extent.width, halo: 1)
    }

    private func rate(
        _ convolution: PreparedConvolution, _ source: StoredMap, beside value: Epilogue.Output,
        _ resultMap: () -> StoredMap, _ isa: InstructionSet
    ) -> Double {
        let maps = EpilogueMaps(
            stored: residual ? [resultMap(), resultMap()] : [resultMap()], addend: residual ? resultMap() : nil)
        let codes = StorageGrid.codes(scale: 0.1, zeroPoint: 0, codes: 0...15)
        let epilogue = Epilogue(
            channels: output, scale: [0.001], bias: [0.5], offset: offset ? [10] : nil, activation: .relu,
            outputs: residual ? [value, .requantized(codes, source: 0)] : [.quantized(codes)])
        let scratch = Scratch()
        let extent = convolution.outputSize(height: size, width: size)
        let operations = 2.0 * Double(images * weightCount * extent.height * extent.width)
        return Stopwatch.median {
            do {
                try convolution.run(
                    input: source, images: 0..<images, epilogue: epilogue, maps: maps, isa: isa, scratch: scratch,
                    cancelled: { false })
            } catch {
                preconditionFailure("nobody cancels")
            }
            return operations
        }
    }
}

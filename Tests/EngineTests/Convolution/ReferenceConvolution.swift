import Engine
import Net

/// One layer's shape and, by the definition and nothing else, its result: the oracle of every kernel.
struct ReferenceConvolution: CustomStringConvertible {
    var images = 2
    var inputChannels: Int
    var outputChannels: Int
    var groups = 1
    var height: Int
    var width: Int
    var window: Window

    var weightCount: Int { outputChannels * inputChannels / groups * window.kernel.height * window.kernel.width }
    var inputCount: Int { images * inputChannels * height * width }

    var description: String {
        "\(inputChannels)->\(outputChannels)/\(groups) @\(height)x\(width) kernel \(window.kernel) "
            + "strides \(window.strides) dilations \(window.dilations) padding \(window.padding)"
    }

    func prepared(_ weights: [Float]) -> PreparedConvolution {
        PreparedConvolution(
            weights: weights, outputChannels: outputChannels, inputChannels: inputChannels, groups: groups,
            window: window)
    }

    var outputHeight: Int {
        prepared([Float](repeating: 0, count: weightCount)).outputSize(height: height, width: width).height
    }
    var outputWidth: Int {
        prepared([Float](repeating: 0, count: weightCount)).outputSize(height: height, width: width).width
    }

    /// The halo this layer needs, on the side that needs most.
    var halo: Int {
        max(window.padding.top, window.padding.left, window.padding.bottom, window.padding.right)
    }

    /// The sums by definition, in double precision, as [image][output channel][y][x].
    func sums(_ input: [Float], _ weights: [Float]) -> [Double] {
        let kernel = window.kernel
        let (inputs, outputs) = (inputChannels / groups, outputChannels / groups)
        let (rows, columns) = (outputHeight, outputWidth)
        var result: [Double] = []
        result.reserveCapacity(images * outputChannels * rows * columns)
        for image in 0..<images {
            for output in 0..<outputChannels {
                for y in 0..<rows {
                    for x in 0..<columns {
                        var sum = 0.0
                        for i in 0..<inputs {
                            let plane = (image * inputChannels + output / outputs * inputs + i) * height * width
                            for k in 0..<kernel.height {
                                let row =
                                    y * window.strides.height + k * window.dilations.height - window.padding.top
                                guard (0..<height).contains(row) else { continue }
                                for l in 0..<kernel.width {
                                    let column =
                                        x * window.strides.width + l * window.dilations.width - window.padding.left
                                    guard (0..<width).contains(column) else { continue }
                                    let weight = weights[
                                        ((output * inputs + i) * kernel.height + k) * kernel.width + l]
                                    sum += Double(weight) * Double(input[plane + row * width + column])
                                }
                            }
                        }
                        result.append(sum)
                    }
                }
            }
        }
        return result
    }

    /// Random layers of every kind: kernels 1, 3, 5, 7 and 1x7; strides, dilations and paddings of all sorts.
    static func random(count: Int, seed: UInt64) -> [ReferenceConvolution] {
        var random = SplitMix64(seed: seed)
        var layers: [ReferenceConvolution] = []
        while layers.count < count {
            let kernels = [(1, 1), (3, 3), (5, 5), (7, 7), (1, 7), (7, 1), (2, 4)]
            let (kernelHeight, kernelWidth) = kernels[Int.random(in: 0..<kernels.count, using: &random)]
            func pad(_ kernel: Int) -> Int { Int.random(in: 0...kernel / 2 + 1, using: &random) }
            let window = Window(
                kernel: Window.Pair(kernelHeight, kernelWidth),
                strides: Window.Pair(Int.random(in: 1...3, using: &random), Int.random(in: 1...3, using: &random)),
                dilations: Window.Pair(
                    Int.random(in: 1...2, using: &random), Int.random(in: 1...2, using: &random)),
                padding: Window.Padding(
                    top: pad(kernelHeight), left: pad(kernelWidth), bottom: pad(kernelHeight),
                    right: pad(kernelWidth)))
            var layer = ReferenceConvolution(
                inputChannels: Int.random(in: 1...70, using: &random),
                outputChannels: Int.random(in: 1...70, using: &random),
                height: Int.random(in: 1...9, using: &random), width: Int.random(in: 1...57, using: &random),
                window: window)
            switch layers.count % 4 {
            case 0, 1: break
            case 2:  // depthwise
                layer.groups = layer.inputChannels
                layer.outputChannels = layer.inputChannels
            default:  // groups of any size
                layer.groups = Int.random(in: 2...5, using: &random)
                layer.inputChannels = layer.groups * Int.random(in: 1...12, using: &random)
                layer.outputChannels = layer.groups * Int.random(in: 1...12, using: &random)
            }
            if layers.count % 3 == 0 {
                layer.window = Window(
                    kernel: window.kernel,
                    padding: Window.Padding(
                        top: kernelHeight / 2, left: kernelWidth / 2, bottom: kernelHeight / 2,
                        right: kernelWidth / 2))
            }
            let size = layer.prepared([Float](repeating: 0, count: layer.weightCount))
                .outputSize(height: layer.height, width: layer.width)
            if size.height > 0 && size.width > 0 && fits(layer) { layers.append(layer) }
        }
        return layers
    }

    private static func fits(_ layer: ReferenceConvolution) -> Bool {
        let window = layer.window
        return layer.height + window.padding.top + window.padding.bottom
            > window.dilations.height * (window.kernel.height - 1)
            && layer.width + window.padding.left + window.padding.right
                > window.dilations.width * (window.kernel.width - 1)
    }

    /// Every 16-channel-aligned grouping of note: groups that fill blocks.
    static var alignedGroups: ReferenceConvolution {
        ReferenceConvolution(
            inputChannels: 64, outputChannels: 96, groups: 2, height: 6, width: 19,
            window: Window(
                kernel: Window.Pair(3, 3), padding: Window.Padding(top: 1, left: 1, bottom: 1, right: 1)))
    }

    /// A map holding planar `values` of this layer's input.
    func inputMap(_ values: [Float], extraHalo: Int = 0) -> FeatureMap {
        let layout = MapLayout(channels: inputChannels, height: height, width: width, halo: halo + extraHalo)
        let map = FeatureMap(layout: layout, capacity: images)
        map.load(planar: values, into: 0..<images)
        return map
    }

    /// An empty map for this layer's output.
    func outputMap(halo: Int = 1) -> FeatureMap {
        FeatureMap(
            layout: MapLayout(channels: outputChannels, height: outputHeight, width: outputWidth, halo: halo),
            capacity: images)
    }
}

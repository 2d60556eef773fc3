import Engine
import Foundation
import Net

@testable import Training

/// A net's loss in double precision by the definitions, one value at a time: what the trainer's gradients are differenced from.
struct ReferenceNet {
    let net: Blueprint
    let options: TrainingOptions
    let images: [[Float]]
    let labels: [Int]

    /// The mean cross-entropy of the images with parameters.
    func loss(
        _ layers: [LayerParameters?],
        changing: (layer: Int, path: KeyPath<LayerParameters, [Float]>, index: Int, by: Double)? = nil
    ) throws -> Double {
        func values(_ layer: Int, _ path: KeyPath<LayerParameters, [Float]>) -> [Double] {
            var result = layers[layer]![keyPath: path].map { Double($0) }
            if let changing, changing.layer == layer, changing.path == path {
                result[changing.index] += changing.by
            }
            return result
        }
        var tensors: [[[Double]]] = [images.map { $0.map { Double($0) } }]
        for (index, layer) in net.layers.enumerated() {
            let (size, output) = (net.size(of: layer.input), layer.output)
            let input = tensors[layer.input]
            switch layer.kind {
            case .convolution(let convolution):
                let weights = used(
                    values(index, \.weights), gains: values(index, \.gains), channels: output.channels)
                var sums = input.map { convolve($0, size, weights, convolution.geometry, output) }
                if convolution.end == .normalized {
                    let (gamma, beta) = (values(index, \.scale), values(index, \.shift))
                    let plane = output.height * output.width
                    for channel in 0..<output.channels {
                        let range = channel * plane..<(channel + 1) * plane
                        let normalized = try ChannelNormalization(
                            sums.flatMap { $0[range] }, scheme: options.norm)
                        for image in sums.indices {
                            for (offset, place) in range.enumerated() {
                                sums[image][place] =
                                    gamma[channel] * normalized.values[image * plane + offset] + beta[channel]
                            }
                        }
                    }
                } else {
                    let (bias, plane) = (values(index, \.shift), output.height * output.width)
                    for image in sums.indices {
                        for place in sums[image].indices { sums[image][place] += bias[place / plane] }
                    }
                }
                if let addend = convolution.addend {
                    sums = zip(sums, tensors[addend]).map { zip($0, $1).map(+) }
                }
                if let bounds = convolution.activation.bounds {
                    sums = sums.map { $0.map { min(max($0, Double(bounds.low)), Double(bounds.high)) } }
                }
                tensors.append(sums)
            case .maxPool(let side): tensors.append(input.map { pool($0, size, output, side, side) { $0.max()! } })
            case .averagePool(let side):
                tensors.append(
                    input.map { pool($0, size, output, side, side) { $0.reduce(0, +) / Double($0.count) } })
            case .globalAveragePool:
                tensors.append(
                    input.map {
                        pool($0, size, output, size.height, size.width) { $0.reduce(0, +) / Double($0.count) }
                    })
            }
        }
        return zip(tensors[net.layers.count], labels).reduce(0) { sum, pair in
            let powers = pair.0.map { exp($0) }
            return sum - log(powers[pair.1] / powers.reduce(0, +))
        } / Double(labels.count)
    }

    /// dL/dp by central differences.
    func derivative(
        _ layers: [LayerParameters?], layer: Int, _ path: KeyPath<LayerParameters, [Float]>, _ index: Int
    ) throws -> Double {
        let step = 1e-6
        let more = try loss(layers, changing: (layer, path, index, step))
        let less = try loss(layers, changing: (layer, path, index, -step))
        return (more - less) / (2 * step)
    }

    private func used(_ v: [Double], gains: [Double], channels: Int) -> [Double] {
        guard let norm = options.weightNorm.norm else { return v }
        let size = v.count / channels
        return (0..<channels).flatMap { channel in
            let own = v[channel * size..<(channel + 1) * size]
            let length =
                switch norm {
                case .l2: own.reduce(0) { $0 + $1 * $1 }.squareRoot()
                case .l1: own.reduce(0) { $0 + abs($1) }
                case .lInfinity: own.reduce(0) { max($0, abs($1)) }
                }
            return own.map { $0 * gains[channel] / length }
        }
    }

    private func convolve(
        _ x: [Double], _ size: MapSize, _ weights: [Double], _ geometry: ConvolutionGradient, _ output: MapSize
    ) -> [Double] {
        let (kernel, strides, padding) = (geometry.window.kernel, geometry.window.strides, geometry.window.padding)
        let inputs = geometry.isDepthwise ? 1 : geometry.inputs
        var result = [Double](repeating: 0, count: output.count)
        for o in 0..<output.channels {
            for y in 0..<output.height {
                for x0 in 0..<output.width {
                    var sum = 0.0
                    for i in 0..<inputs {
                        for k in 0..<kernel.height {
                            for l in 0..<kernel.width {
                                let row = y * strides.height + k - padding.top
                                let column = x0 * strides.width + l - padding.left
                                guard (0..<size.height).contains(row), (0..<size.width).contains(column) else {
                                    continue
                                }
                                let channel = geometry.isDepthwise ? o : i
                                sum +=
                                    weights[((o * inputs + i) * kernel.height + k) * kernel.width + l]
                                    * x[(channel * size.height + row) * size.width + column]
                            }
                        }
                    }
                    result[(o * output.height + y) * output.width + x0] = sum
                }
            }
        }
        return result
    }

    private func pool(
        _ x: [Double], _ size: MapSize, _ output: MapSize, _ height: Int, _ width: Int,
        _ combine: ([Double]) -> Double
    ) -> [Double] {
        (0..<output.count).map { place in
            let (channel, pixel) = (place / (output.height * output.width), place % (output.height * output.width))
            let (y, x0) = (pixel / output.width * height, pixel % output.width * width)
            return combine(
                (0..<height * width).map {
                    x[(channel * size.height + y + $0 / width) * size.width + x0 + $0 % width]
                })
        }
    }
}

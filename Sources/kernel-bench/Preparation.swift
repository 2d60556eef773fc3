import Engine
import Net

/// How long weights take to be brought into kernel order, which an edit of a layer's bits pays for.
struct Preparation {
    /// Prints the rate for a large 3x3 and a large 1x1 layer.
    func report() {
        for (name, input, output, kernel) in [("3x3 512 -> 512", 512, 512, 3), ("1x1 2048 -> 512", 2048, 512, 1)] {
            let weights = [Float](repeating: 1, count: input * output * kernel * kernel)
            let window = Window(kernel: Window.Pair(kernel, kernel))
            let rate = Stopwatch.median {
                let prepared = PreparedConvolution(
                    weights: weights, outputChannels: output, inputChannels: input, window: window)
                return Double(weights.count * prepared.groups)
            }
            print("prepare \(name): \(Int(rate * 1000)) million weights/s")
        }
    }
}

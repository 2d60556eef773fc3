internal import Engine

/// The maps of a batch, of which each shard has a part.
///
/// One piece of memory for a tensor of the whole batch is large enough for large pages, without which a step would wait for
/// translations of addresses.
struct BatchMaps {
    /// What each tensor holds.
    let values: [FeatureMap]
    /// The same as convolutions read it, if values are quantized.
    let rounded: [FeatureMap?]
    /// The sums of normalized layers, by layer.
    let raw: [FeatureMap?]
    /// The gradient of each tensor; of tensor 0 there is none.
    let gradients: [FeatureMap?]

    /// Maps of zeros for batches of `count` images.
    init(_ net: Blueprint, count: Int, quantizesValues: Bool) {
        var halos = [Int](repeating: 0, count: net.layers.count + 1)
        for layer in net.layers {
            guard let convolution = layer.convolution else { continue }
            halos[layer.input] = max(halos[layer.input], convolution.geometry.inputHalo)
        }
        func map(_ size: MapSize, halo: Int) -> FeatureMap {
            FeatureMap(
                layout: MapLayout(channels: size.channels, height: size.height, width: size.width, halo: halo),
                capacity: count)
        }
        let read = Set(net.layers.filter { $0.convolution != nil }.map(\.input))
        values = halos.indices.map { map(net.size(of: $0), halo: halos[$0]) }
        rounded = halos.indices.map {
            quantizesValues && read.contains($0) ? map(net.size(of: $0), halo: halos[$0]) : nil
        }
        raw = net.layers.map { $0.convolution?.end == .normalized ? map($0.output, halo: 0) : nil }
        gradients =
            [nil]
            + net.layers.map { layer in
                // The gradient of a normalized layer's sums has a map of its own; that of others is convolved itself.
                let isRead = layer.convolution?.end == .biased
                return map(layer.output, halo: isRead ? layer.convolution?.geometry.gradientHalo ?? 0 : 0)
            }
    }
}

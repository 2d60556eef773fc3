/// The maps an epilogue reads and writes in one run.
///
/// Image i of the input belongs to image i of each of them.
public struct EpilogueMaps {
    /// Where the results go, in the order of the epilogue's outputs.
    let outputs: [StoredMap]
    /// What is added before the activation: a residual branch, with a halo of its own.
    let addend: StoredMap?

    /// Creates the set; all maps have the layer's output shape, halos may differ.
    public init(outputs: [FeatureMap], addend: FeatureMap? = nil) {
        self.init(stored: outputs.map(StoredMap.floats), addend: addend.map(StoredMap.floats))
    }

    /// The same for maps that may hold codes.
    package init(stored outputs: [StoredMap], addend: StoredMap? = nil) {
        self.outputs = outputs
        self.addend = addend
    }

    /// All maps there are.
    private var all: [StoredMap] { outputs + [addend].compactMap(\.self) }

    /// Stops the program unless all maps are `channels` x `height` x `width` and hold `images`.
    func check(channels: Int, height: Int, width: Int, images: Range<Int>) {
        for map in all {
            precondition(map.holds(images), "images outside a map")
            precondition(
                map.layout.channels == channels && map.layout.height == height && map.layout.width == width,
                "every map of an epilogue has the output's shape")
        }
    }
}

/// The maps an epilogue reads and writes in one run.
///
/// Image i of the input belongs to image i of each of them.
public struct EpilogueMaps {
    /// Where the results go, in the order of the epilogue's outputs.
    let outputs: [StoredMap]
    /// What is added before the activation: a residual branch, with a halo of its own.
    let addend: StoredMap?
    /// Where the values before the activation go, for calibration.
    let preActivation: FeatureMap?

    /// Creates the set; all maps have the layer's output shape, halos may differ.
    public init(outputs: [FeatureMap], addend: FeatureMap? = nil, preActivation: FeatureMap? = nil) {
        self.init(
            stored: outputs.map(StoredMap.floats), addend: addend.map(StoredMap.floats),
            preActivation: preActivation)
    }

    /// The same for maps that may hold codes.
    init(stored outputs: [StoredMap], addend: StoredMap? = nil, preActivation: FeatureMap? = nil) {
        self.outputs = outputs
        self.addend = addend
        self.preActivation = preActivation
    }

    /// All maps there are.
    private var all: [StoredMap] {
        outputs + [addend, preActivation.map(StoredMap.floats)].compactMap(\.self)
    }

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

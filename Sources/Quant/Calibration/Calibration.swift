public import Net

/// A tensor as seen in calibration: the whole and, where channels matter, each of them.
public struct TensorObservation: Sendable {
    /// All elements.
    public let tensor: Observation
    /// Each channel; empty where channels are not told apart.
    public let channels: [Observation]

    /// An observation from its parts.
    public init(tensor: Observation, channels: [Observation]) {
        self.tensor = tensor
        self.channels = channels
    }
}

/// What calibration images showed of a net: statistics of the float net's tensors, pooled over all images.
public struct Calibration: Sendable {
    /// The observed tensors.
    public let observations: [TensorID: TensorObservation]
    /// The number of images pooled.
    public let images: Int

    /// A calibration from its parts.
    public init(observations: [TensorID: TensorObservation], images: Int) {
        self.observations = observations
        self.images = images
    }
}

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
    /// What growing shares of the images showed of the whole tensors, the smallest share first.
    public let shares: [Share]

    /// A fair sample of the images, and what it showed.
    public struct Share: Sendable {
        /// The number of images.
        public let images: Int
        /// The whole tensors, as those images show them.
        public let observations: [TensorID: Observation]

        /// A share from its parts.
        public init(images: Int, observations: [TensorID: Observation]) {
            self.images = images
            self.observations = observations
        }
    }

    /// A calibration from its parts.
    public init(observations: [TensorID: TensorObservation], images: Int, shares: [Share] = []) {
        self.observations = observations
        self.images = images
        self.shares = shares
    }

    /// How a tensor's clipping threshold settles as images are added: what `method` finds on each share.
    ///
    /// A threshold that still moves at the end says that more images are needed.
    public func convergence(
        of tensor: TensorID, bits: Int, method: ClippingMethod
    ) -> [(images: Int, threshold: Double)] {
        shares.compactMap { share in
            share.observations[tensor].map { observation in
                (share.images, ClippingRange(for: observation, bits: bits, method: method).threshold)
            }
        }
    }
}

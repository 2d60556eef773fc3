internal import Net

/// What is taken down of a tensor when it passes.
struct Sighting: Sendable {
    /// The number of channels.
    let channels: Int
    /// How many lanes a channel's samples are spread over: one, or all of a block.
    ///
    /// Images have few channels, which would leave most lanes of a block empty. So sixteen neighbours of a plane take them.
    var lanesPerChannel = 1
    /// The rectifier that the tensor enters, where what leaves it follows from what enters it.
    let rectifier: Rectifier?
    /// Whether the whole tensor is counted besides its channels; or, with a rectifier, what leaves that.
    let countsWhole: Bool
    /// Counts of the channels, if they are told apart.
    let channelCounts: ChannelCounts?

    /// The lanes of all channels.
    var lanes: Int { channels * lanesPerChannel }

    /// The blocks of lanes.
    var blocks: Int { (lanes + MapLayout.lanes - 1) / MapLayout.lanes }

    /// The function min(max(x, 0), high).
    struct Rectifier: Hashable, Sendable {
        /// What leaves it.
        let output: TensorID
        let high: Float
    }
}

internal import Quant

/// What images show of a tensor.
struct TensorStatistics: Sendable {
    /// The moments of each channel.
    let channels: [Moments]
    /// All channels together, with their histogram if they were counted.
    let whole: (moments: Moments, histogram: Histogram?)
}

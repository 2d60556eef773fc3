internal import Net
internal import Quant

/// Parts of the calibration images, merged in their order, each as soon as all before it are done: the memory is that of
/// a few, not of all.
struct MergedParts: Sendable {
    /// What all parts showed of each tensor.
    private(set) var tensors: [TensorID: TensorStatistics] = [:]
    /// What the first parts showed of the whole tensors, at the end of each share.
    private(set) var shares: [[TensorID: (moments: Moments, histogram: Histogram?)]] = []

    private let partsPerShare: Int
    private var count = 0
    private var waiting: [Int: [TensorID: TensorStatistics]] = [:]

    init(partsPerShare: Int) { self.partsPerShare = partsPerShare }

    /// Takes a part that is done, in any order.
    mutating func add(_ part: [TensorID: TensorStatistics], at index: Int) {
        waiting[index] = part
        while let due = waiting.removeValue(forKey: count) {
            for (tensor, statistics) in due {
                if tensors[tensor]?.merge(statistics) == nil { tensors[tensor] = statistics }
            }
            count += 1
            if count % partsPerShare == 0 { shares.append(tensors.mapValues(\.whole)) }
        }
    }
}

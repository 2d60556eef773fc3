internal import Net
internal import Quant

/// Parts of the calibration images, merged in their order, each as soon as all before it are done: the memory is that of
/// a few, not of all.
struct MergedParts: Sendable {
    /// What the first parts showed of the whole tensors, at the end of each share.
    private(set) var shares: [[TensorID: (moments: Moments, histogram: Histogram?)]] = []

    private let partsPerShare: Int
    private var sums: [TensorID: TensorSums] = [:]
    private var count = 0
    private var waiting: [Int: (parts: Range<Int>, sums: [TensorID: TensorSums])] = [:]

    init(partsPerShare: Int) { self.partsPerShare = partsPerShare }

    /// Takes parts of one share that are done, in any order.
    mutating func add(_ part: [TensorID: TensorSums], of parts: Range<Int>) {
        waiting[parts.lowerBound] = (parts, part)
        while let due = waiting.removeValue(forKey: count) {
            for (tensor, more) in due.sums { sums[tensor, default: more.empty].merge(more) }
            count = due.parts.upperBound
            if count % partsPerShare == 0 { shares.append(wholes) }
        }
    }

    /// What all parts showed of each tensor, and of what leaves a rectifier.
    var tensors: [TensorID: TensorStatistics] {
        sums.reduce(into: [:]) { all, entry in
            let sums = entry.value
            all[entry.key] = TensorStatistics(channels: sums.channels, whole: sums.whole)
            if let (tensor, whole) = sums.rectifiedWhole {
                all[tensor] = TensorStatistics(channels: sums.rectifiedChannels, whole: whole)
            }
        }
    }

    private var wholes: [TensorID: (moments: Moments, histogram: Histogram?)] {
        sums.reduce(into: [:]) { all, entry in
            all[entry.key] = entry.value.whole
            if let (tensor, whole) = entry.value.rectifiedWhole { all[tensor] = whole }
        }
    }
}

internal import Net
internal import Quant

extension Calibration {
    /// What the parts of the images showed, and the counts of their channels.
    ///
    /// - Parameter imagesOfShares: the images of each share and of all before it.
    init(
        _ points: [CalibrationPoint], _ parts: MergedParts, _ counts: [TensorID: ChannelCounts],
        imagesOfShares: [Int], isa: InstructionSet
    ) {
        let tensors = parts.tensors
        let all = tensors.mapValues(\.whole)
        // What enters a ReLU or Clip is counted by channels only, where these are told apart.
        @Sendable func before(_ point: CalibrationPoint) -> Histogram? {
            guard let tensor = point.preActivation, let whole = all[tensor] else { return nil }
            return whole.histogram ?? counts[tensor]?.whole(isa: isa).histogram(zeroCount: whole.moments.zeroCount)
        }

        // A share's samples before the rectifier are taken to be distributed as all are.
        @Sendable func whole(
            _ point: CalibrationPoint, _ sums: [TensorID: (moments: Moments, histogram: Histogram?)],
            before: Histogram?, keepsBefore: Bool = false
        ) -> Observation? {
            guard let own = sums[point.tensor], let histogram = own.histogram else { return nil }
            var preActivation: Statistics?
            if let tensor = point.preActivation, let moments = sums[tensor]?.moments,
                let all = all[tensor]?.moments, let before
            {
                let scale = Double(moments.count) / Double(max(1, all.count))
                preActivation = Statistics(moments, before, scale: scale)
            }
            return Observation(
                statistics: Statistics(own.moments, histogram, scale: 1), histogram: histogram,
                preActivation: preActivation, preActivationHistogram: keepsBefore ? before : nil)
        }

        @Sendable func channels(_ point: CalibrationPoint) -> [Observation] {
            guard point.isPerChannel, let own = tensors[point.tensor], let ownCounts = counts[point.tensor]
            else { return [] }
            let moments = point.preActivation.flatMap { tensors[$0]?.channels }
            let counts = point.preActivation.flatMap { counts[$0] }
            return own.channels.enumerated().map { channel, own in
                let histogram = ownCounts.histogram(of: channel, zeroCount: own.zeroCount)
                var preActivation: Statistics?
                if let moments = moments?[channel], let counts {
                    preActivation = counts.statistics(of: channel, moments)
                }
                return Observation(
                    statistics: Statistics(own, histogram, scale: 1), histogram: histogram,
                    preActivation: preActivation)
            }
        }

        // The last tensors have the most channels in most nets, and what takes longest should not begin last.
        let points = Array(points.reversed())
        let seen = concurrentMap(points.count) { index in
            let point = points[index]
            let before = before(point)
            let shares = parts.shares.map { whole(point, $0, before: before) }
            return (
                tensor: whole(point, all, before: before, keepsBefore: true), channels: channels(point),
                shares: shares
            )
        }
        var observations: [TensorID: TensorObservation] = [:]
        for (point, seen) in zip(points, seen) {
            guard let tensor = seen.tensor else { continue }
            observations[point.tensor] = TensorObservation(tensor: tensor, channels: seen.channels)
        }
        self.init(
            observations: observations, images: imagesOfShares.last ?? 0,
            shares: imagesOfShares.enumerated().map { share, images in
                var observations: [TensorID: Observation] = [:]
                for (point, seen) in zip(points, seen) { observations[point.tensor] = seen.shares[share] }
                return Share(images: images, observations: observations)
            })
    }
}

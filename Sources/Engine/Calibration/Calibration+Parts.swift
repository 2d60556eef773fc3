internal import Net
internal import Quant

extension Calibration {
    /// What the parts of the images showed, and the counts of their channels.
    ///
    /// - Parameter imagesOfShares: the images of each share and of all before it.
    init(
        _ points: [CalibrationPoint], _ parts: MergedParts, _ counts: [TensorID: ChannelCounts],
        imagesOfShares: [Int]
    ) {
        let all = parts.tensors.mapValues(\.whole)
        // What enters a ReLU or Clip is counted by channels only, where these are told apart.
        var before: [TensorID: Histogram] = [:]
        for tensor in Set(points.compactMap(\.preActivation)) {
            guard let whole = all[tensor] else { continue }
            before[tensor] =
                whole.histogram ?? counts[tensor]?.whole.histogram(zeroCount: whole.moments.zeroCount)
        }

        func whole(
            _ point: CalibrationPoint, _ sums: [TensorID: (moments: Moments, histogram: Histogram?)],
            keepsBefore: Bool = false
        ) -> Observation? {
            guard let own = sums[point.tensor], let histogram = own.histogram else { return nil }
            let histogramBefore = point.preActivation.flatMap { before[$0] }
            var preActivation: Statistics?
            if let moments = point.preActivation.flatMap({ sums[$0]?.moments }), let histogramBefore {
                preActivation = Statistics(moments, histogramBefore)
            }
            return Observation(
                statistics: Statistics(own.moments, histogram), histogram: histogram, preActivation: preActivation,
                preActivationHistogram: keepsBefore ? histogramBefore : nil)
        }

        func channels(_ point: CalibrationPoint) -> [Observation] {
            guard point.isPerChannel, let own = parts.tensors[point.tensor], let ownCounts = counts[point.tensor]
            else { return [] }
            return own.channels.enumerated().map { channel, moments in
                let histogram = ownCounts.histogram(of: channel, zeroCount: moments.zeroCount)
                var preActivation: Statistics?
                if let tensor = point.preActivation, let moments = parts.tensors[tensor]?.channels[channel],
                    let counts = counts[tensor]
                {
                    preActivation = Statistics(
                        moments, counts.histogram(of: channel, zeroCount: moments.zeroCount))
                }
                return Observation(
                    statistics: Statistics(moments, histogram), histogram: histogram, preActivation: preActivation)
            }
        }

        var observations: [TensorID: TensorObservation] = [:]
        for point in points {
            guard let tensor = whole(point, all, keepsBefore: true) else { continue }
            observations[point.tensor] = TensorObservation(tensor: tensor, channels: channels(point))
        }
        self.init(
            observations: observations, images: imagesOfShares.last ?? 0,
            shares: zip(imagesOfShares, parts.shares).map { images, sums in
                var observations: [TensorID: Observation] = [:]
                for point in points { observations[point.tensor] = whole(point, sums) }
                return Share(images: images, observations: observations)
            })
    }
}

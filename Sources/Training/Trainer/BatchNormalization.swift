internal import CKernels
internal import Engine

/// What normalization found in a batch, channel by channel, in double precision.
struct BatchStatistics {
    /// μ.
    var mean: [Double]
    /// σ̂.
    var sigma: [Double]
    /// 1 / sqrt(σ̂² + ε).
    var factor: [Double] = []
    /// The mean of sign(x − μ), for L1.
    var meanSign: [Double]
    /// The values that extreme statistics were taken from, with their share in the derivative of the statistic.
    var chosen: [[(place: Place, share: Double)]]
    /// What the statistic is multiplied by.
    let constant: Double
    /// The values of a channel.
    let count: Int

    /// Where a value of a channel is.
    struct Place {
        let shard: Int
        let image: Int
        let pixel: Int
    }
}

/// A channel's part in shards: kernels' rows added up in the shards' order.
private func total(
    _ shards: [Shard], _ row: Int, _ channel: Int, _ start: Double, _ combine: (Double, Double) -> Double
)
    -> Double
{
    shards.reduce(start) { combine($0, $1.row(row, of: channel, rowCount: Int(NKSpreadRows))) }
}

extension Trainer {
    /// ε of every normalization.
    static let epsilon = 1e-5

    /// Has the sums of a layer's raw values added up about the running mean, so that squares stay small; any centre near the mean does.
    func sumLater(of layer: Int) {
        sumLater(of: layer, about: state.layers[layer]?.mean ?? [])
    }

    private func sumLater(of layer: Int, about centre: [Float]) {
        let (centre, isa) = (padded(centre), isa)
        later([layer + 1]) { piece in
            guard let raw = piece.shard.raw[layer] else { return }
            piece.shard.addSpread(of: raw, piece.images, isFirst: piece.isFirst, centre: centre, isa)
        }
    }

    /// What `sumLater` has found of a batch's raw values of a layer, by the run's scheme.
    func statistics(of layer: Int) -> BatchStatistics {
        guard let parameters = state.layers[layer], let size = shards[0].raw[layer]?.layout else {
            preconditionFailure("a normalized layer")
        }
        let channels = size.channels
        let count = batchCount * size.height * size.width
        let centre = parameters.mean
        let n = Double(count)
        let offsets = (0..<channels).map { total(shards, Int(NKSpreadSum), $0, 0, +) / n }
        var found = BatchStatistics(
            mean: zip(centre, offsets).map { Double($0) + $1 }, sigma: [], meanSign: [], chosen: [],
            constant: options.norm.constant(count: count), count: count)
        let isHalf = options.normPrecision == .half
        if isHalf { found.mean = halfMeans(channels: channels).map { Double($0) } }
        func extremes(_ channel: Int) -> (least: Double, greatest: Double) {
            (
                total(shards, Int(NKSpreadLeast), channel, .infinity, min),
                total(shards, Int(NKSpreadGreatest), channel, -.infinity, max)
            )
        }
        switch options.norm {
        case .l2:
            found.sigma = (0..<channels).map { channel in
                let square = total(shards, Int(NKSpreadSquare), channel, 0, +) / n
                return max(0, square - offsets[channel] * offsets[channel]).squareRoot()
            }
        case .l1:
            sumLater(of: layer, about: found.mean.map { Float($0) })
            finish()
            found.sigma = (0..<channels).map {
                found.constant * total(shards, Int(NKSpreadAbsolute), $0, 0, +) / n
            }
            found.meanSign = (0..<channels).map { total(shards, Int(NKSpreadSigns), $0, 0, +) / n }
        case .range:
            let ends = (0..<channels).map(extremes)
            found.sigma = ends.map { found.constant * ($0.greatest - $0.least) }
            let most = places(of: ends.map(\.greatest), layer), least = places(of: ends.map(\.least), layer)
            found.chosen = zip(most, least).map { most, least in [(most, 1.0), (least, -1.0)] }
        case .lInfinity:
            let ends = (0..<channels).map(extremes)
            let isUpper = zip(ends, found.mean).map { $0.greatest - $1 >= $1 - $0.least }
            found.sigma = zip(ends, found.mean).map { found.constant * max($0.greatest - $1, $1 - $0.least) }
            let furthest = places(of: zip(ends, isUpper).map { $1 ? $0.greatest : $0.least }, layer)
            found.chosen = zip(furthest, isUpper).map { place, isUpper in [(place, isUpper ? 1.0 : -1.0)] }
        case .topK(let k):
            for channel in 0..<channels {
                let values = largest(k, of: channel, about: found.mean[channel], layer)
                let sum = values.reduce(0) { $0 + abs($1.offset) }
                found.sigma.append(found.constant * sum / Double(k))
                found.chosen.append(values.map { ($0.place, $0.offset < 0 ? -1 / Double(k) : 1 / Double(k)) })
            }
        }
        if isHalf { found.sigma = halfSigma(of: layer, found, extremes) }
        found.factor = found.sigma.map {
            isHalf ? Trainer.halfFactor($0) : 1 / ($0 * $0 + Trainer.epsilon).squareRoot()
        }
        return found
    }

    /// Where each channel's value is met first, in the order of shards, images and pixels.
    private func places(of values: [Double], _ layer: Int) -> [BatchStatistics.Place] {
        let lanes = MapLayout.lanes
        let wanted = padded(values.map { Float($0) })
        var found = [BatchStatistics.Place?](repeating: nil, count: values.count)
        for (index, shard) in shards.enumerated() {
            guard let map = shard.raw[layer], found.contains(where: { $0 == nil }) else { continue }
            shard.pieces(of: map, shard.all) { image, block in
                var places = [Int32](repeating: -1, count: lanes)
                let first = block * lanes
                wanted.withUnsafeBufferPointer { wanted in
                    guard let wanted = wanted.baseAddress else { return }
                    nk_first_equal(
                        isa.level, map.view(image: image, block: block), Int32(map.layout.height),
                        Int32(map.layout.width), wanted + first, &places)
                }
                for lane in 0..<min(lanes, values.count - first)
                where places[lane] >= 0 && found[first + lane] == nil {
                    found[first + lane] = BatchStatistics.Place(
                        shard: index, image: image, pixel: Int(places[lane]))
                }
            }
        }
        // Only a channel that holds NaN has no extreme; nothing depends on where its gradient goes.
        return found.map { $0 ?? BatchStatistics.Place(shard: 0, image: 0, pixel: 0) }
    }

    /// The k values of a channel that lie furthest from its mean, the earlier of equal ones first.
    func largest(
        _ k: Int, of channel: Int, about mean: Double, _ layer: Int
    ) -> [(place: BatchStatistics.Place, offset: Double)] {
        var largest: [(place: BatchStatistics.Place, offset: Double)] = []
        for (index, shard) in shards.enumerated() {
            guard let map = shard.raw[layer] else { continue }
            let layout = map.layout
            map.withFloats(of: shard.all) { floats in
                for image in shard.all {
                    let start =
                        layout.offset(image: image, block: channel / MapLayout.lanes, y: 0, x: 0)
                        + channel % MapLayout.lanes
                    // Raw maps have no halo: their pixels follow one another.
                    for pixel in 0..<layout.height * layout.width {
                        let offset = Double(floats[start + pixel * MapLayout.lanes]) - mean
                        if largest.count == k, abs(offset) <= abs(largest[k - 1].offset) { continue }
                        let place = largest.firstIndex { abs(offset) > abs($0.offset) } ?? largest.count
                        largest.insert(
                            (BatchStatistics.Place(shard: index, image: image, pixel: pixel), offset), at: place)
                        if largest.count > k { largest.removeLast() }
                    }
                }
            }
        }
        return largest
    }

    /// One value for each lane of each block.
    func padded(_ values: [Float]) -> [Float] {
        let lanes = MapLayout.lanes
        let blocks = (values.count + lanes - 1) / lanes
        return values + [Float](repeating: 0, count: blocks * lanes - values.count)
    }
}

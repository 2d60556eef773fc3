internal import CKernels
internal import Engine

/// The arithmetic of normalization in half precision, forward: every operation is rounded, those that add up too.
///
/// A mean is one of means: of a row, of an image's rows, of the batch's images, each added up in order and divided. So no sum is longer than
/// a row, a column or a batch, and none depends on shards or threads. Gradients are computed from the same numbers in floats.
extension Trainer {
    /// Rounds the sums of a layer, and has their means computed.
    func roundLater(of layer: Int) {
        let isa = isa
        later([layer + 1]) { piece in
            guard let raw = piece.shard.raw[layer] else { return }
            piece.shard.pieces(of: raw, piece.images) { image, block in
                nk_round_to_half(
                    isa.level, raw.view(image: image, block: block), Int32(raw.layout.height),
                    Int32(raw.layout.width))
            }
        }
        averageLater(NKHalfValue, of: layer, about: [Float](repeating: 0, count: net.layers[layer].output.channels))
    }

    private func averageLater(_ term: NKHalfTerm, of layer: Int, about centre: [Float]) {
        let (centre, isa) = (padded(centre), isa)
        later([layer + 1]) { piece in
            guard let raw = piece.shard.raw[layer] else { return }
            piece.shard.addHalfMeans(term, of: raw, piece.images, isFirst: piece.isFirst, centre: centre, isa)
        }
    }

    /// The means over the batch that were computed last.
    func halfMeans(channels: Int) -> [Float16] {
        (0..<channels).map { channel in
            let sum = shards.reduce(0 as Float16) { sum, shard in
                let lanes = shard.halfMeans.count / shard.all.count
                return shard.all.reduce(sum) { $0 + Float16(shard.halfMeans[$1 * lanes + channel]) }
            }
            return sum / Float16(batchCount)
        }
    }

    /// σ̂ of a batch in half precision, from its means and extremes.
    ///
    /// - Parameter extremes: the least and the greatest value of a channel.
    func halfSigma(of layer: Int, _ found: BatchStatistics, _ extremes: (Int) -> (least: Double, greatest: Double))
        -> [Double]
    {
        let channels = found.mean.indices
        let constant = Float16(found.constant)
        func means(_ term: NKHalfTerm) -> [Float16] {
            averageLater(term, of: layer, about: found.mean.map { Float($0) })
            finish()
            return halfMeans(channels: found.mean.count)
        }
        // What is rounded keeps its order: the extremes are those of the rounded differences.
        func ends(_ channel: Int) -> (least: Float16, greatest: Float16) {
            let (ends, mean) = (extremes(channel), Float16(found.mean[channel]))
            return (Float16(ends.least) - mean, Float16(ends.greatest) - mean)
        }
        let sigma: [Float16] =
            switch options.norm {
            case .l2: means(NKHalfSquare).map { $0.squareRoot() }
            case .l1: means(NKHalfMagnitude).map { constant * $0 }
            case .range:
                channels.map(ends).map { constant * ($0.greatest - $0.least) }
            case .lInfinity:
                channels.map(ends).map { constant * max(abs($0.greatest), abs($0.least)) }
            case .topK(let k):
                channels.map { channel in
                    let values = largest(k, of: channel, about: found.mean[channel], layer)
                    return constant * (values.reduce(0 as Float16) { $0 + Float16(abs($1.offset)) } / Float16(k))
                }
            }
        return sigma.map { Double($0) }
    }

    /// 1 / sqrt(σ̂² + ε), every operation in half precision: 0 where the square is too large.
    static func halfFactor(_ sigma: Double) -> Double {
        let sigma = Float16(sigma)
        return Double(1 / (sigma * sigma + Float16(epsilon)).squareRoot())
    }

    /// Has a layer's sums normalized, in half precision; addends and activations come after it.
    func normalizeHalfLater(_ layer: Int, _ found: BatchStatistics, _ parameters: LayerParameters) {
        let (lanes, rows) = (MapLayout.lanes, Int(NKHalfRows))
        var table = [Float](repeating: 0, count: (found.mean.count + lanes - 1) / lanes * rows * lanes)
        for channel in found.mean.indices {
            let start = channel / lanes * rows * lanes + channel % lanes
            table[start + Int(NKHalfMean) * lanes] = Float(found.mean[channel])
            table[start + Int(NKHalfFactor) * lanes] = Float(found.factor[channel])
            table[start + Int(NKHalfScale) * lanes] = Float(Float16(parameters.scale[channel]))
            table[start + Int(NKHalfShift) * lanes] = Float(Float16(parameters.shift[channel]))
        }
        let isa = isa
        later([layer + 1]) { piece in
            let target = piece.shard.values[layer + 1]
            guard let raw = piece.shard.raw[layer] else { return }
            table.withUnsafeBufferPointer { table in
                guard let table = table.baseAddress else { return }
                piece.shard.pieces(of: raw, piece.images) { image, block in
                    nk_half_normalize(
                        isa.level, raw.view(image: image, block: block), target.view(image: image, block: block),
                        Int32(raw.layout.height), Int32(raw.layout.width), table + block * rows * lanes)
                }
            }
        }
    }
}

extension Shard {
    /// Sets the half-precision means of images of a map about a centre for each lane of each block.
    fileprivate func addHalfMeans(
        _ term: NKHalfTerm, of map: FeatureMap, _ images: Range<Int>, isFirst: Bool, centre: [Float],
        _ isa: InstructionSet
    ) {
        let (layout, lanes) = (map.layout, MapLayout.lanes)
        if isFirst { halfMeans = [Float](repeating: 0, count: all.count * layout.blocks * lanes) }
        halfMeans.withUnsafeMutableBufferPointer { means in
            centre.withUnsafeBufferPointer { centre in
                guard let means = means.baseAddress, let centre = centre.baseAddress else { return }
                pieces(of: map, images) { image, block in
                    nk_half_mean(
                        isa.level, map.view(image: image, block: block), Int32(layout.height), Int32(layout.width),
                        centre + block * lanes, term, means + (image * layout.blocks + block) * lanes)
                }
            }
        }
    }
}

internal import Engine

/// Work on a batch that has waited until something depends on all images.
///
/// A few images at a time go through all of it: what one job leaves in a core's cache the next reads from there, instead of from
/// memory after the whole batch.
struct Stage {
    private var jobs: [(Piece) -> Void] = []
    private var floats = 1
    /// Whether the last shard comes first: what it left in the caches is read before anything else takes its place.
    private let isReversed: Bool

    init(isReversed: Bool = false) { self.isReversed = isReversed }

    /// A stage without jobs that goes the other way.
    var next: Stage { Stage(isReversed: !isReversed) }

    /// A few images of a shard, on one thread.
    struct Piece {
        let shard: Shard
        /// The shard's place in the batch.
        let index: Int
        /// The images, by their places in the shard.
        let images: Range<Int>
        let workspace: Workspace

        /// Whether they are the shard's first, so that its sums start.
        var isFirst: Bool { images.lowerBound == 0 }
    }

    /// Adds a job that reads or writes maps of up to so many floats an image.
    mutating func add(floats: Int, _ job: @escaping (Piece) -> Void) {
        jobs.append(job)
        self.floats = max(self.floats, floats)
    }

    /// Does all jobs, each in the order of the shard's images.
    func run(_ shards: [Shard], _ team: Team, _ workspaces: [Workspace]) {
        guard !jobs.isEmpty else { return }
        // A job has about four maps; a quarter of the second-level cache is a map's.
        let together = max(1, Self.cachedFloats / floats)
        team.each(shards.count) { place, thread in
            let index = isReversed ? shards.count - 1 - place : place
            let shard = shards[index]
            for first in stride(from: 0, to: shard.all.count, by: together) {
                let piece = Piece(
                    shard: shard, index: index, images: first..<min(first + together, shard.all.count),
                    workspace: workspaces[thread])
                for job in jobs { job(piece) }
            }
        }
    }

    private static let cachedFloats = 1 << 16
}

/// Memory of a thread, whatever it works on.
final class Workspace {
    let scratch = Scratch()
    /// Parts of the gradients of strided layers' inputs.
    var parts: [MapLayout: FeatureMap] = [:]
    private var maps: [Use: [MapLayout: FeatureMap]] = [:]

    /// What a map is for.
    enum Use {
        /// The gradient of a layer's sums.
        case sumsGradient
        /// A rounded copy of it.
        case roundedGradient
    }

    /// A map of undefined content with a halo of zeros.
    func map(_ use: Use, _ layout: MapLayout) -> FeatureMap {
        if let known = maps[use]?[layout] { return known }
        let map = FeatureMap(layout: layout, capacity: Shard.size)
        maps[use, default: [:]][layout] = map
        return map
    }
}

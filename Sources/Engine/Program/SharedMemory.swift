/// Which maps of floats share memory, since what they hold is never needed at the same time.
///
/// Maps of one layout do so anyway: they are one slot. Where a batch's maps do not stay in the cache, those of other
/// layouts should too: the fewer bytes a run goes through, the more of them are near when they are written again.
struct SharedMemory: Sendable {
    /// The region of each slot; `nil` for those with memory of their own: codes, and narrow maps, of which all would have to be
    /// cleared for the lanes that no channel fills.
    let regions: [Int?]
    /// The floats of an image in each region.
    let sizes: [Int]

    /// Gives each slot the first region that is free whenever the slot is in use.
    init(_ slots: [SlotForm], uses: [[ClosedRange<Int>]]) {
        var regions: [Int?] = []
        var (sizes, taken): ([Int], [[ClosedRange<Int>]]) = ([], [])
        for (slot, uses) in zip(slots, uses) {
            guard slot.zeroPoint == nil, !slot.layout.isNarrow else {
                regions.append(nil)
                continue
            }
            let region =
                taken.firstIndex { $0.allSatisfy { other in !uses.contains { $0.overlaps(other) } } } ?? taken.count
            if region == taken.count {
                taken.append([])
                sizes.append(0)
            }
            taken[region] += uses
            sizes[region] = max(sizes[region], slot.layout.imageStride)
            regions.append(region)
        }
        (self.regions, self.sizes) = (regions, sizes)
    }
}

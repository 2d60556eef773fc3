internal import Net

/// The memory of a program's slots for one thread, made when a slot is first used.
final class SlotMemory {
    /// What a slot holds.
    enum Content {
        case floats(FeatureMap)
        case codes(CodeMap)
    }

    private let program: Program
    private let capacity: Int
    private var contents: [Content?]
    private var regions: [MapRegion?]

    /// Memory for up to `capacity` images.
    init(_ program: Program, capacity: Int) {
        self.program = program
        self.capacity = capacity
        contents = [Content?](repeating: nil, count: program.slots.count)
        regions = [MapRegion?](repeating: nil, count: program.sharedMemory?.sizes.count ?? 0)
    }

    /// A slot's map.
    subscript(slot: Int) -> Content {
        if let known = contents[slot] { return known }
        let form = program.slots[slot]
        let content: Content =
            if let zeroPoint = form.zeroPoint {
                .codes(CodeMap(layout: form.layout, capacity: capacity, zeroPoint: zeroPoint))
            } else if let region = region(of: slot) {
                .floats(FeatureMap(layout: form.layout, capacity: capacity, in: region.memory))
            } else {
                .floats(FeatureMap(layout: form.layout, capacity: capacity))
            }
        contents[slot] = content
        return content
    }

    private func region(of slot: Int) -> MapRegion? {
        guard let shared = program.sharedMemory, let index = shared.regions[slot] else { return nil }
        if let known = regions[index] { return known }
        let region = MapRegion(floats: capacity * shared.sizes[index])
        regions[index] = region
        return region
    }

    /// Makes ready what a tensor's maps share with others, before something is written there.
    func claim(_ tensor: TensorID, _ batch: Range<Int>) {
        guard program.sharedMemory != nil, let form = program.forms[tensor] else { return }
        for slot in [form.value].compactMap(\.self) + form.copies.map(\.slot) {
            guard case .floats(let map) = self[slot] else { continue }
            region(of: slot)?.claim(map, of: slot, batch)
        }
    }
}

/// One region of one thread, and whose halo is clear in it.
private final class MapRegion {
    /// Enough for the largest map of any slot.
    let memory: AlignedBuffer<Float>
    private var occupant: Int?
    private var images = 0

    /// Memory that nobody has used.
    init(floats: Int) { memory = AlignedBuffer(uninitialized: floats) }

    /// Makes memory ready for images of a slot: what others left in its halo and unused lanes goes.
    func claim(_ map: FeatureMap, of slot: Int, _ batch: Range<Int>) {
        if occupant == slot, batch.upperBound <= images { return }
        map.clearUnused(of: 0..<batch.upperBound)
        (occupant, images) = (slot, batch.upperBound)
    }
}

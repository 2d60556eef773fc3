internal import Net
internal import Quant

/// The forms in which one tensor is kept during a run.
///
/// `value` is what everything but layers reads: real values, rounded to the stored grid where there is one. Layers
/// read a copy on their own grid: codes minus zero point where one scale serves the tensor, real values otherwise.
struct TensorForms {
    /// The slot of the values, if anything reads them.
    var value: Int?
    /// The grid the values are rounded to.
    var stored: ActivationGrid?
    /// Whether the values are codes on that grid.
    var holdsCodes = false

    /// What a layer asks for.
    struct Copy: Hashable {
        let grid: ActivationGrid
        /// Whether it is a map of codes, or one of floats.
        let isCodes: Bool

        /// The code of zero in a map of codes.
        var zeroPoint: Int? {
            isCodes ? grid.commonQuantizer?.zeroPoint : nil
        }
    }

    /// One copy for each distinct form that layers ask for.
    var copies: [(key: Copy, slot: Int)] = []

    /// The step of codes that hold the values.
    var storedStep: Float {
        if case .tensor(let quantizer)? = stored { quantizer.scale } else { 1 }
    }

    /// Whether the values are what a layer asks for, so that it needs no copy.
    func serves(_ copy: Copy) -> Bool {
        copy.grid == .real || (copy.isCodes && holdsCodes && copy.grid == stored)
    }

    /// The slot a layer reads.
    func slot(for copy: Copy) -> Int {
        guard let slot = serves(copy) ? value : copies.first(where: { $0.key == copy })?.slot else {
            preconditionFailure("a form that was not planned")
        }
        return slot
    }
}

/// How one slot lies in memory.
struct SlotForm: Hashable, Sendable {
    let layout: MapLayout
    /// The code of zero in a map of codes; `nil` for floats.
    let zeroPoint: Int?

    /// Bytes of one element.
    var elementSize: Int { zeroPoint == nil ? 4 : 1 }
}

extension ActivationGrid {
    /// How a layer's copy is stored.
    var copyGrid: StorageGrid {
        switch self {
        case .real: preconditionFailure("real values have no grid")
        case .tensor(let quantizer):
            .codes(scale: quantizer.scale, zeroPoint: quantizer.zeroPoint, codes: 0...quantizer.maximumCode)
        case .channels: valueGrid
        case .shifted(let common, let quantizers):
            ActivationGrid.grid(of: quantizers, isShifted: true) { quantizer in quantizer.scale / common.scale }
        }
    }

    /// Each channel on the grid of its own quantizer, a unit stored as `step` says; a channel of 0 bits is 0.
    private static func grid(
        of quantizers: [AffineQuantizer?], isShifted: Bool = false, step: (AffineQuantizer) -> Float
    ) -> StorageGrid {
        StorageGrid(
            inverseScale: quantizers.map { $0?.inverseScale ?? 0 },
            low: quantizers.map { Float(-($0?.zeroPoint ?? 0)) },
            high: quantizers.map { quantizer in quantizer.map { Float($0.maximumCode - $0.zeroPoint) } ?? 0 },
            step: quantizers.map { $0.map(step) ?? 0 }, isShifted: isShifted)
    }

    /// How real values on the grid are stored.
    var valueGrid: StorageGrid {
        switch self {
        case .real: preconditionFailure("real values have no grid")
        case .tensor(let quantizer):
            .values(scale: quantizer.scale, zeroPoint: quantizer.zeroPoint, codes: 0...quantizer.maximumCode)
        case .channels(let quantizers), .shifted(_, let quantizers):
            ActivationGrid.grid(of: quantizers, step: \.scale)
        }
    }
}

extension MapLayout {
    /// The layout of a tensor of one image: images keep rows and columns, everything else is a row of channels.
    init(_ shape: Shape, halo: Int = 0, isNarrow: Bool = false) {
        if shape.rank == 4, shape[0] == 1 {
            self.init(
                channels: shape[1], height: shape[2], width: shape[3], halo: halo, isNarrow: isNarrow)
        } else {
            self.init(channels: max(1, shape.count), height: 1, width: 1, halo: halo)
        }
    }
}

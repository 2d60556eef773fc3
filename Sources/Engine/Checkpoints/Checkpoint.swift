internal import Net
internal import Quant

/// A place in a run where one tensor alone carries everything that is still to be computed.
///
/// Chains have one after every layer, residual nets one after every block. A run can be taken up there.
struct Checkpoint: Hashable, Sendable {
    /// The unit after which the run can be taken up.
    let unit: Int
    /// The tensor that later units read.
    let tensor: TensorID
}

extension LayerGraph {
    /// The net's checkpoints, in the order of the run; none after the last unit that is worth saving.
    var checkpoints: [Checkpoint] {
        var lastUse: [TensorID: Int] = [:]
        for (position, unit) in units.enumerated() {
            for tensor in inputs(of: unit) { lastUse[tensor] = position }
        }
        for tensor in Set(logits).union(graph.outputs) { lastUse[tensor] = Int.max }
        var live = Set(graph.inputs.filter { lastUse[$0] != nil })
        var result: [Checkpoint] = []
        for (position, unit) in units.enumerated() {
            live.formUnion(outputs(of: unit).filter { lastUse[$0] != nil })
            live = live.filter { (lastUse[$0] ?? 0) > position }
            guard position + 1 < units.count, live.count == 1, let tensor = live.first,
                outputs(of: unit).contains(tensor)
            else { continue }
            result.append(Checkpoint(unit: position, tensor: tensor))
        }
        return result
    }

    /// The tensors that a unit reads, constants left out.
    func inputs(of unit: Unit) -> [TensorID] {
        switch unit {
        case .layer(let index): [layers[index].input] + [layers[index].addend].compactMap { $0 }
        case .operation(let node): node.inputs.compactMap { $0 }.filter { graph.constants[$0] == nil }
        }
    }

    /// The tensors that a unit writes.
    func outputs(of unit: Unit) -> [TensorID] {
        switch unit {
        case .layer(let index): [layers[index].output]
        case .operation(let node): node.outputs
        }
    }
}

extension Program {
    /// The first unit that computes something else than in another program of the same net; the number of units if
    /// none does.
    func firstDifference(from other: Program) -> Int {
        let units = net.units
        for (position, unit) in units.enumerated() {
            if case .layer(let index) = unit {
                guard layers[index].source.quantized == other.layers[index].source.quantized,
                    inputGrid(of: index) == other.inputGrid(of: index)
                else { return position }
            }
            for tensor in net.outputs(of: unit) where forms[tensor]?.stored != other.forms[tensor]?.stored {
                return position
            }
        }
        return units.count
    }

    private func inputGrid(of layer: Int) -> ActivationGrid { plan?.layers[layer].input ?? .real }

    /// Whether what another program keeps of a tensor can stand in for what this one would keep.
    func keepsSameForms(of tensor: TensorID, as other: Program) -> Bool {
        guard let own = forms[tensor], let others = other.forms[tensor] else { return false }
        // Copies are made again from values; without values they are what is kept.
        if own.value != nil, others.value != nil { return true }
        return own.value == nil && others.value == nil
            && own.copies.map(\.key.grid) == others.copies.map(\.key.grid)
    }
}

/// What a run keeps of a checkpoint's tensor for a few images: codes where one scale serves it, else floats.
struct Snapshot: Sendable {
    /// One form of the tensor, in the layout of its map.
    enum Values: Sendable {
        case codes([UInt8])
        case floats([Float])
    }

    let images: Int
    /// The values if they are kept, else each copy.
    let forms: [Values]

    /// The memory it takes.
    var byteCount: Int {
        forms.reduce(0) { sum, form in
            switch form {
            case .codes(let codes): sum + codes.count
            case .floats(let floats): sum + 4 * floats.count
            }
        }
    }
}

/// One form of a tensor that a snapshot holds.
struct KeptForm {
    let slot: Int
    /// The step and the code of zero, where the form's values are whole multiples of one step.
    let grid: (scale: Float, zeroPoint: Int)?

    /// Bytes of one element.
    var elementSize: Int { grid == nil ? 4 : 1 }
}

extension TensorForms {
    /// What a snapshot holds: the values if they are kept, since copies can be made from them; else each copy.
    var kept: [KeptForm] {
        if let value {
            if case .tensor(let quantizer)? = stored {
                return [KeptForm(slot: value, grid: (quantizer.scale, quantizer.zeroPoint))]
            }
            return [KeptForm(slot: value, grid: nil)]
        }
        return copies.map { copy in
            // A copy under one scale holds codes less the zero point, not values.
            if let quantizer = copy.key.grid.commonQuantizer {
                return KeptForm(slot: copy.slot, grid: (1, quantizer.zeroPoint))
            }
            return KeptForm(slot: copy.slot, grid: nil)
        }
    }
}

internal import CKernels
internal import Net

/// A tensor of a run, kept for another run and put back.
extension Execution {
    /// What a tensor holds now, as long as its memory is not used for another.
    func snapshot(of tensor: TensorID, images: Int) -> Snapshot {
        Snapshot(
            images: images,
            forms: (program.forms[tensor]?.kept ?? []).map { form in
                switch memory[form.slot] {
                case .codes(let map): map.withCodes(of: 0..<images) { .codes(Array($0)) }
                case .floats(let map):
                    map.withFloats(of: 0..<images) { floats in
                        guard let grid = form.grid else { return .floats(Array(floats)) }
                        return .codes(
                            [UInt8](unsafeUninitializedCapacity: floats.count) { codes, count in
                                nk_encode(
                                    floats.baseAddress, codes.baseAddress, floats.count, 1 / grid.scale,
                                    Float(grid.zeroPoint))
                                count = floats.count
                            })
                    }
                }
            })
    }

    /// Puts back what a snapshot of the same tensor holds.
    func restore(_ snapshot: Snapshot, of tensor: TensorID, images: Int) {
        guard let tensorForms = program.forms[tensor] else { return }
        memory.claim(tensor, 0..<images)
        for (form, values) in zip(tensorForms.kept, snapshot.forms) {
            switch (memory[form.slot], values) {
            case (.codes(let map), .codes(let codes)):
                map.withCodes(of: 0..<images) { _ = $0.update(fromContentsOf: codes) }
            case (.floats(let map), .floats(let kept)):
                map.withFloats(of: 0..<images) { _ = $0.update(fromContentsOf: kept) }
            case (.floats(let map), .codes(let codes)):
                let grid = form.grid ?? (1, 0)
                map.withFloats(of: 0..<images) { floats in
                    nk_decode(codes, floats.baseAddress, codes.count, grid.scale, Float(grid.zeroPoint))
                }
            case (.codes, .floats): preconditionFailure("a map of codes has a grid")
            }
        }
        if tensorForms.value != nil { makeCopies(of: tensor, 0..<images) }
    }
}

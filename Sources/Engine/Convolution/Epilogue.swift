internal import CKernels

/// What happens to the sums of a layer before they are stored; prepared once per layer and setting.
///
/// For output channel c of each pixel p:
///
///     value  = (acc + window[p] * offset[c]) * scale[c] + bias[c] + addend[p, c] * addendScale
///     value  = activation(value)
///     output = value, or value rounded to a grid      (for each output)
///
/// Where only one grid is stored, and what is made from it, all of it is computed in units of that grid: scale, bias and
/// addendScale are multiplied by its inverse scale beforehand. Products are fused with the additions where the level can.
/// `window` is the sum of the layer's input over the window of the output (and over the channels of its group); it is
/// computed only when `offset` is given.
///
/// With activations stored as codes minus zero point (scale s_x) and weights as codes (scale s_c, zero point z_c),
/// acc = sum x q and window = sum x, so scale = s_x s_c and offset = -z_c give s_x s_c sum x (q - z_c).
public struct Epilogue: Sendable {
    /// One stored result.
    public enum Output: Hashable, Sendable {
        /// The value itself.
        case real
        /// The value rounded to a grid.
        case quantized(StorageGrid)
        /// What output `source` (an earlier one) stores, rounded to another grid: a requantized copy.
        case requantized(StorageGrid, source: Int)
    }

    /// Output channels.
    public let channels: Int
    /// The function before storing.
    public let activation: Activation
    /// The factor of the addend map's elements.
    public let addendScale: Float
    /// The stored results, at most four.
    public let outputs: [Output]
    /// Whether window sums take part.
    public let usesWindowSums: Bool

    /// The function that the kernels apply: none where rounding to the grids implies it.
    private let appliedActivation: Activation
    /// The inverse scale that all factors contain; `nil` where values stay real.
    private let unit: Float?
    private let table: AlignedArray<Float>
    /// For each output 256 codes: what it stores for each code of its source, where both are maps of codes.
    private let codesOfCodes: AlignedArray<UInt8>
    private let forms: [OutputForm]

    /// What the kernels are told of an output beside its map; without references, since every call reads it.
    private struct OutputForm: Sendable {
        let isQuantized: Bool
        let source: Int32
        let isShifted: Bool
        let comesInUnits: Bool
        let storesUnits: Bool
        let isLookedUp: Bool
    }

    /// The most results an epilogue can store.
    public static let maximumOutputs = NKMaximumOutputs

    /// Creates an epilogue for `channels` channels.
    ///
    /// Per-channel parameters have one value per channel, or one for all.
    public init(
        channels: Int, scale: [Float] = [1], bias: [Float] = [0], offset: [Float]? = nil, addendScale: Float = 1,
        activation: Activation = .none, outputs: [Output] = [.real]
    ) {
        precondition(!outputs.isEmpty && outputs.count <= Self.maximumOutputs, "one to four outputs")
        self.channels = channels
        self.activation = activation
        appliedActivation = Self.isImplied(activation, by: outputs) ? .none : activation
        let unit =
            appliedActivation == .none ? Self.unit(of: outputs, for: [scale, bias, [addendScale]].joined()) : nil
        self.unit = unit
        self.addendScale = addendScale
        self.outputs = outputs
        usesWindowSums = offset != nil

        var rows = [scale, bias].map { row in unit.map { unit in row.map { $0 * unit } } ?? row }
        rows.append(offset ?? [0])
        for (index, output) in outputs.enumerated() {
            switch output {
            case .real:
                rows += Array(repeating: [0], count: NKRowsPerOutput)
            case .quantized(let grid):
                rows += [unit == nil ? grid.inverseScale : [1], grid.low, grid.high, grid.step]
            case .requantized(let grid, let source):
                precondition((0..<index).contains(source), "the source is an earlier output")
                rows += [grid.inverseScale, grid.low, grid.high, grid.step]
            }
        }
        table = Self.table(rows: rows, channels: channels)
        let tables = outputs.map { output -> [UInt8]? in
            guard case .requantized(let grid, let source) = output else { return nil }
            return outputs[source].grid.flatMap(grid.codesOfCodes)
        }
        codesOfCodes = AlignedArray(count: outputs.count * 256) { codes in
            for (index, table) in tables.enumerated() {
                for (code, result) in (table ?? []).enumerated() { codes[index * 256 + code] = result }
            }
        }
        forms = zip(outputs, tables).map { output, table in
            let source = if case .requantized(_, let source) = output { source } else { Int(NKSourceValue) }
            return OutputForm(
                isQuantized: output.grid != nil, source: Int32(source), isShifted: output.grid?.isShifted ?? false,
                comesInUnits: unit != nil && source == NKSourceValue, storesUnits: output.grid?.step == [1],
                isLookedUp: table != nil)
        }
    }

    /// Whether every output is rounded to a grid that ends where the activation does, or before: a rectifier, for one,
    /// before a grid whose lowest value is 0.
    private static func isImplied(_ activation: Activation, by outputs: [Output]) -> Bool {
        guard case .clamp(let low, let high) = activation else { return false }
        return outputs.allSatisfy { output in
            switch output {
            case .real: return false
            case .requantized: return true
            case .quantized(let grid):
                let channels = max(grid.inverseScale.count, grid.low.count, grid.high.count)
                return (0..<channels).allSatisfy { channel in
                    func of(_ row: [Float]) -> Float { row.count == 1 ? row[0] : row[channel] }
                    let scale = of(grid.inverseScale)
                    // What the activation cuts off is rounded to the end of the grid as well.
                    return scale > 0 && low * scale < of(grid.low) + 0.5 && high * scale > of(grid.high) - 0.5
                }
            }
        }
    }

    /// The factor that makes values units of the one grid that is stored; `nil` if there are several or it has several
    /// scales, or if a factor would leave the range of numbers.
    private static func unit(of outputs: [Output], for factors: some Sequence<Float>) -> Float? {
        guard case .quantized(let grid) = outputs[0], grid.inverseScale.count == 1 else { return nil }
        let unit = grid.inverseScale[0]
        let isOnly = outputs.dropFirst().allSatisfy { if case .requantized = $0 { true } else { false } }
        let isExact = factors.allSatisfy { $0 == 0 || ($0 * unit).isNormal }
        return unit > 0 && isOnly && isExact ? unit : nil
    }

    /// [block][row][16] per-channel values of the rows; unused lanes are zero.
    private static func table(rows: [[Float]], channels: Int) -> AlignedArray<Float> {
        let lanes = MapLayout.lanes
        let blocks = (channels + lanes - 1) / lanes
        return AlignedArray(count: blocks * rows.count * lanes) { table in
            for (index, row) in rows.enumerated() {
                precondition(row.count == 1 || row.count == channels, "one value per channel, or one for all")
                for channel in 0..<channels {
                    let vector = channel / lanes * rows.count + index
                    table[vector * lanes + channel % lanes] = row.count == 1 ? row[0] : row[channel]
                }
            }
        }
    }

    /// Calls `body` with the kernels' form of this epilogue on maps seen through `view`.
    func withKernelForm<Result, Failure>(
        _ maps: EpilogueMaps, view: (StoredMap) -> NKMap,
        _ body: (NKEpilogue) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let form = kernelForm(maps, view: view)
        return try table.withElements { (floats) throws(Failure) -> Result in
            try codesOfCodes.withElements { (codes) throws(Failure) -> Result in
                var form = form
                form.table = floats
                withUnsafeMutableBytes(of: &form.outputs) { bytes in
                    let slots = bytes.bindMemory(to: NKOutput.self)
                    for (index, form) in forms.enumerated() where form.isLookedUp {
                        slots[index].codeOfCode = codes + index * 256
                    }
                }
                return try body(form)
            }
        }
    }

    private func kernelForm(_ maps: EpilogueMaps, view: (StoredMap) -> NKMap) -> NKEpilogue {
        precondition(maps.outputs.count == outputs.count, "a map for each output")
        let activation = appliedActivation.kernelForm
        var form = NKEpilogue()
        form.tableRows = NKRowOutputs + outputs.count * NKRowsPerOutput
        form.channels = Int32(channels)
        form.addendScale = addendScale * (unit ?? 1)
        form.activation = activation.kind
        form.a = activation.a
        form.b = activation.b
        if let addend = maps.addend { form.addend = view(addend) }
        form.outputCount = Int32(forms.count)
        withUnsafeMutableBytes(of: &form.outputs) { bytes in
            let slots = bytes.bindMemory(to: NKOutput.self)
            for (index, output) in forms.enumerated() {
                slots[index] = NKOutput(
                    map: view(maps.outputs[index]), quantized: output.isQuantized, source: output.source,
                    codeOfCode: nil, isShifted: output.isShifted, comesInUnits: output.comesInUnits,
                    storesUnits: output.storesUnits)
            }
        }
        return form
    }
}

extension Epilogue.Output {
    /// The grid of the result, `nil` for real values.
    fileprivate var grid: StorageGrid? {
        switch self {
        case .real: nil
        case .quantized(let grid), .requantized(let grid, _): grid
        }
    }
}

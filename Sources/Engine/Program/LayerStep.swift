internal import Net
internal import Quant

/// Where one layer of a program reads and writes, and what happens to its sums, found once; a class for `PreparedLayer`'s reason.
final class LayerStep: Sendable {
    let input: Int
    /// The slots of the epilogue's outputs.
    let outputs: [Int]
    /// The slot of the addend's values, and what one unit of its codes stands for.
    let addend: (slot: Int, step: Float)?
    let epilogue: Epilogue

    init(
        _ layer: Layer, _ copy: TensorForms.Copy, _ forms: [TensorID: TensorForms],
        _ factors: (scale: [Float], offset: [Float]?), _ activation: Activation
    ) {
        guard let input = forms[layer.input], let output = forms[layer.output] else {
            preconditionFailure("a layer without memory")
        }
        self.input = input.slot(for: copy)
        let stored = Program.outputs(of: output)
        outputs = stored.slots
        epilogue = Epilogue(
            channels: layer.outputChannels, scale: factors.scale, bias: layer.bias, offset: factors.offset,
            activation: activation, outputs: stored.outputs)
        addend = layer.addend.map { tensor in
            guard let form = forms[tensor], let slot = form.value else {
                preconditionFailure("values that are not kept")
            }
            return (slot, form.storedStep)
        }
    }
}

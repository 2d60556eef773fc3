internal import Net
internal import Quant

/// Where one layer of a program reads and writes, found once.
struct LayerStep: Sendable {
    let input: Int
    /// The slots of the epilogue's outputs.
    let outputs: [Int]
    /// The slot of the addend's values, and what one unit of its codes stands for.
    let addend: (slot: Int, step: Float)?

    init(_ layer: Layer, _ copy: TensorForms.Copy, _ forms: [TensorID: TensorForms]) {
        guard let input = forms[layer.input], let output = forms[layer.output] else {
            preconditionFailure("a layer without memory")
        }
        self.input = input.slot(for: copy)
        outputs = Program.outputs(of: output).slots
        addend = layer.addend.map { tensor in
            guard let form = forms[tensor], let slot = form.value else {
                preconditionFailure("values that are not kept")
            }
            return (slot, form.storedStep)
        }
    }
}

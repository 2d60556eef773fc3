internal import CKernels

extension Epilogue {
    /// Applies this epilogue to stored maps, whose elements take the place of a layer's sums.
    ///
    /// Batch normalization, activations, additions and the quantization of net inputs and pool results are all this.
    /// Each output, and the addend, may be the input itself. There are no window sums.
    public func apply(to input: FeatureMap, images: Range<Int>, maps: EpilogueMaps, isa: InstructionSet) {
        apply(to: .floats(input), images: images, maps: maps, isa: isa)
    }

    /// The same for a map that may hold codes, whose values take the place of the sums.
    func apply(to input: StoredMap, images: Range<Int>, maps: EpilogueMaps, isa: InstructionSet) {
        let layout = input.layout
        precondition(
            layout.channels == channels && !usesWindowSums, "an epilogue for this map, without window sums")
        precondition(input.holds(images), "images outside the input")
        maps.check(channels: channels, height: layout.height, width: layout.width, images: images)
        let tile = NKTile(
            firstBlock: 0, endBlock: Int32(layout.blocks), firstRow: 0, endRow: Int32(layout.height),
            pixels: Int32(layout.width))
        for image in images {
            withKernelForm(maps, view: { $0.view(image: image) }) { form in
                var form = form
                nk_apply(isa.level, input.view(image: image), tile, &form)
            }
        }
    }
}

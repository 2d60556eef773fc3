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
        guard !images.isEmpty else { return }
        let tile = NKTile(
            firstImage: 0, endImage: Int32(images.count), firstBlock: 0, endBlock: Int32(layout.blocks),
            firstRow: 0, endRow: Int32(layout.height),
            pixels: Int32(layout.width))
        withKernelForm(maps, view: { $0.view(image: images.lowerBound) }) { form in
            var form = form
            nk_apply(isa.level, input.view(image: images.lowerBound), tile, &form)
        }
    }
}

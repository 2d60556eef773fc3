/// Conversion from and to the planar order of files and of the outside world: [image][channel][y][x] without halo.
extension FeatureMap {
    /// Fills `images` from planar values.
    public func load(planar values: [Float], into images: Range<Int>) {
        values.withUnsafeBufferPointer { load(planar: $0, into: images) }
    }

    /// Fills `images` from planar values.
    public func load(planar values: UnsafeBufferPointer<Float>, into images: Range<Int>) {
        precondition(values.count == images.count * layout.elements, "as many values as the images have elements")
        let pixels = layout.height * layout.width
        withFloats(of: images) { floats in
            for image in 0..<images.count {
                for block in 0..<layout.blocks {
                    let firstChannel = block * MapLayout.lanes
                    let lanes = min(MapLayout.lanes, layout.channels - firstChannel)
                    let source = (image * layout.channels + firstChannel) * pixels
                    for y in 0..<layout.height {
                        let row = layout.offset(image: image, block: block, y: y, x: 0)
                        for lane in 0..<lanes {
                            let plane = source + lane * pixels + y * layout.width
                            for x in 0..<layout.width {
                                floats[row + x * layout.pixelStride + lane] = values[plane + x]
                            }
                        }
                    }
                }
            }
        }
    }

    /// The values of `images` in planar order.
    public func planar(_ images: Range<Int>) -> [Float] {
        let pixels = layout.height * layout.width
        let count = images.count * layout.elements
        return withFloats(of: images) { floats in
            [Float](unsafeUninitializedCapacity: count) { values, initialized in
                for image in 0..<images.count {
                    for channel in 0..<layout.channels {
                        let plane = (image * layout.channels + channel) * pixels
                        let block = channel / MapLayout.lanes
                        for y in 0..<layout.height {
                            let row =
                                layout.offset(image: image, block: block, y: y, x: 0) + channel % MapLayout.lanes
                            for x in 0..<layout.width {
                                values[plane + y * layout.width + x] = floats[row + x * layout.pixelStride]
                            }
                        }
                    }
                }
                initialized = count
            }
        }
    }
}

package import CKernels

extension FeatureMap {
    /// What the kernels see from the first pixel of an image's block on.
    package func view(image: Int, block: Int) -> NKMap {
        NKMap(
            origin: base + layout.offset(image: image, block: block, y: 0, x: 0), codes: nil, zeroPoint: 0, step: 0,
            imageStride: layout.imageStride, blockStride: layout.blockStride, rowStride: layout.rowStride,
            pixelStride: layout.pixelStride)
    }
}

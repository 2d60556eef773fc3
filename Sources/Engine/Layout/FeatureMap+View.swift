package import CKernels

extension FeatureMap {
    /// What the kernels see from the first pixel of an image's block on.
    package func view(image: Int, block: Int) -> NKMap { StoredMap.floats(self).view(image: image, block: block) }
}

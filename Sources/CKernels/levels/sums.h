// Sums of inputs over windows: channel sums of a map, then a box filter over the plane.

static void NK_NAME(channelSums)(NKMap map, int blocks, int height, int width, float *sums) {
    for (int row = 0; row < height; row++)
        for (int x = 0; x < width; x++) {
            nk_floats sum = NK_NAME(broadcast)(0.0f);
            for (int block = 0; block < blocks; block++)
                sum += NK_NAME(load)(map.origin + block * map.blockStride + row * map.rowStride + x * map.pixelStride);
            // Halving: a fixed order that needs no horizontal instruction.
            const nk_half_floats eight = sum.lo + sum.hi;
            const nk_quarter_floats four = eight.lo + eight.hi;
            sums[row * width + x] = (four.x + four.z) + (four.y + four.w);
        }
}

/// The plane position outermost, so that the loop over pixels is the one that becomes vectors.
NK_INLINE void NK_NAME(addWindows)(
    const ptrdiff_t pixelStep, const NKInput *plane, int kernelHeight, int kernelWidth, int y, int width,
    float *restrict sums) {
    for (int x = 0; x < width; x++) sums[x] = 0.0f;
    for (int i = 0; i < kernelHeight; i++)
        for (int j = 0; j < kernelWidth; j++) {
            const float *restrict source =
                plane->origin + y * plane->outputRowStep + i * plane->kernelRowStep + j * plane->kernelColumnStep;
            for (int x = 0; x < width; x++) sums[x] += source[x * pixelStep];
        }
}

/// Sixteen neighbouring windows in a register.
NK_INLINE void NK_NAME(addSixteen)(
    const NKInput *plane, int kernelHeight, int kernelWidth, const float *source, float *sums) {
    nk_floats sum = NK_NAME(broadcast)(0.0f);
    for (int i = 0; i < kernelHeight; i++)
        for (int j = 0; j < kernelWidth; j++)
            sum += NK_NAME(load)(source + i * plane->kernelRowStep + j * plane->kernelColumnStep);
    NK_NAME(store)(sums, sum);
}

static void NK_NAME(boxSums)(NKInput plane, int kernelHeight, int kernelWidth, int height, int width, float *sums) {
    for (int y = 0; y < height; y++) {
        float *row = sums + y * width;
        if (plane.outputPixelStep != 1) {
            NK_NAME(addWindows)(plane.outputPixelStep, &plane, kernelHeight, kernelWidth, y, width, row);
            continue;
        }
        const float *source = plane.origin + y * plane.outputRowStep;
        int x = 0;
        for (; x + NKLanes <= width; x += NKLanes)
            NK_NAME(addSixteen)(&plane, kernelHeight, kernelWidth, source + x, row + x);
        NKInput rest = plane;
        rest.origin += x;
        if (x < width) NK_NAME(addWindows)(1, &rest, kernelHeight, kernelWidth, y, width - x, row + x);
    }
}

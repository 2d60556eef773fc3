// Sums of inputs over windows: channel sums of a map, then a box filter over the plane.

/// Channel sums of codes less their zero points. A sum of sixteen bytes is one instruction on x86, which the compiler finds.
static void NK_NAME(codeChannelSums)(const NKMap *map, int blocks, int height, int width, float *sums) {
    const int zero = (int)map->zeroPoint * NKLanes * blocks;
    for (int row = 0; row < height; row++)
        for (int x = 0; x < width; x++) {
            const uint8_t *codes = map->codes + row * map->rowStride + x * map->pixelStride;
            int sum = -zero;
            for (int block = 0; block < blocks; block++)
                sum += __builtin_reduce_add(
                    __builtin_convertvector(*(const nk_bytes *)(codes + block * map->blockStride), nk_shorts));
            sums[row * width + x] = (float)sum;
        }
}

static void NK_NAME(channelSums)(NKMap map, int blocks, int height, int width, float *sums) {
    if (map.codes != NULL) {
        NK_NAME(codeChannelSums)(&map, blocks, height, width, sums);
        return;
    }
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

static void NK_NAME(boxSums)(NKInput plane, int kernelHeight, int kernelWidth, int height, int width, float *sums) {
    for (int y = 0; y < height; y++)
        if (plane.outputPixelStep == 1)
            NK_NAME(addWindows)(1, &plane, kernelHeight, kernelWidth, y, width, sums + y * width);
        else
            NK_NAME(addWindows)(
                plane.outputPixelStep, &plane, kernelHeight, kernelWidth, y, width, sums + y * width);
}

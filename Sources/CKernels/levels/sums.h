// Sums of inputs over windows: channel sums of a map, then a box filter over the plane.

#if NK_WEIGHT_LAYOUT_BYTES
/// Codes of four pixels of all blocks: a sum for each four channels of each pixel.
NK_INLINE nk_ints NK_NAME(sumOfFours)(const uint8_t *codes, ptrdiff_t blockStride, int blocks) {
    nk_ints sum = (nk_ints)(0);
    for (int block = 0; block < blocks; block++)
        sum = NK_BYTE_PRODUCTS(sum, *(const nk_ints *)(codes + block * blockStride), (nk_ints)(0x01010101));
    return sum;
}

/// nk_channel_sums for codes, sixteen neighbouring pixels at a time.
static void NK_NAME(codeChannelSums)(const NKMap *map, int blocks, int height, int width, float *sums) {
    NKMap rest = *map;
    const int whole = map->pixelStride == NKLanes ? width / NKLanes * NKLanes : 0;
    const nk_ints zero = (nk_ints)((int)map->zeroPoint * NKLanes * blocks);
    for (int row = 0; row < height; row++)
        for (int x = 0; x < whole; x += NKLanes) {
            const uint8_t *codes = map->codes + row * map->rowStride + x * NKLanes;
            nk_ints sum[4];
            NK_UNROLL for (int i = 0; i < 4; i++)
                sum[i] = NK_NAME(sumOfFours)(codes + 4 * i * NKLanes, map->blockStride, blocks);
            // Twice neighbours are added: of four sums for a pixel one is left.
            const nk_ints low = __builtin_shufflevector(
                sum[0], sum[1], 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
                + __builtin_shufflevector(sum[0], sum[1], 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
            const nk_ints high = __builtin_shufflevector(
                sum[2], sum[3], 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
                + __builtin_shufflevector(sum[2], sum[3], 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
            const nk_ints total = __builtin_shufflevector(
                low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
                + __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
            NK_NAME(store)(sums + row * width + x, __builtin_convertvector(total - zero, nk_floats));
        }
    rest.codes += whole * map->pixelStride;
    if (whole < width) nk_code_channel_sums(&rest, blocks, height, width - whole, sums + whole, width);
}
#else
static void NK_NAME(codeChannelSums)(const NKMap *map, int blocks, int height, int width, float *sums) {
    nk_code_channel_sums(map, blocks, height, width, sums, width);
}
#endif

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

/// Sixteen or eight neighbouring windows in a register.
#define NK_ADD_NEIGHBOURS(name, Floats) \
    NK_INLINE void NK_NAME(name)( \
        const NKInput *plane, int kernelHeight, int kernelWidth, const float *source, float *sums) { \
        Floats sum = (Floats)(0.0f); \
        for (int i = 0; i < kernelHeight; i++) \
            for (int j = 0; j < kernelWidth; j++) \
                sum += *(const Floats *)(source + i * plane->kernelRowStep + j * plane->kernelColumnStep); \
        *(Floats *)sums = sum; \
    }
NK_ADD_NEIGHBOURS(addSixteen, nk_floats)
NK_ADD_NEIGHBOURS(addEight, nk_half_floats)
#undef NK_ADD_NEIGHBOURS

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
        for (; x + NKLanes / 2 <= width; x += NKLanes / 2)
            NK_NAME(addEight)(&plane, kernelHeight, kernelWidth, source + x, row + x);
        NKInput rest = plane;
        rest.origin += x;
        if (x < width) NK_NAME(addWindows)(1, &rest, kernelHeight, kernelWidth, y, width - x, row + x);
    }
}

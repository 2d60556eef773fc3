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

/// The sum of the halves of a vector in memory.
NK_INLINE nk_half_floats NK_NAME(bothHalves)(const float *source) {
    const nk_half_floats *halves = (const nk_half_floats *)source;
    return halves[0] + halves[1];
}

/// The sum of each of sixteen vectors, in their order: a transposition that adds as it goes, in a fixed order.
NK_INLINE void NK_NAME(sumsOfSixteen)(const nk_half_floats vectors[16], float *sums) {
#define NK_ADD_SHUFFLED(a, b, first, second) \
    (__builtin_shufflevector(a, b, first) + __builtin_shufflevector(a, b, second))
#define NK_LIST(...) __VA_ARGS__
    nk_half_floats pairs[8], fours[4];
    NK_UNROLL for (int i = 0; i < 8; i++) pairs[i] = NK_ADD_SHUFFLED(
        vectors[2 * i], vectors[2 * i + 1], NK_LIST(0, 8, 1, 9, 4, 12, 5, 13), NK_LIST(2, 10, 3, 11, 6, 14, 7, 15));
    // Both halves then hold what their lanes add up to, for four vectors.
    NK_UNROLL for (int i = 0; i < 4; i++) fours[i] = NK_ADD_SHUFFLED(
        pairs[2 * i], pairs[2 * i + 1], NK_LIST(0, 1, 8, 9, 4, 5, 12, 13), NK_LIST(2, 3, 10, 11, 6, 7, 14, 15));
    NK_UNROLL for (int i = 0; i < 2; i++) *(nk_half_floats *)(sums + 8 * i) = NK_ADD_SHUFFLED(
        fours[2 * i], fours[2 * i + 1], NK_LIST(0, 1, 2, 3, 8, 9, 10, 11), NK_LIST(4, 5, 6, 7, 12, 13, 14, 15));
#undef NK_LIST
#undef NK_ADD_SHUFFLED
}

static void NK_NAME(channelSums)(NKMap map, int blocks, int height, int width, float *sums) {
    if (map.codes != NULL) {
        NK_NAME(codeChannelSums)(&map, blocks, height, width, sums);
        return;
    }
    // Rows that follow one another are one.
    if (map.rowStride == width * map.pixelStride) {
        width *= height;
        height = 1;
    }
    for (int row = 0; row < height; row++)
        for (int x = 0; x < width; x += NKLanes) {
            const float *pixel = map.origin + row * map.rowStride + x * map.pixelStride;
            float *target = sums + row * width + x;
            const int count = width - x < NKLanes ? width - x : NKLanes;
            nk_half_floats pixels[16] = {};
            for (int block = 0; block < blocks; block++, pixel += map.blockStride) {
                if (count == NKLanes)
                    NK_UNROLL for (int p = 0; p < 16; p++)
                        pixels[p] += NK_NAME(bothHalves)(pixel + p * map.pixelStride);
                else
                    for (int p = 0; p < count; p++) pixels[p] += NK_NAME(bothHalves)(pixel + p * map.pixelStride);
            }
            if (count == NKLanes) {
                NK_NAME(sumsOfSixteen)(pixels, target);
            } else {
                float rest[16];
                NK_NAME(sumsOfSixteen)(pixels, rest);
                for (int p = 0; p < count; p++) target[p] = rest[p];
            }
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

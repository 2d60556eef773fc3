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
    // Rows that follow one another are one.
    if (map->rowStride == width * map->pixelStride) {
        width *= height;
        height = 1;
    }
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

/// Sums over windows of `width` outputs of one row: of columns first, then of neighbouring columns' sums, which wait in
/// `columns` for it.
NK_INLINE void NK_NAME(addWindows)(
    const ptrdiff_t pixelStep, const NKInput *plane, int kernelHeight, int kernelWidth, const float *source, int width,
    float *restrict columns, float *restrict sums) {
    const ptrdiff_t span = (width - 1) * pixelStep + (kernelWidth - 1) * plane->kernelColumnStep + 1;
    for (int i = 0; i < kernelHeight; i++) {
        const float *restrict row = source + i * plane->kernelRowStep;
        if (i == 0)
            for (ptrdiff_t x = 0; x < span; x++) columns[x] = row[x];
        else
            for (ptrdiff_t x = 0; x < span; x++) columns[x] += row[x];
    }
    for (int x = 0; x < width; x++) sums[x] = columns[x * pixelStep];
    for (int j = 1; j < kernelWidth; j++) {
        const float *restrict column = columns + j * plane->kernelColumnStep;
        for (int x = 0; x < width; x++) sums[x] += column[x * pixelStep];
    }
}

/// 3x3 windows of sixteen or eight neighbouring outputs, row after row: each row's sums serve three outputs.
#define NK_ADD_NEIGHBOURS(name, Floats) \
    NK_INLINE void NK_NAME(name)(const float *source, ptrdiff_t rowStep, int height, int width, float *sums) { \
        Floats above = (Floats)(0.0f), middle = above; \
        for (int y = 0; y < height + 2; y++, source += rowStep) { \
            const Floats row = *(const Floats *)source + *(const Floats *)(source + 1) + *(const Floats *)(source + 2); \
            if (y >= 2) *(Floats *)(sums + (y - 2) * width) = above + middle + row; \
            above = middle; \
            middle = row; \
        } \
    }
NK_ADD_NEIGHBOURS(addSixteen, nk_floats)
NK_ADD_NEIGHBOURS(addEight, nk_half_floats)
#undef NK_ADD_NEIGHBOURS

static void NK_NAME(boxSums)(NKInput plane, int kernelHeight, int kernelWidth, int height, int width, float *sums) {
    const bool isThree = kernelHeight == 3 && kernelWidth == 3 && plane.outputPixelStep == 1
        && plane.kernelColumnStep == 1 && plane.kernelRowStep == plane.outputRowStep;
    if (isThree && width >= NKLanes / 2) {
        // The last strip starts early enough to be whole, and computes some outputs again.
        const int strip = width >= NKLanes ? NKLanes : NKLanes / 2;
        for (int done = 0; done < width; done += strip) {
            const int x = done + strip <= width ? done : width - strip;
            if (strip == NKLanes)
                NK_NAME(addSixteen)(plane.origin + x, plane.outputRowStep, height, width, sums + x);
            else
                NK_NAME(addEight)(plane.origin + x, plane.outputRowStep, height, width, sums + x);
        }
        return;
    }
    enum { room = 1024 };
    float columns[room];
    const ptrdiff_t step = plane.outputPixelStep, kernelSpan = (kernelWidth - 1) * plane.kernelColumnStep + 1;
    // A window wider than the buffer is summed by columns of its kernel, whose sums are added up.
    const int kernelPart = kernelSpan <= room ? kernelWidth : 1;
    const ptrdiff_t left = room - (kernelPart == 1 ? 1 : kernelSpan);
    const int most = (int)(left / step) + 1;
    float part[room];
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x += most) {
            const int count = width - x < most ? width - x : most;
            float *target = sums + y * width + x;
            for (int j = 0; j < kernelWidth; j += kernelPart) {
                const float *source =
                    plane.origin + y * plane.outputRowStep + x * step + j * plane.kernelColumnStep;
                float *result = j == 0 ? target : part;
                if (step == 1)
                    NK_NAME(addWindows)(1, &plane, kernelHeight, kernelPart, source, count, columns, result);
                else if (step == 2)
                    NK_NAME(addWindows)(2, &plane, kernelHeight, kernelPart, source, count, columns, result);
                else
                    NK_NAME(addWindows)(step, &plane, kernelHeight, kernelPart, source, count, columns, result);
                for (int i = 0; j > 0 && i < count; i++) target[i] += part[i];
            }
        }
}

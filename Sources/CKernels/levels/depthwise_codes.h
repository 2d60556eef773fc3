// Depthwise convolution of codes by products of bytes: a step multiplies four columns of a kernel row at once.
//
// An instruction adds four neighbouring products into each lane. The four bytes of a lane are one channel's codes of
// four columns, which lie 16 bytes apart in a map, so each vector of codes is turned before it is multiplied. A kernel
// row of three columns leaves the fourth byte free: the same vector serves the next pixel too, with the weights moved up.

/// Sixty-four codes.
typedef uint8_t NK_NAME(Codes) __attribute__((ext_vector_type(64), aligned(1)));

/// What the loops below know of a layer when they are compiled.
typedef struct {
    /// Kernel columns are neighbours in memory, so that four of them are one load.
    bool dense;
    /// Pixels are neighbours too and a kernel row has at most three columns, so that two pixels share each vector.
    bool pairs;
    /// The codes of each window are summed as well.
    bool windows;
    /// Bytes hold the sums of a window's columns, whose kernel rows have at most four.
    bool bytes;
    /// The processor turns a vector with one instruction.
    bool permutes;
} NK_NAME(DepthwiseKind);

/// Codes of four columns from `codes` on, `step` apart, of which `count` exist: [16 channels][4 columns].
NK_INLINE nk_ints NK_NAME(fourColumns)(
    const bool dense, const bool permutes, const uint8_t *codes, ptrdiff_t step, int count) {
    nk_ints columns;
    if (dense) {
        columns = *(const nk_ints *)codes;
    } else {
        // Beyond the last column is its repetition, for weights of zero.
        NK_UNROLL for (int j = 0; j < 4; j++)
            __builtin_memcpy((char *)&columns + j * NKLanes, codes + (j < count ? j : count - 1) * step, NKLanes);
    }
    return permutes ? NK_PERMUTE_BYTES(columns) : NK_TURN_BYTES(columns);
}

/// Where the sums of a row's pixels go: to the buffers, or straight to codes if `direct` has an output.
typedef struct {
    float *sums, *windowSums;
    NK_NAME(CodeDirect) direct;
} NK_NAME(DepthwiseTarget);

/// Sums of `pixels` pixels from `done` on, the last of which need not exist; the fourth columns that a pair reads may lie beyond the row, where their weight is zero.
NK_INLINE void NK_NAME(slideCodes)(
    const int pixels, const NK_NAME(DepthwiseKind) kind, const NKCodeConvolution *layer, const NKInput *input,
    const uint8_t *source, const int8_t *weights, nk_ints start, NK_NAME(Positions) rows, int done, int count,
    const NK_NAME(DepthwiseTarget) *target) {
    const int groups = (layer->kernelWidth + 3) / 4, apart = kind.pairs ? 2 : 1;
    const ptrdiff_t columnStep = kind.dense ? NKLanes : input->kernelColumnStep;
    const ptrdiff_t pixelStep = kind.pairs ? NKLanes : input->outputPixelStep;
    const nk_ints windowStart = (nk_ints)(-layer->zeroPoint * layer->kernelHeight * layer->kernelWidth);
    nk_ints sum[8], windowSum[8], columnSum[8];
    NK_UNROLL for (int p = 0; p < pixels; p++) {
        sum[p] = start;
        windowSum[p] = windowStart;
        columnSum[p] = (nk_ints)(0);
    }
    const nk_ints all = (nk_ints)((int)(0x01010101u >> (32 - 8 * (layer->kernelWidth < 4 ? layer->kernelWidth : 4))));
    weights += rows.first * groups * layer->parts * NK_NAME(stepBytes);
    for (int row = rows.first; row < rows.end; row++)
        for (int group = 0; group < groups; group++) {
            const int left = layer->kernelWidth - 4 * group, count = left < 4 ? left : 4;
            const nk_ints ones = (nk_ints)((int)(0x01010101u >> (32 - 8 * count)));
            const uint8_t *position = source + row * input->kernelRowStep + 4 * group * columnStep;
            nk_ints columns[8];
            NK_UNROLL for (int p = 0; p < pixels; p += apart) {
                columns[p] = NK_NAME(fourColumns)(
                    kind.dense, kind.permutes, position + p * pixelStep, columnStep, count);
                if (kind.bytes) {
                    columnSum[p] = (nk_ints)((NK_NAME(Codes))columnSum[p] + (NK_NAME(Codes))columns[p]);
                    continue;
                }
                if (kind.windows) windowSum[p] = NK_BYTE_PRODUCTS(windowSum[p], columns[p], ones);
                if (kind.windows && kind.pairs)
                    windowSum[p + 1] = NK_BYTE_PRODUCTS(windowSum[p + 1], columns[p], ones << 8);
            }
            for (int part = 0; part < layer->parts; part++, weights += NK_NAME(stepBytes)) {
                const nk_ints weight = *(const nk_ints *)weights;
                NK_UNROLL for (int p = 0; p < pixels; p += apart) {
                    sum[p] = NK_BYTE_PRODUCTS(sum[p], columns[p], weight);
                    if (kind.pairs) sum[p + 1] = NK_BYTE_PRODUCTS(sum[p + 1], columns[p], weight << 8);
                }
            }
        }
    NK_UNROLL for (int p = 0; kind.bytes && p < pixels; p += apart) {
        windowSum[p] = NK_BYTE_PRODUCTS(windowSum[p], columnSum[p], all);
        if (kind.pairs) windowSum[p + 1] = NK_BYTE_PRODUCTS(windowSum[p + 1], columnSum[p], all << 8);
    }
    const nk_ints *windows = kind.windows ? windowSum : NULL;
    if (target->direct.output != NULL) {
        if (count == pixels) NK_NAME(storeCodesDirect)(pixels, 0, &target->direct, done, sum, windows);
        else NK_NAME(storeCodesDirect)(pixels - 1, 0, &target->direct, done, sum, windows);
        return;
    }
    float *sums = target->sums + done * NKLanes, *windowSums = target->windowSums + done * NKLanes;
    NK_UNROLL for (int p = 0; p < pixels; p++) {
        NK_NAME(store)(sums + p * NKLanes, __builtin_convertvector(sum[p], nk_floats));
        if (kind.windows)
            NK_NAME(store)(windowSums + p * NKLanes, __builtin_convertvector(windowSum[p], nk_floats));
    }
}

/// All pixels of a segment. With pairs an odd last pixel is computed with one that does not exist.
NK_INLINE void NK_NAME(slideCodeSegment)(
    const NK_NAME(DepthwiseKind) kind, const NKCodeConvolution *layer, const NKInput *input, const uint8_t *source,
    const int8_t *weights, nk_ints start, NK_NAME(Positions) rows, int pixels,
    const NK_NAME(DepthwiseTarget) *target) {
#define NK_SLIDE(most) \
    NK_NAME(slideCodes)( \
        most, kind, layer, input, source + done * input->outputPixelStep, weights, start, rows, done, \
        pixels - done < most ? pixels - done : most, target)
    int done = 0;
    for (; done + (kind.pairs ? 7 : 8) <= pixels; done += 8) NK_SLIDE(8);
    for (; done + (kind.pairs ? 3 : 4) <= pixels; done += 4) NK_SLIDE(4);
    for (; done < pixels; done += kind.pairs ? 2 : 1)
        if (kind.pairs) NK_SLIDE(2);
        else NK_SLIDE(1);
#undef NK_SLIDE
}

/// The sums of a segment of one row, by the loop for its kind.
static void NK_NAME(slideCodeRow)(
    const NKCodeConvolution *layer, const NKInput *input, const uint8_t *source, const int8_t *weights, nk_ints start,
    NK_NAME(Positions) rows, int pixels, const NK_NAME(DepthwiseTarget) *target) {
    const bool dense = input->kernelColumnStep == NKLanes, windows = layer->sumsWindows;
    const bool pairs = dense && input->outputPixelStep == NKLanes && layer->kernelWidth <= 3;
    const bool bytes = windows && layer->kernelWidth <= 4 && layer->kernelHeight * layer->largestInput <= 255;
    const bool permutes = NK_CAN_LOOK_UP();
#define NK_SEGMENT(dense, pairs, windows, bytes, permutes) \
    NK_NAME(slideCodeSegment)( \
        (NK_NAME(DepthwiseKind)){dense, pairs, windows, bytes, permutes}, layer, input, source, weights, start, rows, pixels, \
        target)
    if (pairs && bytes && permutes) NK_SEGMENT(true, true, true, true, true);
    else if (pairs && windows) NK_SEGMENT(true, true, true, false, false);
    else if (pairs) NK_SEGMENT(true, true, false, false, false);
    else if (dense && bytes && permutes) NK_SEGMENT(true, false, true, true, true);
    else if (dense && windows) NK_SEGMENT(true, false, true, false, false);
    else if (dense) NK_SEGMENT(true, false, false, false, false);
    else if (windows) NK_SEGMENT(false, false, true, false, false);
    else NK_SEGMENT(false, false, false, false, false);
#undef NK_SEGMENT
}

/// All rows of one block straight to codes.
NK_INLINE void NK_NAME(slideCodesDirect)(
    const NKCodeConvolution *layer, const NKInput *input, const NKTile *tile, int block, const int8_t *weights,
    nk_ints start, const NKEpilogue *epilogue, NK_NAME(DepthwiseTarget) *target) {
    const NKOutput *outputs = epilogue->outputs;
    target->direct.table = epilogue->table + block * target->direct.tableStride;
    for (int row = tile->firstRow; row < tile->endRow; row++) {
        target->direct.output = NK_NAME(codeRowOf)(&outputs[0].map, block, row, 0);
        target->direct.addend = NK_NAME(codeRowOf)(&epilogue->addend, block, row, 0);
        NK_NAME(slideCodeRow)(
            layer, input, input->codes + block * input->blockStride + row * input->outputRowStep, weights, start,
            NK_NAME(codeRows)(layer, input, row), tile->pixels, target);
        if (epilogue->outputCount == 2)
            NK_LOOK_UP(
                outputs[1].codeOfCode, target->direct.output, NK_NAME(codeRowOf)(&outputs[1].map, block, row, 0),
                tile->pixels * NKLanes);
    }
}

static void NK_NAME(convolveDepthwiseCodes)(
    const NKCodeConvolution *convolution, const NKInput *input, const NKTile *tile, const NKWindow *window,
    const NKEpilogue *epilogue) {
    // One pixel more than a segment: that of a pair which does not exist.
    enum { capacity = NK_NAME(segmentPixels), room = (capacity + 1) * NKLanes };
    __attribute__((aligned(64))) float sums[room], windowSums[room];
    NKWindow own = {.origin = windowSums, .blocksPerPlane = 1, .pixelStride = NKLanes, .perLane = true};
    if (convolution->sumsWindows) window = &own;
    const NKWindow none = {.origin = NULL};
    NK_NAME(DepthwiseTarget) target = {.direct = NK_NAME(codeDirect)(epilogue, &none)};
    const bool isDirect = target.direct.table != NULL;
    const NK_NAME(FinishFunction) finish = NK_NAME(finishFor)(epilogue, window);
    // Several short rows are finished together.
    const int rowsTogether = tile->pixels < capacity ? capacity / tile->pixels : 1;
    for (int block = tile->firstBlock; block < tile->endBlock; block++) {
        const nk_ints start = *(const nk_ints *)(convolution->weightSums + block * NKLanes)
            * (nk_ints)(-convolution->zeroPoint);
        const int8_t *weights = (const int8_t *)convolution->weights + convolution->blocks[block].weights;
        const uint8_t *corner = input->codes + block * input->blockStride;
        if (isDirect) {
            NK_NAME(slideCodesDirect)(convolution, input, tile, block, weights, start, epilogue, &target);
            continue;
        }
        for (int row = tile->firstRow; row < tile->endRow; row += rowsTogether) {
            const int rows = tile->endRow - row < rowsTogether ? tile->endRow - row : rowsTogether;
            for (int first = 0; first < tile->pixels; first += capacity) {
                const int pixels = tile->pixels - first < capacity ? tile->pixels - first : capacity;
                for (int i = 0; i < rows; i++) {
                    target.sums = sums + i * pixels * NKLanes;
                    target.windowSums = windowSums + i * pixels * NKLanes;
                    NK_NAME(slideCodeRow)(
                        convolution, input,
                        corner + (row + i) * input->outputRowStep + first * input->outputPixelStep, weights, start,
                        NK_NAME(codeRows)(convolution, input, row + i), pixels, &target);
                }
                // The buffer holds these rows and pixels only.
                own.rowStride = pixels * NKLanes;
                own.origin = windowSums - (row * pixels + first) * NKLanes;
                finish(epilogue, sums, block, row, rows, first, pixels, window);
            }
        }
    }
}

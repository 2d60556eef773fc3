// Convolution of 8-bit codes: the register tiles of convolution.h, four input channels at a step, in 32-bit integers.

/// Bytes of the weights of one block of outputs for four input channels.
enum { NK_NAME(stepBytes) = NK_WEIGHT_LAYOUT_BYTES ? 64 : 128 };

/// sum + the products of four codes with the weights at `weights`, which belong to sixteen outputs.
NK_INLINE nk_ints NK_NAME(multiplyFour)(nk_ints sum, nk_ints four, const int8_t *weights) {
#if NK_WEIGHT_LAYOUT_BYTES
    return NK_BYTE_PRODUCTS(sum, four, *(const nk_ints *)weights);
#else
    // In each pair of bytes the lower is a code of an even channel, the higher one of an odd channel.
    const nk_pairs bytes = (nk_pairs)four;
    const nk_pairs even = bytes & (nk_pairs)(0xff), odd = (nk_pairs)((nk_shortcodes)bytes >> (nk_shortcodes)(8));
    sum += NK_PAIR_PRODUCTS(even, *(const nk_pairs *)weights);
    return sum + NK_PAIR_PRODUCTS(odd, *(const nk_pairs *)(weights + 64));
#endif
}

/// Sums in 16-bit numbers of the products of four codes with weights in bytes, two for each output.
NK_INLINE nk_pairs NK_NAME(multiplyNarrow)(nk_pairs sum, nk_ints four, const int8_t *weights) {
#if defined(NK_NARROW_PRODUCTS)
    return sum + NK_NARROW_PRODUCTS((nk_pairs)four, *(const nk_pairs *)weights);
#else
    return sum;
#endif
}

/// sum + what 16-bit numbers hold of it.
NK_INLINE nk_ints NK_NAME(widen)(nk_ints sum, nk_pairs narrow) {
#if defined(NK_NARROW_PRODUCTS)
    return sum + NK_PAIR_PRODUCTS(narrow, (nk_pairs)(1));
#else
    return sum;
#endif
}

/// One or two blocks of outputs, and which kernel positions of a tile are multiplied.
typedef struct {
    const NKCodeConvolution *convolution;
    const NKInput *input;
    int block;
    /// From the weights of the first block to those of the second, and from its sums.
    ptrdiff_t weightStride, sumStride;
    NK_NAME(Positions) rows;
    /// Those of the tile's first pixel that do not lie to the left of the input, and of its last not to the right.
    NK_NAME(Positions) columns;
    /// The weights of the blocks after these.
    NK_NAME(Ahead) ahead;
#if defined(NK_PACK_SOME_UNITS)
    /// Where codes go from the registers, with the tile's first pixel; a row without `output` goes to the sums.
    NK_NAME(CodeDirect) direct;
    int pixel;
#endif
} NK_NAME(CodeWork);

/// The sums of a tile. With `narrowSteps` products gather in 16-bit numbers, which are added to the sums after so many
/// steps, before they can overflow.
typedef struct {
    nk_ints sum[NK_CODE_BLOCKS][NK_CODE_PIXELS];
    nk_pairs narrow[NK_CODE_BLOCKS][NK_CODE_PIXELS];
    int narrowLeft;
} NK_NAME(CodeSums);

/// Adds the products of one kernel position for the pixels from..<to: `lanes` input channels.
NK_INLINE void NK_NAME(multiplyCodeLanes)(
    const bool isNarrow, const int from, const int to, const int blocks, const ptrdiff_t pixelStep, const int all,
    const NK_NAME(CodeWork) *work, const uint8_t *position, const int8_t *weights, int lanes,
    NK_NAME(CodeSums) *sums) {
    for (int lane = 0; lane < lanes; lane += 4, weights += isNarrow ? 64 : NK_NAME(stepBytes)) {
        NK_UNROLL for (int p = from; p < to; p++) {
            int four;
            __builtin_memcpy(&four, position + p * pixelStep + lane, 4);
            NK_UNROLL for (int b = 0; b < blocks; b++) {
                const int8_t *own = weights + b * work->weightStride;
                if (isNarrow)
                    sums->narrow[b][p] = NK_NAME(multiplyNarrow)(sums->narrow[b][p], (nk_ints)(four), own);
                else
                    sums->sum[b][p] = NK_NAME(multiplyFour)(sums->sum[b][p], (nk_ints)(four), own);
            }
        }
        if (!isNarrow || --sums->narrowLeft > 0) continue;
        sums->narrowLeft = work->convolution->narrowSteps;
        NK_UNROLL for (int b = 0; b < blocks; b++) NK_UNROLL for (int p = 0; p < all; p++) {
            sums->sum[b][p] = NK_NAME(widen)(sums->sum[b][p], sums->narrow[b][p]);
            sums->narrow[b][p] = (nk_pairs)(0);
        }
    }
}

/// Adds the products of all kernel positions.
NK_INLINE void NK_NAME(multiplyPositions)(
    const bool isNarrow, const int pixels, const int blocks, const ptrdiff_t pixelStep, NK_NAME(CodeWork) *work,
    const uint8_t *source, NK_NAME(CodeSums) *sums) {
    const NKCodeConvolution *convolution = work->convolution;
    const NKInput *input = work->input;
    const NKOutputBlock *outputBlock = &convolution->blocks[work->block];
    const int8_t *weights = (const int8_t *)convolution->weights + outputBlock->weights;
    for (int first = outputBlock->firstInput; first < outputBlock->endInput;) {
        const int inputBlock = first / NKLanes, blockEnd = (inputBlock + 1) * NKLanes;
        const int end = blockEnd < outputBlock->endInput ? blockEnd : outputBlock->endInput, lanes = end - first;
        const ptrdiff_t columnWeights = lanes / 4 * (isNarrow ? 64 : NK_NAME(stepBytes));
        const ptrdiff_t rowWeights = convolution->kernelWidth * columnWeights;
        const uint8_t *corner = source + inputBlock * input->blockStride + first % NKLanes;
        NK_NAME(fetchAhead)(&work->ahead);
        for (int row = work->rows.first; row < work->rows.end; row++) {
            const uint8_t *position = corner + row * input->kernelRowStep;
            const int8_t *weight = weights + row * rowWeights;
            for (int column = 0; column < convolution->kernelWidth; column++) {
                const bool skipsFirst = column < work->columns.first, skipsLast = column >= work->columns.end;
#define NK_MULTIPLY(from, to) \
    NK_NAME(multiplyCodeLanes)( \
        isNarrow, from, to, blocks, pixelStep, pixels, work, position, weight, lanes, sums)
                // Most positions; the others leave out a pixel of the tile that reads the halo.
                if (!skipsFirst && !skipsLast) NK_MULTIPLY(0, pixels);
                else if (!skipsLast) NK_MULTIPLY(1, pixels);
                else if (!skipsFirst) NK_MULTIPLY(0, pixels - 1);
                else NK_MULTIPLY(1, pixels - 1);
#undef NK_MULTIPLY
                position += input->kernelColumnStep;
                weight += columnWeights;
            }
        }
        weights += convolution->kernelHeight * rowWeights;
        first = end;
    }
}

/// The same for a kernel of one position that all pixels read: nothing to decide between two blocks of inputs.
NK_INLINE void NK_NAME(multiplyPoints)(
    const bool isNarrow, const int pixels, const int blocks, const ptrdiff_t pixelStep, NK_NAME(CodeWork) *work,
    const uint8_t *source, NK_NAME(CodeSums) *sums) {
    const NKOutputBlock *outputBlock = &work->convolution->blocks[work->block];
    const int8_t *weights = (const int8_t *)work->convolution->weights + outputBlock->weights;
    const ptrdiff_t blockStride = work->input->blockStride;
    const uint8_t *codes = source + outputBlock->firstInput / NKLanes * blockStride;
    int first = outputBlock->firstInput % NKLanes, left = outputBlock->endInput - outputBlock->firstInput;
    for (; left > 0; codes += blockStride, first = 0) {
        const int lanes = left < NKLanes - first ? left : NKLanes - first;
        NK_NAME(fetchAhead)(&work->ahead);
        NK_NAME(multiplyCodeLanes)(
            isNarrow, 0, pixels, blocks, pixelStep, pixels, work, codes + first, weights, lanes, sums);
        weights += lanes / 4 * (isNarrow ? 64 : NK_NAME(stepBytes));
        left -= lanes;
    }
}

/// results[block][pixel] as floats, for `pixels` pixels and `blocks` output blocks; see NKCodeConvolution for the formula.
/// Codes are multiplied as they are, zero points included, and the sums start at what these add too much.
NK_INLINE void NK_NAME(multiplyCodes)(
    const bool isNarrow, const int pixels, const int blocks, const ptrdiff_t pixelStep, NK_NAME(CodeWork) *work,
    const uint8_t *source, float *results) {
    const NKCodeConvolution *convolution = work->convolution;
    NK_NAME(CodeSums) sums;
    sums.narrowLeft = convolution->narrowSteps;
    NK_UNROLL for (int b = 0; b < blocks; b++) {
        const nk_ints weightSums = *(const nk_ints *)(convolution->weightSums + (work->block + b) * NKLanes);
        const nk_ints start = weightSums * (nk_ints)(-convolution->zeroPoint);
        NK_UNROLL for (int p = 0; p < pixels; p++) {
            sums.sum[b][p] = start;
            sums.narrow[b][p] = (nk_pairs)(0);
        }
    }
    if (convolution->kernelHeight * convolution->kernelWidth == 1 && work->rows.first < work->rows.end
        && work->columns.first < work->columns.end)
        NK_NAME(multiplyPoints)(isNarrow, pixels, blocks, pixelStep, work, source, &sums);
    else NK_NAME(multiplyPositions)(isNarrow, pixels, blocks, pixelStep, work, source, &sums);
#if defined(NK_PACK_SOME_UNITS)
    if (work->direct.output != NULL) {
        NK_UNROLL for (int b = 0; b < blocks; b++)
            NK_NAME(storeCodesDirect)(pixels, b, &work->direct, work->pixel, sums.sum[b], NULL);
        return;
    }
#endif
    NK_UNROLL for (int b = 0; b < blocks; b++) NK_UNROLL for (int p = 0; p < pixels; p++) {
        if (isNarrow) sums.sum[b][p] = NK_NAME(widen)(sums.sum[b][p], sums.narrow[b][p]);
        NK_NAME(store)(
            results + b * work->sumStride + p * NKLanes, __builtin_convertvector(sums.sum[b][p], nk_floats));
    }
}

// One function for each register tile, as in convolution.h.
#define NK_TILE_OF(name, isNarrow, pixels, blocks) \
    static void NK_NAME(name##pixels##x##blocks)( \
        NK_NAME(CodeWork) *work, const uint8_t *source, float *results) { \
        const ptrdiff_t step = work->input->outputPixelStep; \
        if (step == NKLanes) NK_NAME(multiplyCodes)(isNarrow, pixels, blocks, NKLanes, work, source, results); \
        else NK_NAME(multiplyCodes)(isNarrow, pixels, blocks, step, work, source, results); \
    }
#define NK_TILE_ONE(pixels) NK_TILE_OF(codeTile, false, pixels, 1)
#define NK_TILE_ONE_NAME(pixels) NK_NAME(codeTile##pixels##x1),
#define NK_TILE_TWO(pixels) NK_TILE_OF(codeTile, false, pixels, 2)
#define NK_TILE_TWO_NAME(pixels) NK_NAME(codeTile##pixels##x2),
#define NK_NARROW_ONE(pixels) NK_TILE_OF(narrowTile, true, pixels, 1)
#define NK_NARROW_ONE_NAME(pixels) NK_NAME(narrowTile##pixels##x1),
#define NK_NARROW_TWO(pixels) NK_TILE_OF(narrowTile, true, pixels, 2)
#define NK_NARROW_TWO_NAME(pixels) NK_NAME(narrowTile##pixels##x2),

typedef void (*NK_NAME(CodeTileFunction))(NK_NAME(CodeWork) *, const uint8_t *, float *);

NK_CODE_TILES(NK_TILE_ONE)
#if NK_CODE_BLOCKS == 2
NK_CODE_TILES(NK_TILE_TWO)
#else
#undef NK_TILE_TWO_NAME
#undef NK_NARROW_TWO_NAME
#define NK_TILE_TWO_NAME(pixels) NULL,
#define NK_NARROW_TWO_NAME(pixels) NULL,
#endif
#if defined(NK_NARROW_PRODUCTS)
NK_CODE_TILES(NK_NARROW_ONE)
#if NK_CODE_BLOCKS == 2
NK_CODE_TILES(NK_NARROW_TWO)
#endif
#else
#undef NK_NARROW_ONE_NAME
#undef NK_NARROW_TWO_NAME
#define NK_NARROW_ONE_NAME(pixels) NULL,
#define NK_NARROW_TWO_NAME(pixels) NULL,
#endif

// [narrow][blocks - 1][pixels - 1]
static const NK_NAME(CodeTileFunction) NK_NAME(codeTiles)[2][2][NK_CODE_PIXELS] = {
    {{NK_CODE_TILES(NK_TILE_ONE_NAME)}, {NK_CODE_TILES(NK_TILE_TWO_NAME)}},
    {{NK_CODE_TILES(NK_NARROW_ONE_NAME)}, {NK_CODE_TILES(NK_NARROW_TWO_NAME)}},
};
#undef NK_TILE_OF
#undef NK_TILE_ONE
#undef NK_TILE_ONE_NAME
#undef NK_TILE_TWO
#undef NK_TILE_TWO_NAME
#undef NK_NARROW_ONE
#undef NK_NARROW_ONE_NAME
#undef NK_NARROW_TWO
#undef NK_NARROW_TWO_NAME

/// Adds windowShift[c] window[p] to the sums of one block: a product and a sum of whole numbers below 2^24 each.
NK_INLINE void NK_NAME(shiftSums)(
    const NKCodeConvolution *convolution, const NKWindow *window, int block, int row, int pixel, int pixels,
    float *sums) {
    const nk_ints whole = *(const nk_ints *)(convolution->windowShift + block * NKLanes);
    const nk_floats shift = __builtin_convertvector(whole, nk_floats);
    const float *windowSums = NK_NAME(windowRow)(window, block, row, pixel);
    for (int p = 0; p < pixels; p++) {
        const float *sum = windowSums + p * window->pixelStride;
        const nk_floats windowSum = window->perLane ? NK_NAME(load)(sum) : NK_NAME(broadcast)(*sum);
        float *target = sums + p * NKLanes;
        NK_NAME(store)(target, NK_NAME(fma)(windowSum, shift, NK_NAME(load)(target)));
    }
}

/// The kernel rows that count for an output row: those in the halo may only be left out if its code is 0.
NK_INLINE NK_NAME(Positions) NK_NAME(codeRows)(const NKCodeConvolution *layer, const NKInput *input, int row) {
    const NK_NAME(Positions) all = {0, layer->kernelHeight};
    return layer->zeroPoint == 0 ? NK_NAME(inside)(&input->rows, row, layer->kernelHeight) : all;
}

/// The sums of one row of one or two blocks, `pixels` pixels from `start` on.
NK_INLINE void NK_NAME(multiplyRow)(
    NK_NAME(CodeWork) *work, int blocks, int row, int start, int pixels, int rowPixels, float *results) {
    const NKCodeConvolution *convolution = work->convolution;
    const NKInput *input = work->input;
    const NK_NAME(CodeTileFunction) *tiles = NK_NAME(codeTiles)[convolution->narrowSteps > 0][blocks - 1];
    const int width = convolution->kernelWidth;
    const bool leavesOut = convolution->zeroPoint == 0;
    work->rows = NK_NAME(codeRows)(convolution, input, row);
    const uint8_t *source = input->codes + row * input->outputRowStep;
    int remaining = (pixels + NK_CODE_PIXELS - 1) / NK_CODE_PIXELS;
    for (int done = 0; done < pixels; remaining--) {
        const int count = (pixels - done + remaining - 1) / remaining, pixel = start + done;
        const bool leavesFirst = leavesOut && pixel == 0, leavesLast = leavesOut && pixel + count == rowPixels;
        work->columns.first = leavesFirst ? NK_NAME(inside)(&input->columns, 0, width).first : 0;
        work->columns.end = leavesLast ? NK_NAME(inside)(&input->columns, rowPixels - 1, width).end : width;
#if defined(NK_PACK_SOME_UNITS)
        work->pixel = pixel;
#endif
        tiles[count - 1](work, source + pixel * input->outputPixelStep, results + done * NKLanes);
        done += count;
    }
}

#if defined(NK_PACK_SOME_UNITS)
/// Convolves rows of one or two blocks without a buffer of sums.
NK_INLINE void NK_NAME(multiplyDirect)(
    NK_NAME(CodeWork) *work, const NK_NAME(CodeDirect) *direct, int blocks, const NKTile *tile,
    const NKWindow *window, const NKEpilogue *epilogue) {
    const NKOutput *outputs = epilogue->outputs;
    work->direct = *direct;
    work->direct.table += work->block * direct->tableStride;
    if (work->convolution->windowShift != NULL)
        work->direct.windowShift = work->convolution->windowShift + work->block * NKLanes;
    for (int row = tile->firstRow; row < tile->endRow; row++) {
        work->direct.output = NK_NAME(codeRowOf)(&outputs[0].map, work->block, row, 0);
        work->direct.addend = NK_NAME(codeRowOf)(&epilogue->addend, work->block, row, 0);
        work->direct.windowSums = NK_NAME(windowRow)(window, work->block, row, 0);
        NK_NAME(multiplyRow)(work, blocks, row, 0, tile->pixels, tile->pixels, NULL);
        for (int b = 0; epilogue->outputCount == 2 && b < blocks; b++)
            NK_LOOK_UP(
                outputs[1].codeOfCode, work->direct.output + b * direct->outputBlockStride,
                NK_NAME(codeRowOf)(&outputs[1].map, work->block + b, row, 0), tile->pixels * NKLanes);
    }
    work->direct.output = NULL;
}
#endif

static void NK_NAME(convolveDenseCodes)(
    const NKCodeConvolution *convolution, const NKInput *input, const NKTile *tile, const NKWindow *window,
    const NKEpilogue *epilogue) {
    const int capacity = NK_NAME(segmentPixels);
    __attribute__((aligned(64))) float sums[2 * NK_NAME(segmentPixels) * NKLanes];
    const bool isOnePosition = convolution->kernelHeight == 1 && convolution->kernelWidth == 1;
    NKInput source = *input;
    NKTile flat = *tile;
    if (NK_NAME(areRowsOne)(isOnePosition, input, tile->pixels, window, epilogue)) {
        // Every pixel of that one row is multiplied.
        source.rows.extent = source.columns.extent = 0;
        flat.pixels = (tile->endRow - tile->firstRow) * tile->pixels;
        flat.endRow = tile->firstRow + 1;
        input = &source;
        tile = &flat;
    }
#if defined(NK_PACK_SOME_UNITS)
    const NK_NAME(CodeDirect) direct = NK_NAME(codeDirect)(epilogue, window);
#endif
    const NK_NAME(FinishFunction) finish = NK_NAME(finishFor)(epilogue, window);
    NK_NAME(CodeWork) work = {.convolution = convolution, .input = input, .sumStride = capacity * NKLanes};
    // Several short rows are finished together.
    const int rowsTogether = tile->pixels < capacity ? capacity / tile->pixels : 1;
    int blocks = 1;
    for (int block = tile->firstBlock; block < tile->endBlock; block += blocks) {
        const NKOutputBlock *outputBlock = &convolution->blocks[block];
        blocks = NK_CODE_BLOCKS == 2 && block + 1 < tile->endBlock && NK_NAME(pairs)(outputBlock) ? 2 : 1;
        work.block = block;
        work.weightStride = blocks == 2 ? outputBlock[1].weights - outputBlock[0].weights : 0;
        if (block + blocks < convolution->blockCount) {
            // About as many as those of this block, whose place the next ones take.
            const ptrdiff_t bytes = outputBlock[blocks].weights - outputBlock[0].weights;
            const int inputBlocks = (outputBlock->endInput - outputBlock->firstInput + NKLanes - 1) / NKLanes;
            work.ahead = NK_NAME(aheadFrom)(
                (const char *)convolution->weights + outputBlock[blocks].weights, bytes,
                (tile->endRow - tile->firstRow) * ((tile->pixels + NK_CODE_PIXELS - 1) / NK_CODE_PIXELS), inputBlocks);
        } else work.ahead.next = work.ahead.end = NULL;
#if defined(NK_PACK_SOME_UNITS)
        if (direct.table != NULL) {
            NK_NAME(multiplyDirect)(&work, &direct, blocks, tile, window, epilogue);
            continue;
        }
#endif
        for (int row = tile->firstRow; row < tile->endRow; row += rowsTogether) {
            const int rows = tile->endRow - row < rowsTogether ? tile->endRow - row : rowsTogether;
            for (int start = 0; start < tile->pixels; start += capacity) {
                const int pixels = tile->pixels - start < capacity ? tile->pixels - start : capacity;
                for (int i = 0; i < rows; i++)
                    NK_NAME(multiplyRow)(
                        &work, blocks, row + i, start, pixels, tile->pixels, sums + i * pixels * NKLanes);
                for (int b = 0; b < blocks; b++) {
                    float *blockSums = sums + b * capacity * NKLanes;
                    for (int i = 0; convolution->windowShift != NULL && i < rows; i++)
                        NK_NAME(shiftSums)(
                            convolution, window, block + b, row + i, start, pixels, blockSums + i * pixels * NKLanes);
                    finish(epilogue, blockSums, block + b, row, rows, start, pixels, window);
                }
            }
        }
    }
}

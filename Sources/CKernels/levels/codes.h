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

/// sums[block][pixel] as floats, for `pixels` pixels and `blocks` output blocks; see NKCodeConvolution for the formula.
/// Codes are multiplied as they are, zero points included, and the sums start at what these add too much. With `isNarrow`
/// products gather in 16-bit numbers, which are added to the sums every `narrowSteps` steps, before they can overflow.
NK_INLINE void NK_NAME(multiplyCodes)(
    const bool isNarrow, const int pixels, const int blocks, const ptrdiff_t pixelStep,
    const NKCodeConvolution *convolution, const NKInput *input, const uint8_t *source, int firstBlock,
    ptrdiff_t weightStride, float *sums, ptrdiff_t sumStride) {
    nk_ints sum[NK_CODE_BLOCKS][NK_CODE_PIXELS];
    nk_pairs narrow[NK_CODE_BLOCKS][NK_CODE_PIXELS];
    NK_UNROLL for (int b = 0; b < blocks; b++) {
        const nk_ints weightSums = *(const nk_ints *)(convolution->weightSums + (firstBlock + b) * NKLanes);
        const nk_ints start = weightSums * (nk_ints)(-convolution->zeroPoint);
        NK_UNROLL for (int p = 0; p < pixels; p++) {
            sum[b][p] = start;
            narrow[b][p] = (nk_pairs)(0);
        }
    }
    const NKOutputBlock *outputBlock = &convolution->blocks[firstBlock];
    const int8_t *weights = (const int8_t *)convolution->weights + outputBlock->weights;
    int narrowLeft = convolution->narrowSteps;
    for (int first = outputBlock->firstInput; first < outputBlock->endInput;) {
        const int inputBlock = first / NKLanes, blockEnd = (inputBlock + 1) * NKLanes;
        const int end = blockEnd < outputBlock->endInput ? blockEnd : outputBlock->endInput;
        const uint8_t *corner = source + inputBlock * input->blockStride + first % NKLanes;
        for (int row = 0; row < convolution->kernelHeight; row++) {
            const uint8_t *position = corner + row * input->kernelRowStep;
            for (int column = 0; column < convolution->kernelWidth; column++) {
                for (int lane = 0; lane < end - first; lane += 4) {
                    NK_UNROLL for (int p = 0; p < pixels; p++) {
                        int four;
                        __builtin_memcpy(&four, position + p * pixelStep + lane, 4);
                        NK_UNROLL for (int b = 0; b < blocks; b++) {
                            const int8_t *own = weights + b * weightStride;
                            if (isNarrow) narrow[b][p] = NK_NAME(multiplyNarrow)(narrow[b][p], (nk_ints)(four), own);
                            else sum[b][p] = NK_NAME(multiplyFour)(sum[b][p], (nk_ints)(four), own);
                        }
                    }
                    weights += isNarrow ? 64 : NK_NAME(stepBytes);
                    if (!isNarrow || --narrowLeft > 0) continue;
                    narrowLeft = convolution->narrowSteps;
                    NK_UNROLL for (int b = 0; b < blocks; b++) NK_UNROLL for (int p = 0; p < pixels; p++) {
                        sum[b][p] = NK_NAME(widen)(sum[b][p], narrow[b][p]);
                        narrow[b][p] = (nk_pairs)(0);
                    }
                }
                position += input->kernelColumnStep;
            }
        }
        first = end;
    }
    NK_UNROLL for (int b = 0; b < blocks; b++) NK_UNROLL for (int p = 0; p < pixels; p++) {
        if (isNarrow) sum[b][p] = NK_NAME(widen)(sum[b][p], narrow[b][p]);
        NK_NAME(store)(sums + b * sumStride + p * NKLanes, __builtin_convertvector(sum[b][p], nk_floats));
    }
}

// One function for each register tile, as in convolution.h.
#define NK_TILE_OF(name, isNarrow, pixels, blocks) \
    static void NK_NAME(name##pixels##x##blocks)( \
        const NKCodeConvolution *convolution, const NKInput *input, const uint8_t *source, int block, \
        ptrdiff_t weightStride, float *sums, ptrdiff_t sumStride) { \
        if (input->outputPixelStep == NKLanes) \
            NK_NAME(multiplyCodes)( \
                isNarrow, pixels, blocks, NKLanes, convolution, input, source, block, weightStride, sums, sumStride); \
        else \
            NK_NAME(multiplyCodes)( \
                isNarrow, pixels, blocks, input->outputPixelStep, convolution, input, source, block, weightStride, \
                sums, sumStride); \
    }
#define NK_TILE_ONE(pixels) NK_TILE_OF(codeTile, false, pixels, 1)
#define NK_TILE_ONE_NAME(pixels) NK_NAME(codeTile##pixels##x1),
#define NK_TILE_TWO(pixels) NK_TILE_OF(codeTile, false, pixels, 2)
#define NK_TILE_TWO_NAME(pixels) NK_NAME(codeTile##pixels##x2),
#define NK_NARROW_ONE(pixels) NK_TILE_OF(narrowTile, true, pixels, 1)
#define NK_NARROW_ONE_NAME(pixels) NK_NAME(narrowTile##pixels##x1),
#define NK_NARROW_TWO(pixels) NK_TILE_OF(narrowTile, true, pixels, 2)
#define NK_NARROW_TWO_NAME(pixels) NK_NAME(narrowTile##pixels##x2),

typedef void (*NK_NAME(CodeTileFunction))(
    const NKCodeConvolution *, const NKInput *, const uint8_t *, int, ptrdiff_t, float *, ptrdiff_t);

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

/// The sums of one row of one or two blocks, `pixels` pixels from `start` on.
NK_INLINE void NK_NAME(multiplyRow)(
    const NKCodeConvolution *convolution, const NKInput *input, int block, int blocks, int row, int start, int pixels,
    float *sums, ptrdiff_t sumStride) {
    const NK_NAME(CodeTileFunction) *tiles = NK_NAME(codeTiles)[convolution->narrowSteps > 0][blocks - 1];
    const NKOutputBlock *outputBlock = &convolution->blocks[block];
    const ptrdiff_t weightStride = blocks == 2 ? outputBlock[1].weights - outputBlock[0].weights : 0;
    const uint8_t *source = input->codes + row * input->outputRowStep;
    int remaining = (pixels + NK_CODE_PIXELS - 1) / NK_CODE_PIXELS;
    for (int done = 0; done < pixels; remaining--) {
        const int count = (pixels - done + remaining - 1) / remaining;
        tiles[count - 1](
            convolution, input, source + (start + done) * input->outputPixelStep, block, weightStride,
            sums + done * NKLanes, sumStride);
        done += count;
    }
}

static void NK_NAME(convolveDenseCodes)(
    const NKCodeConvolution *convolution, const NKInput *input, const NKTile *tile, const NKWindow *window,
    const NKEpilogue *epilogue) {
    const int capacity = NK_NAME(segmentPixels);
    __attribute__((aligned(64))) float sums[2 * NK_NAME(segmentPixels) * NKLanes];
    const NK_NAME(FinishFunction) finish = NK_NAME(finishFor)(epilogue, window);
    // Several short rows are finished together.
    const int rowsTogether = tile->pixels < capacity ? capacity / tile->pixels : 1;
    int blocks = 1;
    for (int block = tile->firstBlock; block < tile->endBlock; block += blocks) {
        blocks = NK_CODE_BLOCKS == 2 && block + 1 < tile->endBlock && NK_NAME(pairs)(&convolution->blocks[block])
            ? 2 : 1;
        for (int row = tile->firstRow; row < tile->endRow; row += rowsTogether) {
            const int rows = tile->endRow - row < rowsTogether ? tile->endRow - row : rowsTogether;
            for (int start = 0; start < tile->pixels; start += capacity) {
                const int pixels = tile->pixels - start < capacity ? tile->pixels - start : capacity;
                for (int i = 0; i < rows; i++)
                    NK_NAME(multiplyRow)(
                        convolution, input, block, blocks, row + i, start, pixels, sums + i * pixels * NKLanes,
                        capacity * NKLanes);
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

// Dense and grouped convolution: P pixels times one or two blocks of 16 output channels in registers.

/// Accumulators of one row segment wait here, in the first-level cache, for the epilogue.
enum { NK_NAME(segmentPixels) = 64 };

/// sums[block][pixel] = sum over the input range and the kernel, for `pixels` pixels and `blocks` output blocks.
///
/// Each step loads one weight vector per block and multiplies it with one broadcast input per pixel, so the registers
/// hold pixels * blocks accumulators. `pixels` and `blocks` are constants at each call: everything unrolls.
NK_INLINE void NK_NAME(multiply)(
    const int pixels, const int blocks, const ptrdiff_t pixelStep, const NKConvolution *convolution,
    const NKInput *input, const float *source, const NKOutputBlock *outputBlock, ptrdiff_t weightStride, float *sums,
    ptrdiff_t sumStride) {
    nk_floats sum[2][NK_PIXELS_ONE_BLOCK];
    NK_UNROLL for (int b = 0; b < blocks; b++)
        NK_UNROLL for (int p = 0; p < pixels; p++) sum[b][p] = NK_NAME(broadcast)(0.0f);

    const float *weights = convolution->weights + outputBlock->weights;
    for (int first = outputBlock->firstInput; first < outputBlock->endInput;) {
        const int inputBlock = first / NKLanes, blockEnd = (inputBlock + 1) * NKLanes;
        const int end = blockEnd < outputBlock->endInput ? blockEnd : outputBlock->endInput;
        const float *corner = source + inputBlock * input->blockStride + first % NKLanes;
        for (int row = 0; row < convolution->kernelHeight; row++) {
            const float *position = corner + row * input->kernelRowStep;
            for (int column = 0; column < convolution->kernelWidth; column++) {
                for (int lane = 0; lane < end - first; lane++) {
                    nk_floats weight[2];
                    NK_UNROLL for (int b = 0; b < blocks; b++)
                        weight[b] = NK_NAME(load)(weights + b * weightStride);
                    NK_UNROLL for (int p = 0; p < pixels; p++) {
                        const nk_floats x = NK_NAME(broadcast)(position[p * pixelStep + lane]);
                        NK_UNROLL for (int b = 0; b < blocks; b++)
                            sum[b][p] = NK_NAME(fma)(x, weight[b], sum[b][p]);
                    }
                    weights += NKLanes;
                }
                position += input->kernelColumnStep;
            }
        }
        first = end;
    }
    NK_UNROLL for (int b = 0; b < blocks; b++)
        NK_UNROLL for (int p = 0; p < pixels; p++) NK_NAME(store)(sums + b * sumStride + p * NKLanes, sum[b][p]);
}

// One function for each register tile. The common pixel step of stride-1 layers is a constant of its own: with it all
// inputs of a tile are addressed from one register.
#define NK_TILE(pixels, blocks) \
    static void NK_NAME(tile##pixels##x##blocks)( \
        const NKConvolution *convolution, const NKInput *input, const float *source, const NKOutputBlock *block, \
        ptrdiff_t weightStride, float *sums, ptrdiff_t sumStride) { \
        if (input->outputPixelStep == NKLanes) \
            NK_NAME(multiply)( \
                pixels, blocks, NKLanes, convolution, input, source, block, weightStride, sums, sumStride); \
        else \
            NK_NAME(multiply)( \
                pixels, blocks, input->outputPixelStep, convolution, input, source, block, weightStride, sums, \
                sumStride); \
    }
#define NK_TILE_NAME(pixels, blocks) NK_NAME(tile##pixels##x##blocks),
NK_TILES_ONE_BLOCK(NK_TILE)
NK_TILES_TWO_BLOCKS(NK_TILE)

typedef void (*NK_NAME(TileFunction))(
    const NKConvolution *, const NKInput *, const float *, const NKOutputBlock *, ptrdiff_t, float *, ptrdiff_t);

static const NK_NAME(TileFunction) NK_NAME(oneBlockTiles)[] = {NK_TILES_ONE_BLOCK(NK_TILE_NAME)};
static const NK_NAME(TileFunction) NK_NAME(twoBlockTiles)[] = {NK_TILES_TWO_BLOCKS(NK_TILE_NAME) NULL};
#undef NK_TILE
#undef NK_TILE_NAME

/// Whether two neighbouring output blocks read the same inputs, so that one tile can feed both.
NK_INLINE bool NK_NAME(pairs)(const NKOutputBlock *block) {
    return block[0].firstInput == block[1].firstInput && block[0].endInput == block[1].endInput;
}

static void NK_NAME(convolveDense)(
    const NKConvolution *convolution, const NKInput *input, const NKTile *tile, const NKWindow *window,
    const NKEpilogue *epilogue) {
    const int capacity = NK_NAME(segmentPixels);
    __attribute__((aligned(64))) float sums[2 * NK_NAME(segmentPixels) * NKLanes];
    int blocks = 1;
    for (int block = tile->firstBlock; block < tile->endBlock; block += blocks) {
        const NKOutputBlock *outputBlock = &convolution->blocks[block];
        blocks = NK_PIXELS_TWO_BLOCKS > 0 && block + 1 < tile->endBlock && NK_NAME(pairs)(outputBlock) ? 2 : 1;
        const NK_NAME(TileFunction) *tiles = blocks == 2 ? NK_NAME(twoBlockTiles) : NK_NAME(oneBlockTiles);
        const int largest = blocks == 2 ? NK_PIXELS_TWO_BLOCKS : NK_PIXELS_ONE_BLOCK;
        const ptrdiff_t weightStride = blocks == 2 ? outputBlock[1].weights - outputBlock[0].weights : 0;
        for (int row = tile->firstRow; row < tile->endRow; row++) {
            const float *source = input->origin + row * input->outputRowStep;
            for (int start = 0; start < tile->pixels; start += capacity) {
                const int pixels = tile->pixels - start < capacity ? tile->pixels - start : capacity;
                // Equal register tiles: 57 pixels at 14 are 12 + 12 + 11 + 11 + 11, not 4 times 14 and a slow 1.
                int remaining = (pixels + largest - 1) / largest;
                for (int done = 0; done < pixels; remaining--) {
                    const int count = (pixels - done + remaining - 1) / remaining;
                    tiles[count - 1](
                        convolution, input, source + (start + done) * input->outputPixelStep, outputBlock,
                        weightStride, sums + done * NKLanes, capacity * NKLanes);
                    done += count;
                }
                for (int b = 0; b < blocks; b++)
                    NK_NAME(finish)(
                        epilogue, sums + b * capacity * NKLanes, NKLanes, block + b, row, start, pixels, window);
            }
        }
    }
}

// Dense and grouped convolution: P pixels times one or two blocks of 16 output channels in registers.

/// Accumulators of one row segment wait here, in the first-level cache, for the epilogue.
enum { NK_NAME(segmentPixels) = 64 };

/// Kernel positions first..<end along one axis.
typedef struct {
    int first, end;
} NK_NAME(Positions);

/// The kernel positions of one output that do not lie in the halo; all of them where nothing is known.
NK_INLINE NK_NAME(Positions) NK_NAME(inside)(const NKAxis *axis, int output, int kernel) {
    NK_NAME(Positions) all = {0, kernel};
    if (axis->extent == 0) return all;
    const int before = axis->before - output * axis->stride, after = axis->extent - 1 + before;
    NK_NAME(Positions) result = {before > 0 ? (before + axis->dilation - 1) / axis->dilation : 0, kernel};
    if (after < (kernel - 1) * axis->dilation) result.end = after < 0 ? 0 : after / axis->dilation + 1;
    if (result.first > kernel) result.first = kernel;
    if (result.end < result.first) result.end = result.first;
    return result;
}

/// Weights that are wanted in the second-level cache before they are multiplied, a few cache lines at a time.
typedef struct {
    const char *next, *end;
    /// Bytes for each input block of each register tile: whole cache lines.
    ptrdiff_t step;
} NK_NAME(Ahead);

/// The `bytes` bytes of weights from `next` on, spread over `tiles` register tiles of `inputBlocks` input blocks.
NK_INLINE NK_NAME(Ahead) NK_NAME(aheadFrom)(const void *next, ptrdiff_t bytes, int tiles, int inputBlocks) {
    const ptrdiff_t steps = (ptrdiff_t)tiles * inputBlocks, lines = (bytes + 63) / 64;
    const char *first = next;
    return (NK_NAME(Ahead)){first, first + bytes, (lines + steps - 1) / steps * 64};
}

NK_INLINE void NK_NAME(fetchAhead)(NK_NAME(Ahead) *ahead) {
    const char *end = ahead->end - ahead->next < ahead->step ? ahead->end : ahead->next + ahead->step;
    for (; ahead->next < end; ahead->next += 64) __builtin_prefetch(ahead->next, 0, 2);
}

/// One or two blocks of outputs, and which kernel positions of a tile are multiplied.
typedef struct {
    const NKConvolution *convolution;
    const NKInput *input;
    const NKOutputBlock *block;
    /// From the weights of the first block to those of the second, and from its sums.
    ptrdiff_t weightStride, sumStride;
    NK_NAME(Positions) rows;
    /// Those of the tile's first pixel that do not lie to the left of the input, and of its last not to the right.
    NK_NAME(Positions) columns;
    /// The weights of the blocks after these.
    NK_NAME(Ahead) ahead;
} NK_NAME(Work);

/// What `blocks` blocks of outputs from work->block on are followed by: as many weights again, spread over `tiles` register tiles.
NK_INLINE NK_NAME(Ahead) NK_NAME(aheadOf)(const NK_NAME(Work) *work, const int blocks, int tiles) {
    const NKConvolution *convolution = work->convolution;
    const int inputs = work->block->endInput - work->block->firstInput;
    const ptrdiff_t floats = (ptrdiff_t)inputs * convolution->kernelHeight * convolution->kernelWidth * blocks * NKLanes;
    const bool isLast = work->block + blocks >= convolution->blocks + convolution->blockCount;
    return NK_NAME(aheadFrom)(
        convolution->weights + work->block->weights + floats, isLast ? 0 : floats * (ptrdiff_t)sizeof(float), tiles,
        (inputs + NKLanes - 1) / NKLanes);
}

/// Adds the products of one kernel position for the pixels from..<to: `lanes` input channels.
NK_INLINE void NK_NAME(multiplyLanes)(
    const int from, const int to, const int blocks, const ptrdiff_t pixelStep, const float *position,
    const float *weights, ptrdiff_t weightStride, int lanes, nk_floats sum[2][NK_PIXELS_ONE_BLOCK]) {
    for (int lane = 0; lane < lanes; lane++) {
        nk_floats weight[2];
        NK_UNROLL for (int b = 0; b < blocks; b++) weight[b] = NK_NAME(load)(weights + b * weightStride);
        NK_UNROLL for (int p = from; p < to; p++) {
            const nk_floats x = NK_NAME(broadcast)(position[p * pixelStep + lane]);
            NK_UNROLL for (int b = 0; b < blocks; b++) sum[b][p] = NK_NAME(fma)(x, weight[b], sum[b][p]);
        }
        weights += NKLanes;
    }
}

/// The sums over the input range and the kernel for `pixels` pixels and `blocks` output blocks.
///
/// Each step loads one weight vector per block and multiplies it with one broadcast input per pixel, so the registers
/// hold pixels * blocks accumulators. `pixels` and `blocks` are constants at each call: everything unrolls. With `skips`
/// the pixels of the tile that read the halo are left out.
NK_INLINE void NK_NAME(multiply)(
    const int pixels, const int blocks, const ptrdiff_t pixelStep, const bool skips, NK_NAME(Work) *work,
    const float *source, nk_floats sum[2][NK_PIXELS_ONE_BLOCK]) {
    const NKConvolution *convolution = work->convolution;
    const NKInput *input = work->input;
    const float *weights = convolution->weights + work->block->weights;
    const int endInput = work->block->endInput;
    for (int first = work->block->firstInput; first < endInput;) {
        const int inputBlock = first / NKLanes, blockEnd = (inputBlock + 1) * NKLanes;
        const int end = blockEnd < endInput ? blockEnd : endInput, lanes = end - first;
        const ptrdiff_t rowWeights = convolution->kernelWidth * lanes * NKLanes;
        const float *corner = source + inputBlock * input->blockStride + first % NKLanes;
        NK_NAME(fetchAhead)(&work->ahead);
        for (int row = work->rows.first; row < work->rows.end; row++) {
            const float *position = corner + row * input->kernelRowStep;
            const float *weight = weights + row * rowWeights;
            for (int column = 0; column < convolution->kernelWidth; column++) {
                const bool skipsFirst = skips && column < work->columns.first;
                const bool skipsLast = skips && column >= work->columns.end;
                // Most positions; the others leave out a pixel of the tile that reads the halo.
                if (!skipsFirst && !skipsLast)
                    NK_NAME(multiplyLanes)(
                        0, pixels, blocks, pixelStep, position, weight, work->weightStride, lanes, sum);
                else if (!skipsLast)
                    NK_NAME(multiplyLanes)(
                        1, pixels, blocks, pixelStep, position, weight, work->weightStride, lanes, sum);
                else if (!skipsFirst)
                    NK_NAME(multiplyLanes)(
                        0, pixels - 1, blocks, pixelStep, position, weight, work->weightStride, lanes, sum);
                else
                    NK_NAME(multiplyLanes)(
                        1, pixels - 1, blocks, pixelStep, position, weight, work->weightStride, lanes, sum);
                weight += lanes * NKLanes;
                position += input->kernelColumnStep;
            }
        }
        weights += convolution->kernelHeight * rowWeights;
        first = end;
    }
}

/// A register tile: its sums, stored as sums[block][pixel], or its values where `finish` is given, from `pixel` on. The pixel
/// steps of strides 1 and 2 are constants of their own: with them all inputs of a tile are addressed from one register.
NK_INLINE void NK_NAME(tile)(
    const int pixels, const int blocks, NK_NAME(Work) *work, const float *source, float *sums,
    const NK_NAME(Finish) *finish, int pixel) {
    nk_floats sum[2][NK_PIXELS_ONE_BLOCK];
    NK_UNROLL for (int b = 0; b < blocks; b++)
        NK_UNROLL for (int p = 0; p < pixels; p++) sum[b][p] = NK_NAME(broadcast)(0.0f);
    // By the time its sums are done.
    if (finish != NULL && finish->fetches)
        NK_UNROLL for (int b = 0; b < blocks; b++) NK_NAME(fetchTile)(pixels, b, finish, pixel);
    const ptrdiff_t step = work->input->outputPixelStep;
    if (step == NKLanes)
        NK_NAME(multiply)(pixels, blocks, NKLanes, true, work, source, sum);
    else if (step == 2 * NKLanes)
        NK_NAME(multiply)(pixels, blocks, 2 * NKLanes, true, work, source, sum);
    else if (step == NKNarrowLanes)
        NK_NAME(multiply)(pixels, blocks, NKNarrowLanes, false, work, source, sum);
    else if (step == 2 * NKNarrowLanes)
        NK_NAME(multiply)(pixels, blocks, 2 * NKNarrowLanes, false, work, source, sum);
    else
        NK_NAME(multiply)(pixels, blocks, step, false, work, source, sum);
    if (finish != NULL) {
        NK_UNROLL for (int b = 0; b < blocks; b++) NK_NAME(finishTile)(pixels, b, finish, pixel, sum[b]);
        return;
    }
    NK_UNROLL for (int b = 0; b < blocks; b++) NK_UNROLL for (int p = 0; p < pixels; p++)
        NK_NAME(store)(sums + b * work->sumStride + p * NKLanes, sum[b][p]);
}

// One function for each register tile.
#define NK_TILE(pixels, blocks) \
    static void NK_NAME(tile##pixels##x##blocks)( \
        NK_NAME(Work) *work, const float *source, float *sums, const NK_NAME(Finish) *finish, int pixel) { \
        NK_NAME(tile)(pixels, blocks, work, source, sums, finish, pixel); \
    }
#define NK_TILE_NAME(pixels, blocks) NK_NAME(tile##pixels##x##blocks),
NK_TILES_ONE_BLOCK(NK_TILE)
NK_TILES_TWO_BLOCKS(NK_TILE)

typedef void (*NK_NAME(TileFunction))(
    NK_NAME(Work) *, const float *, float *, const NK_NAME(Finish) *, int);

static const NK_NAME(TileFunction) NK_NAME(oneBlockTiles)[] = {NK_TILES_ONE_BLOCK(NK_TILE_NAME)};
static const NK_NAME(TileFunction) NK_NAME(twoBlockTiles)[] = {NK_TILES_TWO_BLOCKS(NK_TILE_NAME) NULL};
#undef NK_TILE
#undef NK_TILE_NAME

/// Whether two neighbouring output blocks read the same inputs, so that one tile can feed both.
NK_INLINE bool NK_NAME(pairs)(const NKOutputBlock *block) {
    return block[0].firstInput == block[1].firstInput && block[0].endInput == block[1].endInput;
}

/// The tiles of `pixels` pixels of one row from `start` on: their sums, or their values where `finish` is given.
NK_INLINE void NK_NAME(multiplySegment)(
    NK_NAME(Work) *work, const int blocks, int row, int start, int pixels, int rowPixels, float *sums,
    const NK_NAME(Finish) *finish) {
    const NKInput *input = work->input;
    const NK_NAME(TileFunction) *tiles = blocks == 2 ? NK_NAME(twoBlockTiles) : NK_NAME(oneBlockTiles);
    const int largest = blocks == 2 ? NK_PIXELS_TWO_BLOCKS : NK_PIXELS_ONE_BLOCK;
    const int width = work->convolution->kernelWidth;
    const float *source = input->origin + row * input->outputRowStep;
    // Equal register tiles: 57 pixels at 14 are 12 + 12 + 11 + 11 + 11, not 4 times 14 and a slow 1.
    int remaining = (pixels + largest - 1) / largest;
    for (int done = 0; done < pixels; remaining--) {
        const int count = (pixels - done + remaining - 1) / remaining;
        const int pixel = start + done;
        work->columns.first = pixel == 0 ? NK_NAME(inside)(&input->columns, 0, width).first : 0;
        work->columns.end = pixel + count == rowPixels
            ? NK_NAME(inside)(&input->columns, rowPixels - 1, width).end : width;
        tiles[count - 1](
            work, source + pixel * input->outputPixelStep, sums + done * NKLanes, finish, pixel);
        done += count;
    }
}

/// Whether the rows of a map follow one another like the pixels of a row, or there is no map.
NK_INLINE bool NK_NAME(isFlat)(const NKMap *map, int pixels) {
    return (map->origin == NULL && map->codes == NULL) || map->rowStride == pixels * map->pixelStride;
}

/// Whether all rows of a tile can be computed as one: a kernel of one position, and maps without halo.
NK_INLINE bool NK_NAME(areRowsOne)(
    const bool isOnePosition, const NKInput *input, int pixels, const NKWindow *window, const NKEpilogue *epilogue) {
    bool flat = isOnePosition && input->outputRowStep == pixels * input->outputPixelStep
        && NK_NAME(isFlat)(&epilogue->addend, pixels)
        && (window->origin == NULL || window->rowStride == pixels * window->pixelStride);
    for (int i = 0; i < epilogue->outputCount; i++)
        flat = flat && NK_NAME(isFlat)(&epilogue->outputs[i].map, pixels);
    return flat;
}

static void NK_NAME(convolveDense)(
    const NKConvolution *convolution, const NKInput *input, const NKTile *tile, const NKWindow *window,
    const NKEpilogue *epilogue) {
    const int capacity = NK_NAME(segmentPixels);
    __attribute__((aligned(64))) float sums[2 * NK_NAME(segmentPixels) * NKLanes];
    NK_NAME(WindowRows) windowRows;
    NKWindow own;
    if (window->byKernel) {
        windowRows = NK_NAME(windowRowsOf)(convolution, input, tile, window);
        own = (NKWindow){
            .origin = windowRows.sums - tile->firstRow * tile->pixels, .blocksPerPlane = tile->endBlock,
            .rowStride = tile->pixels, .pixelStride = 1};
    }
    const bool sumsWindows = window->byKernel;
    const ptrdiff_t blocksPerPlane = window->blocksPerPlane;
    if (sumsWindows) window = &own;
    const bool finishesTiles = NK_NAME(finishesTiles)(epilogue, window);
    const NK_NAME(FinishFunction) finishSums = finishesTiles ? NULL : NK_NAME(finishFor)(epilogue, window);
    const bool isOnePosition = convolution->kernelHeight == 1 && convolution->kernelWidth == 1;
    const bool areRowsOne = NK_NAME(areRowsOne)(isOnePosition, input, tile->pixels, window, epilogue);
    NKInput source = *input;
    // Every pixel of that one row is multiplied.
    if (areRowsOne) source.rows.extent = source.columns.extent = 0;
    NK_NAME(Work) work = {.convolution = convolution, .input = &source, .sumStride = capacity * NKLanes};
    const int rowPixels = areRowsOne ? (tile->endRow - tile->firstRow) * tile->pixels : tile->pixels;
    const int endRow = areRowsOne ? tile->firstRow + 1 : tile->endRow;
    int blocks = 1;
    for (int block = tile->firstBlock; block < tile->endBlock; block += blocks) {
        work.block = &convolution->blocks[block];
        blocks = NK_PIXELS_TWO_BLOCKS > 0 && block + 1 < tile->endBlock && NK_NAME(pairs)(work.block) ? 2 : 1;
        work.weightStride = blocks == 2 ? work.block[1].weights - work.block[0].weights : 0;
        const int largest = blocks == 2 ? NK_PIXELS_TWO_BLOCKS : NK_PIXELS_ONE_BLOCK;
        work.ahead = NK_NAME(aheadOf)(&work, blocks, (endRow - tile->firstRow) * ((rowPixels + largest - 1) / largest));
        // The first block of a group sums the windows for all, those of tiles to come as well.
        const bool isFirst = sumsWindows && block % blocksPerPlane == 0;
        if (isFirst) windowRows.done = 0;
        NK_NAME(Finish) finish;
        if (finishesTiles) finish = NK_NAME(finishOf)(epilogue, window, block, tile->firstRow);
        for (int row = tile->firstRow; row < endRow; row++) {
            work.rows = NK_NAME(inside)(&source.rows, row, convolution->kernelHeight);
            if (isFirst && (row - tile->firstRow) % windowRows.rowsAtOnce == 0) {
                const int next = row + windowRows.rowsAtOnce;
                NK_NAME(sumWindows)(
                    &windowRows, work.block, row, areRowsOne || next > tile->endRow ? tile->endRow : next);
            }
            if (finishesTiles) {
                NK_NAME(multiplySegment)(&work, blocks, row, 0, rowPixels, rowPixels, sums, &finish);
                NK_NAME(nextRow)(&finish);
                continue;
            }
            for (int start = 0; start < rowPixels; start += capacity) {
                const int pixels = rowPixels - start < capacity ? rowPixels - start : capacity;
                NK_NAME(multiplySegment)(&work, blocks, row, start, pixels, rowPixels, sums, NULL);
                for (int b = 0; b < blocks; b++)
                    finishSums(epilogue, sums + b * capacity * NKLanes, block + b, row, 1, start, pixels, window);
            }
        }
    }
}

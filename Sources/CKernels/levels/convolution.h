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
} NK_NAME(Work);

/// Where a tile's values go straight from the registers: one output of real values, all lanes in use. `output` and
/// `addend` point to the tile's first pixel, `table` to the rows of its first block.
typedef struct {
    float *output;
    const float *addend;
    ptrdiff_t outputBlockStride, addendBlockStride, tableStride;
    const float *table;
    float low, high, addendScale;
} NK_NAME(Direct);

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

/// Stores the accumulators of block `b`: the formula of NKEpilogue for what `Direct` describes.
NK_INLINE void NK_NAME(storeDirect)(const int pixels, const int b, const NK_NAME(Direct) *direct, nk_floats *sum) {
    const nk_floats low = NK_NAME(broadcast)(direct->low), high = NK_NAME(broadcast)(direct->high);
    const float *table = direct->table + b * direct->tableStride;
    const nk_floats scale = NK_NAME(load)(table + NKRowScale * NKLanes);
    const nk_floats bias = NK_NAME(load)(table + NKRowBias * NKLanes);
    NK_UNROLL for (int p = 0; p < pixels; p++) sum[p] = NK_NAME(fma)(sum[p], scale, bias);
    if (direct->addend != NULL) {
        const nk_floats addendScale = NK_NAME(broadcast)(direct->addendScale);
        const float *addend = direct->addend + b * direct->addendBlockStride;
        NK_UNROLL for (int p = 0; p < pixels; p++)
            sum[p] = NK_NAME(fma)(NK_NAME(load)(addend + p * NKLanes), addendScale, sum[p]);
    }
    float *output = direct->output + b * direct->outputBlockStride;
    NK_UNROLL for (int p = 0; p < pixels; p++)
        NK_NAME(store)(output + p * NKLanes, NK_NAME(atMost)(NK_NAME(atLeast)(sum[p], low), high));
}

/// The sums over the input range and the kernel for `pixels` pixels and `blocks` output blocks, stored as
/// sums[block][pixel], or finished where `direct` is given.
///
/// Each step loads one weight vector per block and multiplies it with one broadcast input per pixel, so the registers
/// hold pixels * blocks accumulators. `pixels` and `blocks` are constants at each call: everything unrolls.
NK_INLINE void NK_NAME(multiply)(
    const int pixels, const int blocks, const ptrdiff_t pixelStep, const NK_NAME(Work) *work, const float *source,
    float *sums, const NK_NAME(Direct) *direct) {
    const NKConvolution *convolution = work->convolution;
    const NKInput *input = work->input;
    nk_floats sum[2][NK_PIXELS_ONE_BLOCK];
    NK_UNROLL for (int b = 0; b < blocks; b++)
        NK_UNROLL for (int p = 0; p < pixels; p++) sum[b][p] = NK_NAME(broadcast)(0.0f);

    const float *weights = convolution->weights + work->block->weights;
    const int endInput = work->block->endInput;
    for (int first = work->block->firstInput; first < endInput;) {
        const int inputBlock = first / NKLanes, blockEnd = (inputBlock + 1) * NKLanes;
        const int end = blockEnd < endInput ? blockEnd : endInput, lanes = end - first;
        const ptrdiff_t rowWeights = convolution->kernelWidth * lanes * NKLanes;
        const float *corner = source + inputBlock * input->blockStride + first % NKLanes;
        for (int row = work->rows.first; row < work->rows.end; row++) {
            const float *position = corner + row * input->kernelRowStep;
            const float *weight = weights + row * rowWeights;
            for (int column = 0; column < convolution->kernelWidth; column++) {
                const bool skipsFirst = column < work->columns.first, skipsLast = column >= work->columns.end;
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
    if (direct != NULL) {
        NK_UNROLL for (int b = 0; b < blocks; b++) NK_NAME(storeDirect)(pixels, b, direct, sum[b]);
        return;
    }
    NK_UNROLL for (int b = 0; b < blocks; b++) NK_UNROLL for (int p = 0; p < pixels; p++)
        NK_NAME(store)(sums + b * work->sumStride + p * NKLanes, sum[b][p]);
}

// One function for each register tile. The pixel steps of strides 1 and 2 are constants of their own: with them all inputs
// of a tile are addressed from one register.
#define NK_TILE(pixels, blocks) \
    static void NK_NAME(tile##pixels##x##blocks)( \
        const NK_NAME(Work) *work, const float *source, float *sums, const NK_NAME(Direct) *direct) { \
        const ptrdiff_t step = work->input->outputPixelStep; \
        if (step == NKLanes) \
            NK_NAME(multiply)(pixels, blocks, NKLanes, work, source, sums, direct); \
        else if (step == 2 * NKLanes) \
            NK_NAME(multiply)(pixels, blocks, 2 * NKLanes, work, source, sums, direct); \
        else \
            NK_NAME(multiply)(pixels, blocks, step, work, source, sums, direct); \
    }
#define NK_TILE_NAME(pixels, blocks) NK_NAME(tile##pixels##x##blocks),
NK_TILES_ONE_BLOCK(NK_TILE)
NK_TILES_TWO_BLOCKS(NK_TILE)

typedef void (*NK_NAME(TileFunction))(
    const NK_NAME(Work) *, const float *, float *, const NK_NAME(Direct) *);

static const NK_NAME(TileFunction) NK_NAME(oneBlockTiles)[] = {NK_TILES_ONE_BLOCK(NK_TILE_NAME)};
static const NK_NAME(TileFunction) NK_NAME(twoBlockTiles)[] = {NK_TILES_TWO_BLOCKS(NK_TILE_NAME) NULL};
#undef NK_TILE
#undef NK_TILE_NAME

/// Whether two neighbouring output blocks read the same inputs, so that one tile can feed both.
NK_INLINE bool NK_NAME(pairs)(const NKOutputBlock *block) {
    return block[0].firstInput == block[1].firstInput && block[0].endInput == block[1].endInput;
}

/// Whether values may go straight from the registers to the output, in blocks of which every lane carries a channel.
NK_INLINE bool NK_NAME(isDirect)(const NKEpilogue *epilogue, const NKWindow *window) {
    const NKOutput *output = epilogue->outputs;
    const NKMap *addend = &epilogue->addend;
    return epilogue->outputCount == 1 && !output->quantized && output->map.pixelStride == NKLanes
        && epilogue->preActivation.origin == NULL && window->origin == NULL && !window->byKernel && addend->codes == NULL
        && (addend->origin == NULL || addend->pixelStride == NKLanes)
        && (epilogue->activation == NKActivationNone || epilogue->activation == NKActivationClamp);
}

/// The same destination for a block and row, from pixel 0 on.
NK_INLINE NK_NAME(Direct) NK_NAME(directOf)(const NKEpilogue *epilogue, int block, int row) {
    const bool clamps = epilogue->activation == NKActivationClamp;
    return (NK_NAME(Direct)){
        .output = NK_NAME(rowOf)(&epilogue->outputs[0].map, block, row, 0),
        .addend = NK_NAME(rowOf)(&epilogue->addend, block, row, 0),
        .outputBlockStride = epilogue->outputs[0].map.blockStride,
        .addendBlockStride = epilogue->addend.blockStride,
        .table = epilogue->table + block * epilogue->tableRows * NKLanes,
        .tableStride = epilogue->tableRows * NKLanes,
        .low = clamps ? epilogue->a : -__builtin_inff(),
        .high = clamps ? epilogue->b : __builtin_inff(),
        .addendScale = epilogue->addendScale};
}

/// The tiles of `pixels` pixels of one row from `start` on: their sums, or their values where `direct` is given.
NK_INLINE void NK_NAME(multiplySegment)(
    NK_NAME(Work) *work, const int blocks, int row, int start, int pixels, int rowPixels, float *sums,
    const NK_NAME(Direct) *direct) {
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
        NK_NAME(Direct) target;
        if (direct != NULL) {
            target = *direct;
            target.output += pixel * NKLanes;
            if (target.addend != NULL) target.addend += pixel * NKLanes;
        }
        tiles[count - 1](
            work, source + pixel * input->outputPixelStep, sums + done * NKLanes, direct != NULL ? &target : NULL);
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
        && NK_NAME(isFlat)(&epilogue->addend, pixels) && NK_NAME(isFlat)(&epilogue->preActivation, pixels)
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
    const NK_NAME(FinishFunction) finish = NK_NAME(finishFor)(epilogue, window);
    const bool isDirect = NK_NAME(isDirect)(epilogue, window);
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
        const bool isFull = (block + blocks) * NKLanes <= epilogue->channels;
        for (int row = tile->firstRow; row < endRow; row++) {
            work.rows = NK_NAME(inside)(&source.rows, row, convolution->kernelHeight);
            if (isDirect && isFull) {
                const NK_NAME(Direct) direct = NK_NAME(directOf)(epilogue, block, row);
                NK_NAME(multiplySegment)(&work, blocks, row, 0, rowPixels, rowPixels, sums, &direct);
                continue;
            }
            for (int start = 0; start < rowPixels; start += capacity) {
                const int pixels = rowPixels - start < capacity ? rowPixels - start : capacity;
                NK_NAME(multiplySegment)(&work, blocks, row, start, pixels, rowPixels, sums, NULL);
                for (int b = 0; b < blocks; b++)
                    finish(epilogue, sums + b * capacity * NKLanes, block + b, row, 1, start, pixels, window);
            }
        }
    }
}

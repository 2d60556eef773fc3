// Depthwise convolution: each lane convolves its own channel, so a kernel position is one vector multiply-add a pixel.

typedef struct {
    int kernelHeight, kernelWidth;
} NK_NAME(Depthwise);

/// The element vector at an index of a map of floats or of codes.
NK_INLINE nk_floats NK_NAME(element)(const bool codes, const NKInput *input, ptrdiff_t index) {
    return codes ? NK_NAME(loadCodes)(input->codes + index) : NK_NAME(load)(input->origin + index);
}

/// Pixels of the largest register tile, which leaves room for a weight and an input.
enum { NK_NAME(slidePixels) = NK_PIXELS_ONE_BLOCK < 8 ? NK_PIXELS_ONE_BLOCK : 8 };

/// What the pixels of one row of a block have in common. `source` and all positions are indices into the input, which holds
/// codes or floats; sums start from `start`, and sums of codes are exact in floats below 2^24.
typedef struct {
    const NK_NAME(Depthwise) *layer;
    const NKInput *input;
    const float *weights;
    nk_floats start;
    NK_NAME(Positions) rows;
} NK_NAME(Slide);

/// sums[pixel] for `pixels` pixels, or their values where `finish` is given, from `pixel` on. With a constant kernel width and pixel step the
/// inputs of a kernel row are loaded once and shared by overlapping windows; a width of 0 reads the kernel's at run time.
NK_INLINE void NK_NAME(slide)(
    const int pixels, const bool codes, const int width, const ptrdiff_t pixelStep, const NK_NAME(Slide) *common,
    ptrdiff_t source, float *sums, const NK_NAME(Finish) *finish, int pixel) {
    const NKInput *input = common->input;
    const int columns = width > 0 ? width : common->layer->kernelWidth;
    // With constants: the columns of the input under the tile, and how many lie between the pixels of the output.
    const int stride = width > 0 ? (int)(pixelStep / NKLanes) : 1, spanned = width > 0 ? (pixels - 1) * stride + width : 0;
    nk_floats sum[8];
    NK_UNROLL for (int p = 0; p < pixels; p++) sum[p] = common->start;
    const float *weights = common->weights + common->rows.first * columns * NKLanes;
    for (int row = common->rows.first; row < common->rows.end; row++) {
        ptrdiff_t position = source + row * input->kernelRowStep;
        if (width == 0) {
            for (int column = 0; column < columns; column++) {
                const nk_floats weight = NK_NAME(load)(weights + column * NKLanes);
                NK_UNROLL for (int p = 0; p < pixels; p++) {
                    const nk_floats x = NK_NAME(element)(codes, input, position + p * pixelStep);
                    sum[p] = NK_NAME(fma)(x, weight, sum[p]);
                }
                position += input->kernelColumnStep;
            }
        } else {
            nk_floats weight[8];
            NK_UNROLL for (int column = 0; column < width; column++)
                weight[column] = NK_NAME(load)(weights + column * NKLanes);
            NK_UNROLL for (int i = 0; i < spanned; i++) {
                const nk_floats x = NK_NAME(element)(codes, input, position + i * NKLanes);
                NK_UNROLL for (int column = 0; column < width; column++) {
                    const int p = (i - column) / stride;
                    if (i < column || (i - column) % stride != 0 || p >= pixels) continue;
                    sum[p] = NK_NAME(fma)(x, weight[column], sum[p]);
                }
            }
        }
        weights += columns * NKLanes;
    }
    if (finish != NULL)
        NK_NAME(finishTile)(pixels, 0, finish, pixel, sum);
    else
        NK_UNROLL for (int p = 0; p < pixels; p++) NK_NAME(store)(sums + p * NKLanes, sum[p]);
}

/// All pixels of a segment in equal tiles.
NK_INLINE void NK_NAME(slideSegment)(
    const bool codes, const int width, const ptrdiff_t pixelStep, const NK_NAME(Slide) *row, ptrdiff_t source, int pixels,
    float *sums, const NK_NAME(Finish) *finish) {
    int remaining = (pixels + NK_NAME(slidePixels) - 1) / NK_NAME(slidePixels);
    for (int done = 0; done < pixels; remaining--) {
        const int count = (pixels - done + remaining - 1) / remaining;
        switch (count) {
#define NK_CASE(n) \
        case n: \
            if (n <= NK_NAME(slidePixels)) \
                NK_NAME(slide)( \
                    n, codes, width, pixelStep, row, source, sums + done * NKLanes, finish, done); \
            break;
            NK_CASE(1)
            NK_CASE(2)
            NK_CASE(3)
            NK_CASE(4)
            NK_CASE(5)
            NK_CASE(6)
            NK_CASE(7)
            NK_CASE(8)
#undef NK_CASE
        }
        done += count;
        source += count * pixelStep;
    }
}

/// The same, with the constants of the usual kernels: 3 or 5 columns, stride 1 or 2.
static void NK_NAME(slideFloats)(
    const NK_NAME(Slide) *row, ptrdiff_t source, int pixels, float *sums, const NK_NAME(Finish) *finish) {
    const ptrdiff_t step = row->input->outputPixelStep;
    const int width = row->input->kernelColumnStep == NKLanes ? row->layer->kernelWidth : 0;
    if (width == 3 && step == NKLanes)
        NK_NAME(slideSegment)(false, 3, NKLanes, row, source, pixels, sums, finish);
    else if (width == 3 && step == 2 * NKLanes)
        NK_NAME(slideSegment)(false, 3, 2 * NKLanes, row, source, pixels, sums, finish);
    else if (width == 5 && step == NKLanes)
        NK_NAME(slideSegment)(false, 5, NKLanes, row, source, pixels, sums, finish);
    else if (width == 5 && step == 2 * NKLanes)
        NK_NAME(slideSegment)(false, 5, 2 * NKLanes, row, source, pixels, sums, finish);
    else
        NK_NAME(slideSegment)(false, 0, step, row, source, pixels, sums, finish);
}

#if !NK_WEIGHT_LAYOUT_BYTES
static void NK_NAME(slideCodeFloats)(const NK_NAME(Slide) *row, ptrdiff_t source, int pixels, float *sums) {
    const ptrdiff_t step = row->input->outputPixelStep;
    const int width = row->input->kernelColumnStep == NKLanes ? row->layer->kernelWidth : 0;
    if (width == 3 && step == NKLanes)
        NK_NAME(slideSegment)(true, 3, NKLanes, row, source, pixels, sums, NULL);
    else if (width == 3 && step == 2 * NKLanes)
        NK_NAME(slideSegment)(true, 3, 2 * NKLanes, row, source, pixels, sums, NULL);
    else if (width == 5 && step == NKLanes)
        NK_NAME(slideSegment)(true, 5, NKLanes, row, source, pixels, sums, NULL);
    else
        NK_NAME(slideSegment)(true, 0, step, row, source, pixels, sums, NULL);
}
#endif

/// The segments of one row of a block, finished in registers where `finish` is given, which goes on to the next row.
NK_INLINE void NK_NAME(slideRow)(
    const bool codes, const NK_NAME(Slide) *slide, ptrdiff_t source, int block, int row, int rowPixels,
    const NKWindow *window, const NKEpilogue *epilogue, NK_NAME(Finish) *finish) {
    const int capacity = NK_NAME(segmentPixels);
    __attribute__((aligned(64))) float sums[NK_NAME(segmentPixels) * NKLanes];
    if (finish != NULL) {
        NK_NAME(slideFloats)(slide, source, rowPixels, sums, finish);
        NK_NAME(nextRow)(finish);
        return;
    }
    const NK_NAME(FinishFunction) finishSums = NK_NAME(finishFor)(epilogue, window);
    for (int first = 0; first < rowPixels; first += capacity) {
        const int pixels = rowPixels - first < capacity ? rowPixels - first : capacity;
        const ptrdiff_t position = source + first * slide->input->outputPixelStep;
#if !NK_WEIGHT_LAYOUT_BYTES
        if (codes)
            NK_NAME(slideCodeFloats)(slide, position, pixels, sums);
        else
#endif
            NK_NAME(slideFloats)(slide, position, pixels, sums, NULL);
        finishSums(epilogue, sums, block, row, 1, first, pixels, window);
    }
}

static void NK_NAME(convolveDepthwise)(
    const NKConvolution *convolution, const NKInput *input, const NKTile *tile, const NKWindow *window,
    const NKEpilogue *epilogue) {
    const NK_NAME(Depthwise) layer = {convolution->kernelHeight, convolution->kernelWidth};
    const bool finishesTiles = NK_NAME(finishesTiles)(epilogue, window);
    for (int block = tile->firstBlock; block < tile->endBlock; block++) {
        NK_NAME(Finish) finish;
        if (finishesTiles) finish = NK_NAME(finishOf)(epilogue, window, block, tile->firstRow);
        for (int row = tile->firstRow; row < tile->endRow; row++) {
            const NK_NAME(Slide) slide = {
                &layer, input, convolution->weights + convolution->blocks[block].weights, NK_NAME(broadcast)(0.0f),
                NK_NAME(inside)(&input->rows, row, layer.kernelHeight)};
            NK_NAME(slideRow)(
                false, &slide, block * input->blockStride + row * input->outputRowStep, block, row, tile->pixels,
                window, epilogue, finishesTiles ? &finish : NULL);
        }
    }
}

#if !NK_WEIGHT_LAYOUT_BYTES
/// Depthwise on codes: the codes become floats as they are loaded, and the sum starts at what the zero point adds.
static void NK_NAME(convolveDepthwiseCodes)(
    const NKCodeConvolution *convolution, const NKInput *input, const NKTile *tile, const NKWindow *window,
    const NKEpilogue *epilogue) {
    const NK_NAME(Depthwise) layer = {convolution->kernelHeight, convolution->kernelWidth};
    for (int block = tile->firstBlock; block < tile->endBlock; block++) {
        const nk_ints weightSums = *(const nk_ints *)(convolution->weightSums + block * NKLanes);
        const NK_NAME(Slide) slide = {
            &layer, input, (const float *)convolution->weights + convolution->blocks[block].weights,
            __builtin_convertvector(weightSums * (nk_ints)(-convolution->zeroPoint), nk_floats),
            {0, layer.kernelHeight}};
        for (int row = tile->firstRow; row < tile->endRow; row++)
            NK_NAME(slideRow)(
                true, &slide, block * input->blockStride + row * input->outputRowStep, block, row, tile->pixels,
                window, epilogue, NULL);
    }
}
#endif

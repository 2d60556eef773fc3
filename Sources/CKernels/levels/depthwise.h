// Depthwise convolution: each lane convolves its own channel, so a kernel position is one vector multiply-add a pixel.

typedef struct {
    int kernelHeight, kernelWidth;
} NK_NAME(Depthwise);

/// The element vector at an index of a map of floats or of codes.
NK_INLINE nk_floats NK_NAME(element)(const bool codes, const NKInput *input, ptrdiff_t index) {
    return codes ? NK_NAME(loadCodes)(input->codes + index) : NK_NAME(load)(input->origin + index);
}

/// sums[pixel] for `pixels` pixels of one block, starting from `start`. `source` and all positions are indices into the
/// input, which holds codes or floats; sums of codes are exact in floats below 2^24. With a constant kernel width and pixel step (general == false) the
/// inputs of a kernel row are loaded once and shared by overlapping windows; otherwise the steps are run-time values.
NK_INLINE void NK_NAME(slide)(
    const int pixels, const bool codes, const int width, const bool general, const NK_NAME(Depthwise) *layer,
    const NKInput *input, ptrdiff_t source, const float *weights, nk_floats start, float *sums) {
    nk_floats sum[8];
    NK_UNROLL for (int p = 0; p < pixels; p++) sum[p] = start;
    for (int row = 0; row < layer->kernelHeight; row++) {
        ptrdiff_t position = source + row * input->kernelRowStep;
        if (general) {
            for (int column = 0; column < layer->kernelWidth; column++) {
                const nk_floats weight = NK_NAME(load)(weights);
                NK_UNROLL for (int p = 0; p < pixels; p++) sum[p] = NK_NAME(fma)(
                    NK_NAME(element)(codes, input, position + p * input->outputPixelStep), weight, sum[p]);
                position += input->kernelColumnStep;
                weights += NKLanes;
            }
        } else {
            NK_UNROLL for (int column = 0; column < width; column++) {
                const nk_floats weight = NK_NAME(load)(weights + column * NKLanes);
                NK_UNROLL for (int p = 0; p < pixels; p++)
                    sum[p] = NK_NAME(fma)(
                        NK_NAME(element)(codes, input, position + (p + column) * NKLanes), weight, sum[p]);
            }
            weights += width * NKLanes;
        }
    }
    NK_UNROLL for (int p = 0; p < pixels; p++) NK_NAME(store)(sums + p * NKLanes, sum[p]);
}

/// All pixels of a segment: tiles of 8, then 4, then single ones.
NK_INLINE void NK_NAME(slideSegment)(
    const bool codes, const int width, const bool general, const NK_NAME(Depthwise) *layer, const NKInput *input,
    ptrdiff_t source, const float *weights, nk_floats start, int pixels, float *sums) {
    int done = 0;
    for (; done + 8 <= pixels; done += 8)
        NK_NAME(slide)(
            8, codes, width, general, layer, input, source + done * input->outputPixelStep, weights, start,
            sums + done * NKLanes);
    for (; done + 4 <= pixels; done += 4)
        NK_NAME(slide)(
            4, codes, width, general, layer, input, source + done * input->outputPixelStep, weights, start,
            sums + done * NKLanes);
    for (; done < pixels; done++)
        NK_NAME(slide)(
            1, codes, width, general, layer, input, source + done * input->outputPixelStep, weights, start,
            sums + done * NKLanes);
}

/// The segments of one row of a block.
NK_INLINE void NK_NAME(slideRow)(
    const bool codes, const NK_NAME(Depthwise) *layer, const NKInput *input, ptrdiff_t source, const float *weights,
    nk_floats start, int block, int row, int rowPixels, const NKWindow *window, const NKEpilogue *epilogue) {
    const int capacity = NK_NAME(segmentPixels);
    __attribute__((aligned(64))) float sums[NK_NAME(segmentPixels) * NKLanes];
    const bool dense = input->outputPixelStep == NKLanes && input->kernelColumnStep == NKLanes;
    const NK_NAME(FinishFunction) finish = NK_NAME(finishFor)(epilogue, window);
    for (int first = 0; first < rowPixels; first += capacity) {
        const int pixels = rowPixels - first < capacity ? rowPixels - first : capacity;
        const ptrdiff_t position = source + first * input->outputPixelStep;
        if (dense && layer->kernelWidth == 3)
            NK_NAME(slideSegment)(codes, 3, false, layer, input, position, weights, start, pixels, sums);
        else if (dense && layer->kernelWidth == 5)
            NK_NAME(slideSegment)(codes, 5, false, layer, input, position, weights, start, pixels, sums);
        else
            NK_NAME(slideSegment)(codes, 0, true, layer, input, position, weights, start, pixels, sums);
        finish(epilogue, sums, block, row, 1, first, pixels, window);
    }
}

static void NK_NAME(convolveDepthwise)(
    const NKConvolution *convolution, const NKInput *input, const NKTile *tile, const NKWindow *window,
    const NKEpilogue *epilogue) {
    const NK_NAME(Depthwise) layer = {convolution->kernelHeight, convolution->kernelWidth};
    for (int block = tile->firstBlock; block < tile->endBlock; block++)
        for (int row = tile->firstRow; row < tile->endRow; row++)
            NK_NAME(slideRow)(
                false, &layer, input, block * input->blockStride + row * input->outputRowStep,
                convolution->weights + convolution->blocks[block].weights, NK_NAME(broadcast)(0.0f), block, row,
                tile->pixels, window, epilogue);
}

#if !NK_WEIGHT_LAYOUT_BYTES
/// Depthwise on codes: the codes become floats as they are loaded, and the sum starts at what the zero point adds.
static void NK_NAME(convolveDepthwiseCodes)(
    const NKCodeConvolution *convolution, const NKInput *input, const NKTile *tile, const NKWindow *window,
    const NKEpilogue *epilogue) {
    const NK_NAME(Depthwise) layer = {convolution->kernelHeight, convolution->kernelWidth};
    for (int block = tile->firstBlock; block < tile->endBlock; block++) {
        const nk_ints weightSums = *(const nk_ints *)(convolution->weightSums + block * NKLanes);
        const nk_floats start = __builtin_convertvector(weightSums * (nk_ints)(-convolution->zeroPoint), nk_floats);
        for (int row = tile->firstRow; row < tile->endRow; row++)
            NK_NAME(slideRow)(
                true, &layer, input, block * input->blockStride + row * input->outputRowStep,
                (const float *)convolution->weights + convolution->blocks[block].weights, start, block, row,
                tile->pixels, window, epilogue);
    }
}
#endif

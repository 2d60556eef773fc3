// Depthwise convolution: each lane convolves its own channel, so a kernel position is one vector multiply-add a pixel.

/// sums[pixel] for `pixels` pixels of one block. With a constant kernel width and pixel step (general == false) the
/// inputs of a kernel row are loaded once and shared by overlapping windows; otherwise the steps are run-time values.
NK_INLINE void NK_NAME(slide)(
    const int pixels, const int width, const bool general, const NKConvolution *convolution, const NKInput *input,
    const float *source, const float *weights, float *sums) {
    nk_floats sum[8];
    NK_UNROLL for (int p = 0; p < pixels; p++) sum[p] = NK_NAME(broadcast)(0.0f);
    for (int row = 0; row < convolution->kernelHeight; row++) {
        const float *position = source + row * input->kernelRowStep;
        if (general) {
            for (int column = 0; column < convolution->kernelWidth; column++) {
                const nk_floats weight = NK_NAME(load)(weights);
                NK_UNROLL for (int p = 0; p < pixels; p++) sum[p] = NK_NAME(fma)(
                    NK_NAME(load)(position + p * input->outputPixelStep), weight, sum[p]);
                position += input->kernelColumnStep;
                weights += NKLanes;
            }
        } else {
            NK_UNROLL for (int column = 0; column < width; column++) {
                const nk_floats weight = NK_NAME(load)(weights + column * NKLanes);
                NK_UNROLL for (int p = 0; p < pixels; p++)
                    sum[p] = NK_NAME(fma)(NK_NAME(load)(position + (p + column) * NKLanes), weight, sum[p]);
            }
            weights += width * NKLanes;
        }
    }
    NK_UNROLL for (int p = 0; p < pixels; p++) NK_NAME(store)(sums + p * NKLanes, sum[p]);
}

/// All pixels of a segment: tiles of 8, then 4, then single ones.
NK_INLINE void NK_NAME(slideSegment)(
    const int width, const bool general, const NKConvolution *convolution, const NKInput *input, const float *source,
    const float *weights, int pixels, float *sums) {
    int done = 0;
    for (; done + 8 <= pixels; done += 8)
        NK_NAME(slide)(
            8, width, general, convolution, input, source + done * input->outputPixelStep, weights,
            sums + done * NKLanes);
    for (; done + 4 <= pixels; done += 4)
        NK_NAME(slide)(
            4, width, general, convolution, input, source + done * input->outputPixelStep, weights,
            sums + done * NKLanes);
    for (; done < pixels; done++)
        NK_NAME(slide)(
            1, width, general, convolution, input, source + done * input->outputPixelStep, weights,
            sums + done * NKLanes);
}

static void NK_NAME(convolveDepthwise)(
    const NKConvolution *convolution, const NKInput *input, const NKTile *tile, const NKWindow *window,
    const NKEpilogue *epilogue) {
    const int capacity = NK_NAME(segmentPixels);
    __attribute__((aligned(64))) float sums[NK_NAME(segmentPixels) * NKLanes];
    const bool dense = input->outputPixelStep == NKLanes && input->kernelColumnStep == NKLanes;
    for (int block = tile->firstBlock; block < tile->endBlock; block++) {
        const float *weights = convolution->weights + convolution->blocks[block].weights;
        for (int row = tile->firstRow; row < tile->endRow; row++) {
            const float *source = input->origin + block * input->blockStride + row * input->outputRowStep;
            for (int start = 0; start < tile->pixels; start += capacity) {
                const int pixels = tile->pixels - start < capacity ? tile->pixels - start : capacity;
                const float *first = source + start * input->outputPixelStep;
                if (dense && convolution->kernelWidth == 3)
                    NK_NAME(slideSegment)(3, false, convolution, input, first, weights, pixels, sums);
                else if (dense && convolution->kernelWidth == 5)
                    NK_NAME(slideSegment)(5, false, convolution, input, first, weights, pixels, sums);
                else
                    NK_NAME(slideSegment)(0, true, convolution, input, first, weights, pixels, sums);
                NK_NAME(finish)(epilogue, sums, NKLanes, block, row, start, pixels, window);
            }
        }
    }
}

// The gradient of a convolution's weights: the outer products of what a window position reads with the gradient of the outputs,
// summed over pixels in registers, NK_GRADIENT_LANES input channels by one block of outputs.

/// Where one kernel position of a part of a map reads, and the gradients there.
typedef struct {
    const float *input, *gradient;
    ptrdiff_t inputRow, inputPixel, gradientRow, gradientPixel;
    int rows, pixels;
} NK_NAME(Products);

/// weights[lane][16] += the products for `lanes` input channels.
NK_INLINE void NK_NAME(addOuterProducts)(const int lanes, const NK_NAME(Products) *products, float *weights) {
    nk_floats sum[NK_GRADIENT_LANES];
    NK_UNROLL for (int lane = 0; lane < lanes; lane++) sum[lane] = NK_NAME(load)(weights + lane * NKLanes);
    for (int row = 0; row < products->rows; row++) {
        const float *x = products->input + row * products->inputRow;
        const float *g = products->gradient + row * products->gradientRow;
        for (int p = 0; p < products->pixels; p++) {
            const nk_floats gradient = NK_NAME(load)(g);
            NK_UNROLL for (int lane = 0; lane < lanes; lane++)
                sum[lane] = NK_NAME(fma)(NK_NAME(broadcast)(x[lane]), gradient, sum[lane]);
            x += products->inputPixel;
            g += products->gradientPixel;
        }
    }
    NK_UNROLL for (int lane = 0; lane < lanes; lane++) NK_NAME(store)(weights + lane * NKLanes, sum[lane]);
}

/// The same for depthwise: weights[16] += the products lane by lane.
NK_INLINE void NK_NAME(addLaneProducts)(const NK_NAME(Products) *products, float *weights) {
    nk_floats sum = NK_NAME(load)(weights);
    for (int row = 0; row < products->rows; row++) {
        const float *x = products->input + row * products->inputRow;
        const float *g = products->gradient + row * products->gradientRow;
        for (int p = 0; p < products->pixels; p++)
            sum = NK_NAME(fma)(
                NK_NAME(load)(x + p * products->inputPixel), NK_NAME(load)(g + p * products->gradientPixel), sum);
    }
    NK_NAME(store)(weights, sum);
}

/// All lanes of a group, by powers of two.
static void NK_NAME(addProducts)(NK_NAME(Products) products, int lanes, float *weights) {
    while (lanes > 0) {
        int done = 1;
#define NK_LANES(n) \
    if (lanes >= n && n <= NK_GRADIENT_LANES) { \
        NK_NAME(addOuterProducts)(n <= NK_GRADIENT_LANES ? n : 1, &products, weights); \
        done = n; \
    } else
        NK_LANES(16) NK_LANES(8) NK_LANES(4) NK_LANES(2) NK_NAME(addOuterProducts)(1, &products, weights);
#undef NK_LANES
        lanes -= done;
        products.input += done;
        weights += done * NKLanes;
    }
}

/// Rows whose inputs and gradients stay in the first-level cache while all kernel positions go over them.
NK_INLINE int NK_NAME(cachedRows)(const NKTile *tile, const NKInput *input, const NKMap *gradient) {
    const ptrdiff_t floats = tile->pixels * (input->outputPixelStep + gradient->pixelStride);
    const ptrdiff_t rows = floats > 0 ? 6144 / floats : 1;
    return rows < 1 ? 1 : (int)rows;
}

static void NK_NAME(weightGradient)(
    const NKConvolution *convolution, const NKInput *input, const NKMap *gradient, const NKTile *tile,
    float *weights) {
    const int height = convolution->kernelHeight, width = convolution->kernelWidth;
    const int rowsTogether = NK_NAME(cachedRows)(tile, input, gradient);
    for (int row = tile->firstRow; row < tile->endRow; row += rowsTogether) {
        const int rows = tile->endRow - row < rowsTogether ? tile->endRow - row : rowsTogether;
        for (int block = tile->firstBlock; block < tile->endBlock; block++) {
            const NKOutputBlock *output = &convolution->blocks[block];
            NK_NAME(Products) products = {
                .gradient = gradient->origin + block * gradient->blockStride + row * gradient->rowStride,
                .inputRow = input->outputRowStep, .inputPixel = input->outputPixelStep,
                .gradientRow = gradient->rowStride, .gradientPixel = gradient->pixelStride,
                .rows = rows, .pixels = tile->pixels};
            float *target = weights + output->weights;
            const int endInput = convolution->depthwise ? 1 : output->endInput;
            for (int first = convolution->depthwise ? 0 : output->firstInput; first < endInput;) {
                const int inputBlock = convolution->depthwise ? block : first / NKLanes;
                const int blockEnd = (first / NKLanes + 1) * NKLanes;
                const int lanes = (blockEnd < endInput ? blockEnd : endInput) - first;
                for (int position = 0; position < height * width; position++) {
                    products.input = input->origin + inputBlock * input->blockStride
                        + (convolution->depthwise ? 0 : first % NKLanes) + row * input->outputRowStep
                        + position / width * input->kernelRowStep + position % width * input->kernelColumnStep;
                    if (convolution->depthwise) NK_NAME(addLaneProducts)(&products, target);
                    else NK_NAME(addProducts)(products, lanes, target);
                    target += lanes * NKLanes;
                }
                first += lanes;
            }
        }
    }
}

// The gradient of a convolution's weights: the outer products of what a window position reads with the gradient of the outputs,
// summed over pixels in registers, NK_GRADIENT_LANES input channels by one block of outputs.

/// Where one kernel position of a part of a map reads, and the gradients there.
typedef struct {
    const float *input, *gradient;
    ptrdiff_t inputImage, inputRow, inputPixel, gradientImage, gradientRow, gradientPixel;
    int images, rows, pixels;
    /// For three columns: the inputs of a row, the first being that of the first product, that do not lie in the halo.
    int firstInput, endInput;
} NK_NAME(Products);

/// The outputs from..<end that do not read the halo at kernel position `k`; all of them where nothing is known. A product with the
/// halo's zeros would leave a sum as it is.
NK_INLINE NK_NAME(Positions) NK_NAME(readers)(const NKAxis *axis, int k, int from, int end) {
    NK_NAME(Positions) result = {from, end};
    if (axis->extent == 0) return result;
    const int before = axis->before - k * axis->dilation, after = axis->extent - 1 + before;
    const int first = before > 0 ? (before + axis->stride - 1) / axis->stride : 0;
    const int behind = after < 0 ? 0 : after / axis->stride + 1;
    if (result.first < first) result.first = first;
    if (result.end > behind) result.end = behind;
    if (result.end < result.first) result.end = result.first;
    return result;
}

/// Where a row of an image reads, and its gradients.
NK_INLINE const float *NK_NAME(inputRow)(const NK_NAME(Products) *products, int image, int row) {
    return products->input + image * products->inputImage + row * products->inputRow;
}

NK_INLINE const float *NK_NAME(gradientRow)(const NK_NAME(Products) *products, int image, int row) {
    return products->gradient + image * products->gradientImage + row * products->gradientRow;
}

/// weights[lane][16] += the products for `lanes` input channels.
NK_INLINE void NK_NAME(addOuterProducts)(const int lanes, const NK_NAME(Products) *products, float *weights) {
    nk_floats sum[NK_GRADIENT_LANES];
    NK_UNROLL for (int lane = 0; lane < lanes; lane++) sum[lane] = NK_NAME(load)(weights + lane * NKLanes);
    for (int image = 0; image < products->images; image++) for (int row = 0; row < products->rows; row++) {
        const float *x = NK_NAME(inputRow)(products, image, row), *g = NK_NAME(gradientRow)(products, image, row);
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

#if NK_GRADIENT_COLUMN_LANES > 0
/// The products of one input pixel with the gradients of those of three outputs, j, j - 1 and j - 2, that there are.
NK_INLINE void NK_NAME(addEdge)(
    const int lanes, const float *x, const float *g, ptrdiff_t gradientPixel, int j, int pixels,
    nk_floats sum[3][NK_GRADIENT_COLUMN_LANES]) {
    NK_UNROLL for (int column = 0; column < 3; column++) {
        const int p = j - column;
        if (p < 0 || p >= pixels) continue;
        const nk_floats gradient = NK_NAME(load)(g + p * gradientPixel);
        NK_UNROLL for (int lane = 0; lane < lanes; lane++)
            sum[column][lane] = NK_NAME(fma)(NK_NAME(broadcast)(x[lane]), gradient, sum[column][lane]);
    }
}

/// The same for the three columns of a kernel's row, `columnStride` floats apart, with outputs side by side: an input's value is
/// loaded once and multiplied with three gradients, where the products of one column would wait for two loads each.
NK_INLINE void NK_NAME(addThreeColumns)(
    const int lanes, const NK_NAME(Products) *products, ptrdiff_t columnStride, float *weights) {
    nk_floats sum[3][NK_GRADIENT_COLUMN_LANES];
    NK_UNROLL for (int column = 0; column < 3; column++)
        NK_UNROLL for (int lane = 0; lane < lanes; lane++)
            sum[column][lane] = NK_NAME(load)(weights + column * columnStride + lane * NKLanes);
    const int pixels = products->pixels;
    const ptrdiff_t step = products->inputPixel, gradientStep = products->gradientPixel;
    for (int image = 0; image < products->images; image++) for (int row = 0; row < products->rows; row++) {
        const float *x = NK_NAME(inputRow)(products, image, row), *g = NK_NAME(gradientRow)(products, image, row);
        if (products->firstInput == 0) NK_NAME(addEdge)(lanes, x, g, gradientStep, 0, pixels, sum);
        NK_NAME(addEdge)(lanes, x + step, g, gradientStep, 1, pixels, sum);
        if (pixels > 2) {
            nk_floats before = NK_NAME(load)(g), last = NK_NAME(load)(g + gradientStep);
            const float *input = x + 2 * step;
            const float *next = g + 2 * gradientStep;
            for (int p = 2; p < pixels; p++) {
                __builtin_prefetch(input + NK_NAME(floatsAhead));
                const nk_floats gradient = NK_NAME(load)(next);
                NK_UNROLL for (int lane = 0; lane < lanes; lane++) {
                    const nk_floats value = NK_NAME(broadcast)(input[lane]);
                    NK_ACCUMULATE(sum[0][lane], value, gradient);
                    NK_ACCUMULATE(sum[1][lane], value, last);
                    NK_ACCUMULATE(sum[2][lane], value, before);
                }
                before = last;
                last = gradient;
                input += step;
                next += gradientStep;
            }
        }
        for (int j = pixels < 2 ? 2 : pixels; j < products->endInput; j++)
            NK_NAME(addEdge)(lanes, x + j * step, g, gradientStep, j, pixels, sum);
    }
    NK_UNROLL for (int column = 0; column < 3; column++)
        NK_UNROLL for (int lane = 0; lane < lanes; lane++)
            NK_NAME(store)(weights + column * columnStride + lane * NKLanes, sum[column][lane]);
}

/// All lanes of a group, by powers of two.
static void NK_NAME(addColumns)(
    NK_NAME(Products) products, int lanes, ptrdiff_t columnStride, float *weights) {
    while (lanes > 0) {
        int done = 1;
#define NK_LANES(n) \
    if (lanes >= n && n <= NK_GRADIENT_COLUMN_LANES) { \
        NK_NAME(addThreeColumns)( \
            n <= NK_GRADIENT_COLUMN_LANES ? n : 1, &products, columnStride, weights); \
        done = n; \
    } else
        NK_LANES(8) NK_LANES(4) NK_LANES(2) NK_NAME(addThreeColumns)(1, &products, columnStride, weights);
#undef NK_LANES
        lanes -= done;
        products.input += done;
        weights += done * NKLanes;
    }
}
#endif

/// The same for depthwise: weights[16] += the products lane by lane.
NK_INLINE void NK_NAME(addLaneProducts)(const NK_NAME(Products) *products, float *weights) {
    nk_floats sum = NK_NAME(load)(weights);
    for (int image = 0; image < products->images; image++) for (int row = 0; row < products->rows; row++) {
        const float *x = NK_NAME(inputRow)(products, image, row), *g = NK_NAME(gradientRow)(products, image, row);
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

/// All kernel positions for a part of the gradient's maps: rows from `row` on, images from `image` on.
static void NK_NAME(addPart)(
    const NKConvolution *convolution, const NKInput *input, const NKMap *gradient, const NKTile *tile, int image,
    int images, int row, int rows, float *weights) {
    const int height = convolution->kernelHeight, width = convolution->kernelWidth;
    for (int block = tile->firstBlock; block < tile->endBlock; block++) {
        const NKOutputBlock *output = &convolution->blocks[block];
        const float *gradients =
            gradient->origin + image * gradient->imageStride + block * gradient->blockStride;
        NK_NAME(Products) products = {
            .inputImage = input->imageStride, .inputRow = input->outputRowStep,
            .inputPixel = input->outputPixelStep, .gradientImage = gradient->imageStride,
            .gradientRow = gradient->rowStride, .gradientPixel = gradient->pixelStride, .images = images};
        float *target = weights + output->weights;
        const int endInput = convolution->depthwise ? 1 : output->endInput;
        for (int first = convolution->depthwise ? 0 : output->firstInput; first < endInput;) {
            const int inputBlock = convolution->depthwise ? block : first / NKLanes;
            const int blockEnd = (first / NKLanes + 1) * NKLanes;
            const int lanes = (blockEnd < endInput ? blockEnd : endInput) - first;
            const float *corner = input->origin + image * input->imageStride + inputBlock * input->blockStride
                + (convolution->depthwise ? 0 : first % NKLanes);
            for (int k = 0; k < height; k++) {
                const NK_NAME(Positions) inside = NK_NAME(readers)(&input->rows, k, row, row + rows);
                const float *x = corner + k * input->kernelRowStep + inside.first * input->outputRowStep;
                const float *g = gradients + inside.first * gradient->rowStride;
                products.rows = inside.end - inside.first;
#if NK_GRADIENT_COLUMN_LANES > 0
                // Outputs side by side read pixels side by side.
                if (input->outputPixelStep == input->kernelColumnStep && !convolution->depthwise && width == 3) {
                    products.input = x;
                    products.gradient = g;
                    products.pixels = tile->pixels;
                    products.firstInput = NK_NAME(readers)(&input->columns, 0, 0, tile->pixels).first;
                    products.endInput = NK_NAME(readers)(&input->columns, 2, 0, tile->pixels).end + 2;
                    NK_NAME(addColumns)(products, lanes, lanes * NKLanes, target);
                    target += 3 * lanes * NKLanes;
                    continue;
                }
#endif
                for (int l = 0; l < width; l++) {
                    const NK_NAME(Positions) columns = NK_NAME(readers)(&input->columns, l, 0, tile->pixels);
                    products.input = x + l * input->kernelColumnStep + columns.first * input->outputPixelStep;
                    products.gradient = g + columns.first * gradient->pixelStride;
                    products.pixels = columns.end - columns.first;
                    if (convolution->depthwise) NK_NAME(addLaneProducts)(&products, target);
                    else NK_NAME(addProducts)(products, lanes, target);
                    target += lanes * NKLanes;
                }
            }
            first += lanes;
        }
    }
}

static void NK_NAME(weightGradient)(
    const NKConvolution *convolution, const NKInput *input, const NKMap *gradient, const NKTile *tile,
    float *weights) {
    const int rowsTogether = NK_NAME(cachedRows)(tile, input, gradient), height = tile->endRow - tile->firstRow;
    // Sums stay in registers from one small image to the next.
    const int imagesTogether = rowsTogether >= 2 * height && height > 0 ? rowsTogether / height : 1;
    for (int image = tile->firstImage; image < tile->endImage; image += imagesTogether) {
        const int images = tile->endImage - image < imagesTogether ? tile->endImage - image : imagesTogether;
        for (int row = tile->firstRow; row < tile->endRow; row += rowsTogether) {
            const int rows = tile->endRow - row < rowsTogether ? tile->endRow - row : rowsTogether;
            NK_NAME(addPart)(convolution, input, gradient, tile, image, images, row, rows, weights);
        }
    }
}
